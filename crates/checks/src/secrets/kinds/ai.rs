//! Models and those who serve them.
use super::super::kind::Kind;

pub(super) const KINDS: &[Kind] = &[
    Kind::token(
        "openai-key",
        "an OpenAI key",
        "sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}",
        &["T3BlbkFJ"],
        "sk-{a20}T3BlbkFJ{a20}",
    ),
    Kind::token(
        "openai-project-key",
        "an OpenAI project key",
        "sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{20,90}T3BlbkFJ[A-Za-z0-9_-]{20,90}",
        &["T3BlbkFJ"],
        "sk-proj-{u74}T3BlbkFJ{u74}",
    ),
    Kind::token(
        "anthropic-key",
        "an Anthropic key",
        "sk-ant-(?:api03|admin01)-[A-Za-z0-9_-]{93}AA",
        &["sk-ant-"],
        "sk-ant-api03-{u93}AA",
    ),
    Kind::token(
        "huggingface-token",
        "a Hugging Face token",
        "hf_[A-Za-z]{34}",
        &["hf_"],
        "hf_{L34}",
    )
    .entropy(3.5),
    Kind::token(
        "huggingface-org-token",
        "a Hugging Face organisation token",
        "api_org_[A-Za-z]{34}",
        &["api_org_"],
        "api_org_{L34}",
    )
    .entropy(3.5),
    Kind::token("replicate-token", "a Replicate token", "r8_[A-Za-z0-9]{37}", &["r8_"], "r8_{a37}")
        .entropy(3.5),
    Kind::token("groq-key", "a Groq key", "gsk_[A-Za-z0-9]{52}", &["gsk_"], "gsk_{a52}"),
    Kind::token(
        "perplexity-key",
        "a Perplexity key",
        "pplx-[A-Za-z0-9]{48}",
        &["pplx-"],
        "pplx-{a48}",
    ),
    Kind::token("xai-key", "an xAI key", "xai-[A-Za-z0-9]{80}", &["xai-"], "xai-{a80}"),
    Kind::token(
        "pinecone-key",
        "a Pinecone key",
        "pcsk_[A-Za-z0-9_]{60,80}",
        &["pcsk_"],
        "pcsk_{a6}_{a63}",
    ),
    Kind::token(
        "langsmith-key",
        "a LangSmith key",
        "lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}",
        &["lsv2_"],
        "lsv2_pt_{h32}_{h10}",
    ),
    Kind::token(
        "openrouter-key",
        "an OpenRouter key",
        "sk-or-v1-[a-f0-9]{64}",
        &["sk-or-v1-"],
        "sk-or-v1-{h64}",
    ),
    Kind::token(
        "nvidia-key",
        "an NVIDIA key",
        "nvapi-[A-Za-z0-9_-]{64}",
        &["nvapi-"],
        "nvapi-{a64}",
    ),
    Kind::token("fireworks-key", "a Fireworks key", "fw_[A-Za-z0-9]{24}", &["fw_"], "fw_{a24}")
        .entropy(3.8),
    Kind::token("elevenlabs-key", "an ElevenLabs key", "sk_[a-f0-9]{48}", &["sk_"], "sk_{h48}"),
    Kind::assigned("cohere-key", "a Cohere key", "cohere", "[A-Za-z0-9]{40}", &["cohere"], "{a40}")
        .entropy(3.8),
    Kind::assigned(
        "mistral-key",
        "a Mistral key",
        "mistral",
        "[A-Za-z0-9]{32}",
        &["mistral"],
        "{a32}",
    )
    .entropy(3.8),
    Kind::assigned(
        "deepseek-key",
        "a DeepSeek key",
        "deepseek",
        "sk-[a-f0-9]{32}",
        &["deepseek"],
        "sk-{h32}",
    ),
    Kind::assigned(
        "assemblyai-key",
        "an AssemblyAI key",
        "assemblyai",
        "[a-f0-9]{32}",
        &["assemblyai"],
        "{h32}",
    ),
];

//! Clouds and where programs run.
use super::super::kind::Kind;
use super::UUID;

pub(super) const KINDS: &[Kind] = &[
    Kind::token(
        "aws-access-key-id",
        "an AWS access key id",
        "(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}",
        &["AKIA", "ASIA", "ABIA", "ACCA"],
        "AKIA{B16}",
    ),
    Kind::assigned(
        "aws-secret-access-key",
        "an AWS secret access key",
        "aws[0-9a-z_.-]{0,20}(?:secret|sk)|secret_?access_?key",
        "[A-Za-z0-9/+]{40}",
        &["aws", "secret_access", "secretaccess"],
        "{b40}",
    )
    .entropy(4.0),
    Kind::assigned(
        "aws-session-token",
        "an AWS session token",
        "aws_?session_?token|aws_?security_?token",
        "[A-Za-z0-9/+=]{100,2000}",
        &["session_token", "sessiontoken", "security_token"],
        "{b180}",
    )
    .entropy(4.0),
    Kind::token(
        "aws-mws-token",
        "an Amazon Marketplace token",
        r"amzn\.mws\.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        &["amzn.mws"],
        "amzn.mws.{uuid}",
    ),
    Kind::token(
        "aws-bedrock-key",
        "an Amazon Bedrock key",
        "ABSK[A-Za-z0-9+/]{109,269}={0,2}",
        &["ABSK"],
        "ABSK{b128}",
    ),
    Kind::token("gcp-api-key", "a Google API key", "AIza[0-9A-Za-z_-]{35}", &["AIza"], "AIza{a35}")
        .entropy(3.5),
    Kind::raw(
        "gcp-service-account",
        "a Google service account's key",
        r#""private_key_id"\s*:\s*"([0-9a-f]{40})""#,
        &["private_key_id"],
        "\"private_key_id\": \"{h40}\"",
    ),
    Kind::token(
        "google-oauth-secret",
        "a Google OAuth client secret",
        "GOCSPX-[0-9A-Za-z_-]{28}",
        &["GOCSPX-"],
        "GOCSPX-{a28}",
    ),
    Kind::token(
        "google-oauth-token",
        "a Google access token",
        r"ya29\.[0-9A-Za-z_-]{60,500}",
        &["ya29."],
        "ya29.{u120}",
    ),
    Kind::token(
        "google-refresh-token",
        "a Google refresh token",
        "1//0[0-9A-Za-z_-]{40,120}",
        &["1//0"],
        "1//0{u60}",
    ),
    Kind::raw(
        "azure-storage-key",
        "an Azure storage account's key",
        "AccountKey=([A-Za-z0-9+/]{86}==)",
        &["AccountKey="],
        "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey={b86}==",
    )
    .entropy(4.0),
    Kind::token(
        "azure-storage-key-marked",
        "an Azure storage account's key",
        r"[A-Za-z0-9+/]{76}\+ASt[A-Za-z0-9+/]{5,6}==",
        &["+ASt"],
        "{b76}+ASt{b5}==",
    )
    .entropy(4.0),
    Kind::token(
        "azure-cosmos-key",
        "an Azure Cosmos DB key",
        "[A-Za-z0-9+/]{76}ACDb[A-Za-z0-9+/]{6}==",
        &["ACDb"],
        "{b76}ACDb{b6}==",
    )
    .entropy(4.0),
    Kind::token(
        "azure-registry-password",
        "an Azure container registry's password",
        r"[A-Za-z0-9+/]{42}\+ACR[A-Za-z0-9]{6}",
        &["+ACR"],
        "{b42}+ACR{a6}",
    )
    .entropy(4.0),
    Kind::token(
        "azure-function-key",
        "an Azure function key",
        "[A-Za-z0-9_-]{44}AzFu[A-Za-z0-9_-]{6}==",
        &["AzFu"],
        "{u44}AzFu{u6}==",
    )
    .entropy(4.0),
    Kind::token(
        "azure-ai-key",
        "an Azure AI services key",
        "[0-9A-Za-z]{52}JQQJ9[0-9A-Za-z]{27}",
        &["JQQJ9"],
        "{a52}JQQJ9{a27}",
    )
    .entropy(4.0),
    Kind::token(
        "azure-devops-token",
        "an Azure DevOps token",
        "[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}",
        &["AZDO"],
        "{a76}AZDO{a4}",
    )
    .entropy(4.0),
    Kind::token(
        "azure-client-secret",
        "an Entra client secret",
        "[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}",
        &["Q~"],
        "{a3}8Q~{a34}",
    )
    .entropy(3.5),
    Kind::raw(
        "azure-shared-access-key",
        "an Azure shared access key",
        "SharedAccessKey=([A-Za-z0-9+/]{43}=)",
        &["SharedAccessKey="],
        "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKey={b43}=",
    )
    .entropy(4.0),
    Kind::raw(
        "azure-sas-signature",
        "an Azure shared access signature",
        "[?&]sig=([A-Za-z0-9%+/]{43,80}(?:%3D|=))",
        &["sig="],
        "?sv=2024-11-04&sig={a46}%3D",
    )
    .entropy(4.0),
    Kind::token(
        "digitalocean-pat",
        "a DigitalOcean token",
        "do[opr]_v1_[a-f0-9]{64}",
        &["dop_v1_", "doo_v1_", "dor_v1_"],
        "dop_v1_{h64}",
    ),
    Kind::token(
        "alibaba-access-key-id",
        "an Alibaba Cloud access key id",
        "LTAI[A-Za-z0-9]{20}",
        &["LTAI"],
        "LTAI{a20}",
    )
    .entropy(3.5),
    Kind::assigned(
        "alibaba-secret",
        "an Alibaba Cloud secret",
        "alibaba|aliyun",
        "[A-Za-z0-9]{30}",
        &["alibaba", "aliyun"],
        "{a30}",
    )
    .entropy(3.7),
    Kind::token(
        "tencent-secret-id",
        "a Tencent Cloud secret id",
        "AKID[A-Za-z0-9]{32}",
        &["AKID"],
        "AKID{a32}",
    )
    .entropy(3.5),
    Kind::assigned(
        "ibm-cloud-key",
        "an IBM Cloud API key",
        "ibm[0-9a-z_.-]{0,12}(?:key|token)",
        "[A-Za-z0-9_-]{44}",
        &["ibm"],
        "{u44}",
    )
    .entropy(4.0),
    Kind::token(
        "heroku-key",
        "a Heroku API key",
        "HRKU-AA[0-9A-Za-z_-]{58}",
        &["HRKU-"],
        "HRKU-AA{a58}",
    ),
    Kind::assigned("heroku-key-old", "a Heroku API key", "heroku", UUID, &["heroku"], "{uuid}"),
    Kind::assigned(
        "linode-token",
        "a Linode token",
        "linode",
        "[a-f0-9]{64}",
        &["linode"],
        "{h64}",
    ),
    Kind::assigned(
        "hetzner-token",
        "a Hetzner token",
        "hcloud|hetzner",
        "[A-Za-z0-9]{64}",
        &["hcloud", "hetzner"],
        "{a64}",
    )
    .entropy(4.0),
    Kind::assigned(
        "scaleway-secret",
        "a Scaleway secret key",
        "scw[0-9a-z_]{0,12}secret|scaleway",
        UUID,
        &["scw", "scaleway"],
        "{uuid}",
    ),
    Kind::assigned("vultr-key", "a Vultr API key", "vultr", "[A-Z0-9]{36}", &["vultr"], "{A36}"),
    Kind::assigned(
        "cloudflare-token",
        "a Cloudflare API token",
        "cloudflare[0-9a-z_.-]{0,12}token|cf_api_token",
        "[A-Za-z0-9_-]{40}",
        &["cloudflare", "cf_api"],
        "{a40}",
    )
    .entropy(3.7),
    Kind::assigned(
        "cloudflare-global-key",
        "a Cloudflare global API key",
        "cloudflare|cf_api_key",
        "[a-f0-9]{37}",
        &["cloudflare", "cf_api"],
        "{h37}",
    ),
    Kind::token(
        "cloudflare-origin-ca-key",
        "a Cloudflare origin CA key",
        r"v1\.0-[a-f0-9]{24}-[a-f0-9]{146}",
        &["v1.0-"],
        "v1.0-{h24}-{h146}",
    ),
    Kind::assigned(
        "fastly-token",
        "a Fastly token",
        "fastly",
        "[A-Za-z0-9_-]{32}",
        &["fastly"],
        "{a32}",
    )
    .entropy(3.7),
    Kind::token(
        "fly-token",
        "a Fly.io token",
        "fm[12][ar]?_[A-Za-z0-9+/=]{100,1000}",
        &["fm1_", "fm1a_", "fm1r_", "fm2_"],
        "fm2_{b140}",
    ),
    Kind::token(
        "fly-access-token",
        "a Fly.io access token",
        "fo1_[A-Za-z0-9_-]{43}",
        &["fo1_"],
        "fo1_{a43}",
    ),
    Kind::assigned(
        "vercel-token",
        "a Vercel token",
        "vercel[0-9a-z_.-]{0,12}(?:token|key)",
        "[A-Za-z0-9]{24}",
        &["vercel"],
        "{a24}",
    )
    .entropy(3.5),
    Kind::token(
        "netlify-token",
        "a Netlify token",
        "nfp_[A-Za-z0-9]{36,40}",
        &["nfp_"],
        "nfp_{a40}",
    ),
    Kind::token("render-key", "a Render API key", "rnd_[A-Za-z0-9]{28,32}", &["rnd_"], "rnd_{a32}")
        .entropy(3.5),
    Kind::token(
        "yandex-key",
        "a Yandex Cloud API key",
        "AQVN[A-Za-z0-9_-]{35,38}",
        &["AQVN"],
        "AQVN{a36}",
    )
    .entropy(3.5),
    Kind::token(
        "databricks-token",
        "a Databricks token",
        "dapi[a-f0-9]{32}(?:-[0-9])?",
        &["dapi"],
        "dapi{h32}",
    ),
    Kind::token(
        "scalingo-token",
        "a Scalingo token",
        "tk-us-[A-Za-z0-9_-]{48}",
        &["tk-us-"],
        "tk-us-{a48}",
    ),
    Kind::token(
        "tailscale-key",
        "a Tailscale key",
        "tskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9]{6,30}-[A-Za-z0-9]{20,60}",
        &["tskey-"],
        "tskey-auth-{a12}-{a32}",
    ),
    Kind::assigned(
        "ngrok-token",
        "an ngrok token",
        "ngrok|authtoken",
        "[0-9A-Za-z]{27}_[0-9A-Za-z]{21,22}",
        &["ngrok", "authtoken"],
        "{a27}_{a21}",
    ),
    Kind::assigned(
        "wireguard-key",
        "a WireGuard private key",
        "privatekey",
        "[A-Za-z0-9+/]{43}=",
        &["privatekey"],
        "{b43}=",
    )
    .entropy(4.0),
];

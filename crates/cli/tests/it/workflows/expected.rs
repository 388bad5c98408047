//! `expected.yml`.

use indexmap::IndexMap;
use serde::Deserialize;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Expected {
    /// Without one of these the case is passed over.
    #[serde(default)]
    pub(crate) requires: Vec<Requirement>,
    /// A shell script that runs in the repository after its first commit.
    pub(crate) setup: Option<String>,
    /// Environment variables of every command.
    #[serde(default)]
    pub(crate) env: IndexMap<String, String>,
    /// The commands, one after the other.
    pub(crate) commands: Vec<Command>,
}

/// What a case needs of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Requirement {
    /// A Docker daemon, started for the tests, with the images of
    /// `scripts/dockerd`.
    Docker,
    /// Node.js 20 or newer.
    Node,
    /// PowerShell.
    Pwsh,
    /// Python 3.
    Python,
    /// The linter of shell scripts.
    Shellcheck,
}

/// A command and what is expected of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Command {
    /// The arguments of `shipway`.
    pub(crate) shipway: Vec<String>,
    /// A shell script that runs before it.
    pub(crate) before: Option<String>,
    #[serde(default, deserialize_with = "number")]
    pub(crate) exit: i32,
    /// Lines that the command itself prints, in this order.
    #[serde(default)]
    pub(crate) says: Vec<String>,
    /// What no line of it contains.
    #[serde(default)]
    pub(crate) never_says: Vec<String>,
    /// Every job, and no other. A matrix has one a combination. Where several
    /// workflows run, the workflow's file and a slash stand before the name.
    pub(crate) jobs: Option<IndexMap<String, Job>>,
    /// Workflows that do not run, and a part of the reason.
    #[serde(default)]
    pub(crate) not_run: IndexMap<String, String>,
}

/// What is expected of a job: its result alone, or more.
#[derive(Debug, Deserialize)]
#[serde(from = "WrittenJob")]
pub(crate) struct Job {
    pub(crate) result: String,
    pub(crate) why: Option<String>,
    pub(crate) outputs: Option<IndexMap<String, String>>,
    pub(crate) steps: Option<Vec<(String, String)>>,
    pub(crate) log: Vec<String>,
    pub(crate) never_logs: Vec<String>,
    pub(crate) annotations: Option<Vec<String>>,
    pub(crate) summary: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenJob {
    Result(String),
    Whole(Box<WholeJob>),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct WholeJob {
    result: String,
    /// A part of the reason.
    why: Option<String>,
    /// All of them.
    outputs: Option<IndexMap<String, String>>,
    /// All of them, in order: name and conclusion; `failure, counts as
    /// success` where `continue-on-error` makes a difference.
    steps: Option<Vec<IndexMap<String, String>>>,
    /// Lines of its log, in this order.
    #[serde(default)]
    log: Vec<String>,
    /// What no line of the log contains.
    #[serde(default)]
    never_logs: Vec<String>,
    /// All of them: `level file:line:column title: message`.
    annotations: Option<Vec<String>>,
    /// The whole Markdown.
    summary: Option<String>,
}

impl From<WrittenJob> for Job {
    fn from(written: WrittenJob) -> Self {
        let whole = match written {
            WrittenJob::Whole(whole) => *whole,
            WrittenJob::Result(result) => WholeJob {
                result,
                why: None,
                outputs: None,
                steps: None,
                log: Vec::new(),
                never_logs: Vec::new(),
                annotations: None,
                summary: None,
            },
        };
        let WholeJob { result, why, outputs, steps, log, never_logs, annotations, summary } = whole;
        let steps = steps.map(|steps| steps.into_iter().flatten().collect());
        Self { result, why, outputs, steps, log, never_logs, annotations, summary }
    }
}

fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

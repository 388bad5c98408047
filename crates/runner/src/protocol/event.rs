//! What a worker reports.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
pub use shipway_core::run::{Annotation, Level};

use super::Chunk;

/// A step's place in its job, from 0.
pub type StepIndex = usize;

/// What a worker reports. Nothing in here contains a masked value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The job was understood and begins.
    Started {
        /// The worker's process id.
        pid: u32,
        /// The steps' names for people, in order.
        steps: Vec<String>,
    },
    /// A step begins. One that is skipped ends without having begun.
    StepStarted {
        /// Which.
        step: StepIndex,
        /// Its name, expressions evaluated.
        name: String,
    },
    /// Something was written. It travels in another form: see
    /// [`super::Frames`].
    #[serde(skip)]
    Output {
        /// By which step; `None`: by the worker itself, for example a warning
        /// about the job.
        step: Option<StepIndex>,
        /// Where to.
        stream: Stream,
        /// What: whole lines, but where a line is longer than a chunk or the
        /// output ends without a line feed.
        data: Chunk,
    },
    /// A message to be shown beside the job, or beside a line of a file.
    Annotation(Annotation),
    /// Markdown for the job's summary page.
    Summary {
        /// By which step.
        step: StepIndex,
        /// What it wrote to `GITHUB_STEP_SUMMARY`.
        markdown: String,
    },
    /// A step ended, or was skipped.
    StepEnded(StepReport),
    /// Where the environment that the job deploys to answers, if it says.
    EnvironmentUrl {
        /// Masked.
        url: String,
    },
    /// A step's program failed, and the job stays as it is until it is told to
    /// go on; only where the job asks for that.
    Held {
        /// Which step.
        step: StepIndex,
        /// Its name.
        name: String,
        /// A script for `sh`, for this user's eyes alone, that opens a shell in
        /// the folder and the environment of the program. It has secrets in it
        /// and is gone when the job goes on.
        script: std::path::PathBuf,
    },
    /// The worker is alive.
    Heartbeat,
    /// The job ended; the last event.
    JobEnded {
        /// How.
        result: JobResult,
        /// The job's outputs.
        outputs: IndexMap<String, String>,
        /// Why, unless it succeeded.
        reason: Option<Reason>,
    },
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepReport {
    /// Which.
    pub step: StepIndex,
    /// Its name, expressions evaluated.
    pub name: String,
    /// Its result before `continue-on-error`.
    pub outcome: Outcome,
    /// Its result after `continue-on-error`.
    pub conclusion: Outcome,
    /// Why it failed or was skipped, in a line.
    pub reason: Option<String>,
    /// Its outputs, masked.
    pub outputs: IndexMap<String, String>,
    /// Milliseconds from its beginning to its end.
    pub duration_ms: u64,
}

/// Where a step wrote to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A message of the worker, not of the step's program.
    Worker,
}

/// A step's result, as `steps.<id>.outcome` and `.conclusion` spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It ended well.
    Success,
    /// It failed.
    Failure,
    /// The job was cancelled, or its time was over, while it ran.
    Cancelled,
    /// Its `if` was false.
    Skipped,
}

impl Outcome {
    /// As expressions see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
        }
    }
}

/// A job's result, as `needs.<job>.result` spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobResult {
    /// Every step that counts succeeded.
    Success,
    /// A step failed, or the job could not be begun.
    Failure,
    /// It was cancelled or its time was over.
    Cancelled,
}

impl JobResult {
    /// As expressions see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why a job did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Reason {
    /// This step failed first.
    StepFailed {
        /// Which.
        step: StepIndex,
        /// Its name.
        name: String,
        /// Why, in a line.
        message: String,
    },
    /// The job's time was over.
    TimedOut {
        /// How long it had, in milliseconds.
        after_ms: u64,
    },
    /// Somebody cancelled it.
    Cancelled,
    /// It was not begun: something in it is not supported or wrong.
    Refused {
        /// What, and what to do.
        message: String,
    },
    /// The worker could not go on, for example because the disk is full.
    Worker {
        /// What happened.
        message: String,
    },
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::StepFailed { name, message, .. } => write!(f, "step `{name}` failed: {message}"),
            Self::TimedOut { after_ms } => {
                let seconds = after_ms / 1000;
                let (minutes, rest) = (seconds / 60, seconds % 60);
                write!(f, "the job's time was over after {minutes} min {rest} s")
            }
            Self::Cancelled => f.write_str("cancelled"),
            Self::Refused { message } => write!(f, "not begun: {message}"),
            Self::Worker { message } => write!(f, "the worker could not go on: {message}"),
        }
    }
}

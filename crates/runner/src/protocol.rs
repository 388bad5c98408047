//! What the engine and a worker say to each other: one JSON value a line, over
//! the worker's stdin and stdout, and output as it is. See `docs/design/runner.md`.

mod chunk;
mod event;
mod folders;
pub(crate) mod frame;
mod job;
mod secret;
mod services;

use serde::{Deserialize, Serialize};

pub use chunk::{BadPack, Chunk, MOST_PACKED, unpack};
pub use event::{
    Annotation, Event, JobResult, Level, Outcome, Reason, StepIndex, StepReport, Stream,
};
pub use folders::Folders;
pub(crate) use folders::STEP_FILES;
pub use frame::{FrameError, Frames};
pub use job::{Contexts, JobMessage, Limits, Remote, Source, WorkflowFile};
pub use secret::Secret;
pub use services::{CacheMode, IdTokens, OF_OUTER_RUNNER, Services};

/// The version of the protocol that this build speaks. A worker refuses a job
/// of another version: engine and worker are the same executable.
pub const PROTOCOL: u32 = 5;

/// What the engine says to the worker. The first line is the job.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Downward {
    /// The job to execute.
    Job(Box<JobMessage>),
    /// The same, of the run of the job before and of the same workflow: its text, the
    /// event and `github` are those of that job, and are not said again.
    Next(Box<JobMessage>),
    /// Stop what runs; `always()` steps still run.
    Cancel,
    /// Go on behind [`Event::Held`].
    GoOn,
}

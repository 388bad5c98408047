//! What people see: folds over the journal. A view can be thrown away and
//! folded again; the result is the same.

mod history;
mod jobs;
mod live;
mod runs;
mod status;

pub use history::{HistoryEnd, HistoryJob, HistoryKind, HistoryLine, HistoryView};
pub use jobs::{JobQuestion, JobStatus, JobsStatus};
pub use live::{Live, PlanSummary, Ran, UnreadableEntry};
pub use runs::{InstanceView, JobView, RunEnd, RunView, RunsView};
pub use status::{
    ActiveStatus, EnvStatus, GateStatus, PlanStatus, ServingStatus, Status, WaitingStatus,
};

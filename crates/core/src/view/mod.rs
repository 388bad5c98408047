//! What people see: folds over the journal. A view can be thrown away and
//! folded again; the result is the same.

mod history;
mod live;
mod status;

pub use history::{HistoryEnd, HistoryLine, HistoryView};
pub use live::{Live, PlanSummary, UnreadableEntry};
pub use status::{ActiveStatus, EnvStatus, PlanStatus, ServingStatus, Status, WaitingStatus};

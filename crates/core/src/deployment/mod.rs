//! One release going to one environment: an immutable plan, and how far it is.

mod blue_green;
mod identity;
mod plan;
mod progress;
mod recreate;
mod restore;

pub use identity::identity;
pub(crate) use plan::Ingredients;
pub use plan::{
    Change, DeploymentPlan, DesiredVersion, Kind, LeaseTerms, ServiceChange, ServiceVersion, Step,
    Wanted, WatchSpec, WatchedService,
};
pub(crate) use progress::Rest;
pub use progress::{Deployment, Progress, Question};
pub use restore::Restore;

//! Workflow files and actions as types.
//!
//! [`Workflow::read`] parses the text once and reports everything that is wrong at the same
//! time. Whatever may hold an expression is kept parsed ([`Template`], [`Condition`]), with its
//! place; nothing is evaluated here.
//!
//! [`Template`]: crate::expr::Template
//! [`Condition`]: crate::expr::Condition

mod action;
mod bindings;
mod cache_mode;
mod check;
mod concurrency;
mod container;
mod defaults;
mod dynamic;
mod environment;
mod job;
mod on;
mod permissions;
mod reader;
mod runs_on;
mod step;
mod strategy;
mod tree;
mod uses;
mod workflow;

pub use action::{
    Action, ActionInput, ActionOutput, DockerAction, DockerImage, JavaScriptAction, Runs,
};
pub use bindings::{Binding, Bindings, Name};
pub use concurrency::{Concurrency, Queue};
pub use container::{Container, ContainerSpec, Services};
pub use defaults::Defaults;
pub use dynamic::Dynamic;
pub use environment::Environment;
pub use job::{CallJob, Job, JobKind, Secrets, StepsJob};
pub use on::{
    Call, CallOutput, CallSecret, Cron, Details, Event, Filter, Input, InputKind, On, Trigger,
};
pub use permissions::{Level, Permissions};
pub use runs_on::{Runner, RunsOn};
pub use step::{Step, StepKind};
pub use strategy::{Plan, Strategy};
pub use tree::Tree;
pub use uses::{Uses, WorkflowUses};
pub use workflow::Workflow;

/// Codes of the problems found here.
pub mod code {
    /// A key that is not known where it stands.
    pub const UNKNOWN_KEY: &str = "SW0301";
    /// A required key is missing.
    pub const MISSING_KEY: &str = "SW0302";
    /// A value of the wrong kind, such as a list for a string.
    pub const WRONG_KIND: &str = "SW0303";
    /// A value of the right kind that is none of those allowed.
    pub const WRONG_VALUE: &str = "SW0304";
    /// An event that GitHub does not have.
    pub const UNKNOWN_EVENT: &str = "SW0305";
    /// A filter pattern that cannot be read, or two filters that exclude each other.
    pub const BAD_FILTER: &str = "SW0306";
    /// An id of a job or step that is malformed.
    pub const BAD_ID: &str = "SW0307";
    /// An id that is used twice.
    pub const DUPLICATE_ID: &str = "SW0308";
    /// A job needs one that does not exist.
    pub const UNKNOWN_NEED: &str = "SW0309";
    /// Jobs need each other in a circle.
    pub const CYCLE: &str = "SW0310";
    /// A `uses` that names nothing that can be used.
    pub const BAD_USES: &str = "SW0311";
    /// A step that waits for or cancels a step that does not exist before it.
    pub const UNKNOWN_STEP: &str = "SW0312";
    /// A key that is known, where it may not stand beside the others.
    pub const MISPLACED_KEY: &str = "SW0313";
}

#[cfg(test)]
mod tests;

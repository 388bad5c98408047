//! A command for any machine: what one stream tells another, and what the
//! inbox brings.

use serde::{Deserialize, Serialize};

use crate::{concurrency, environment, gate, plan, run};

/// A command for any machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "for", content = "command", rename_all = "snake_case")]
pub enum Command {
    /// For a plan.
    Plan(plan::Command),
    /// For a run.
    Run(run::Command),
    /// For an environment.
    Env(environment::Command),
    /// For the project's gates.
    Gates(gate::Command),
    /// For a concurrency group.
    Group(concurrency::Command),
}

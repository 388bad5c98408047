//! What a plan is told, and what happens in it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::environment::StageEnd;
use crate::gate::Verdict;
use crate::ids::{EnvName, RunId, ServiceName};
use crate::release::{Artifact, Release, ReleaseId};
use crate::run::RunResult;

use super::{End, Plan};

/// What a plan is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Deliver it.
    Open {
        /// The plan.
        plan: Box<Plan>,
    },
    /// A run ended.
    RunEnded {
        /// Which.
        run: RunId,
        /// How.
        result: RunResult,
    },
    /// A stage ended.
    StageEnded {
        /// The environment.
        env: EnvName,
        /// How.
        end: StageEnd,
    },
    /// Call it off.
    Cancel,
}

/// What happens to a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// It was accepted.
    Opened {
        /// The plan.
        plan: Box<Plan>,
        /// When; its order among plans.
        order: Timestamp,
    },
    /// A run ended.
    RunEnded {
        /// Which.
        run: RunId,
        /// How.
        result: RunResult,
    },
    /// The services are being built.
    BuildsBegun {
        /// Those that have to be.
        services: Vec<ServiceName>,
    },
    /// A service was built.
    Built {
        /// Which.
        service: ServiceName,
        /// What came out.
        artifact: Artifact,
    },
    /// The release is complete.
    Released {
        /// Its name.
        id: ReleaseId,
        /// What it consists of.
        release: Release,
    },
    /// The gates on the way to an environment are being judged.
    StageJudging {
        /// The environment.
        env: EnvName,
    },
    /// They were judged.
    StageJudged {
        /// The environment.
        env: EnvName,
        /// What they said.
        verdicts: Vec<Verdict>,
    },
    /// The release asks to go to an environment.
    StageBegun {
        /// The environment.
        env: EnvName,
    },
    /// A stage ended.
    StageEnded {
        /// The environment.
        env: EnvName,
        /// How.
        end: StageEnd,
    },
    /// It is over.
    Closed {
        /// How.
        end: End,
    },
}

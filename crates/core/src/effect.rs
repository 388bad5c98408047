//! What the machines want done in the world, and how it can end.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::config::SecretSource;
use crate::deployment::{Change, WatchSpec};
use crate::digest::Digest;
use crate::guard::Watched;
use crate::ids::{CommitId, DeploymentId, EnvName, PlanId, ServiceName};
use crate::journal::{StreamId, Version};
use crate::release::Artifact;
use crate::run::{JobEnd, JobSpec};

/// An effect's name: its stream and the place of its intent in it. Never
/// random, so that the same intent has the same name after a crash.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EffectId {
    /// The stream that wants it.
    pub stream: StreamId,
    /// The version of the entry that states the intent.
    pub version: Version,
}

impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.stream, self.version.0)
    }
}

/// What shall be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Hand a command to another stream.
    Tell {
        /// The stream it is for.
        to: StreamId,
        /// What it is told.
        command: Box<Command>,
    },
    /// Run one job of a workflow.
    RunJob(Box<JobSpec>),
    /// Build one service from a clean checkout and store what came out.
    Build(BuildSpec),
    /// Gather what a commit shows, and judge the gates on its way to an environment.
    Judge(JudgeSpec),
    /// Run the migrations, before any traffic moves.
    Migrate(Box<CommandSpec>),
    /// Start the new version beside the old; ends when it is healthy.
    Start(Box<Change>),
    /// Ask the new version itself, before any user does.
    Smoke(Box<CommandSpec>),
    /// Move users' traffic.
    Shift(Box<Change>),
    /// Look at the new version under traffic for a while.
    Watch(Box<WatchSpec>),
    /// Drain and stop what is not wanted any more.
    Finish(Box<Change>),
    /// Move users' traffic back, starting the old version if it has to be.
    Return(Box<Change>),
    /// Drain and stop the version that was refused.
    Remove(Box<Change>),
}

/// The kinds of effect. Crash tests are generated from [`EffectKind::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "named as the effects are")]
pub enum EffectKind {
    Tell,
    RunJob,
    Build,
    Judge,
    Migrate,
    Start,
    Smoke,
    Shift,
    Watch,
    Finish,
    Return,
    Remove,
}

impl EffectKind {
    /// Every kind. [`Effect::kind`] has no other way to name one, and a test
    /// counts them, so a new effect cannot be forgotten here.
    pub const ALL: [Self; 12] = [
        Self::Tell,
        Self::RunJob,
        Self::Build,
        Self::Judge,
        Self::Migrate,
        Self::Start,
        Self::Smoke,
        Self::Shift,
        Self::Watch,
        Self::Finish,
        Self::Return,
        Self::Remove,
    ];

    /// The name used in the journal and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tell => "tell",
            Self::RunJob => "run_job",
            Self::Build => "build",
            Self::Judge => "judge",
            Self::Migrate => "migrate",
            Self::Start => "start",
            Self::Smoke => "smoke",
            Self::Shift => "shift",
            Self::Watch => "watch",
            Self::Finish => "finish",
            Self::Return => "return",
            Self::Remove => "remove",
        }
    }

    /// What an intent without a result means after a restart.
    pub const fn class(self) -> Class {
        match self {
            Self::RunJob | Self::Migrate | Self::Smoke => Class::Once,
            // A build is a command as well, but what it makes is only taken
            // whole, from a clean checkout: doing it again shows nothing.
            Self::Build
            | Self::Judge
            | Self::Tell
            | Self::Start
            | Self::Shift
            | Self::Watch
            | Self::Finish
            | Self::Return
            | Self::Remove => Class::Converge,
        }
    }
}

/// What an intent without a result means after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Look what is there, then finish or redo it: twice shows nothing.
    Converge,
    /// It may have happened: it ends as [`Outcome::Lost`].
    Once,
}

impl Effect {
    /// Which kind it is.
    pub const fn kind(&self) -> EffectKind {
        match self {
            Self::Tell { .. } => EffectKind::Tell,
            Self::RunJob(_) => EffectKind::RunJob,
            Self::Build(_) => EffectKind::Build,
            Self::Judge(_) => EffectKind::Judge,
            Self::Migrate(_) => EffectKind::Migrate,
            Self::Start(_) => EffectKind::Start,
            Self::Smoke(_) => EffectKind::Smoke,
            Self::Shift(_) => EffectKind::Shift,
            Self::Watch(_) => EffectKind::Watch,
            Self::Finish(_) => EffectKind::Finish,
            Self::Return(_) => EffectKind::Return,
            Self::Remove(_) => EffectKind::Remove,
        }
    }

    /// What an intent without a result means after a restart.
    pub const fn class(&self) -> Class {
        self.kind().class()
    }
}

/// How to build one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildSpec {
    /// The plan it is for.
    pub plan: PlanId,
    /// The service.
    pub service: ServiceName,
    /// The commit that is checked out, clean.
    pub commit: CommitId,
    /// The git repository it is in.
    pub repository: String,
    /// The service's configuration: what to run and what to keep.
    pub config: Box<crate::config::Service>,
    /// The runs whose artifacts may be taken.
    pub runs: Vec<crate::ids::RunId>,
}

/// What is judged on the way to an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgeSpec {
    /// The plan it is for.
    pub plan: PlanId,
    /// Where the commit wants to go.
    pub env: EnvName,
    /// The commit.
    pub commit: CommitId,
    /// The git repository it is in.
    pub repository: String,
    /// The runs whose artifacts are evidence.
    pub runs: Vec<crate::ids::RunId>,
}

/// A command of a deployment: a migration or a smoke test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandSpec {
    /// The deployment it belongs to.
    pub deployment: DeploymentId,
    /// The environment.
    pub environment: EnvName,
    /// The service.
    pub service: ServiceName,
    /// Unpacked as the working directory.
    pub artifact: Artifact,
    /// The shell command.
    pub run: String,
    /// What follows if the engine dies meanwhile.
    pub on_lost: crate::config::OnLost,
    /// Its environment.
    pub env: indexmap::IndexMap<String, String>,
    /// Where secrets of the environment come from: taken when it runs.
    pub secrets: indexmap::IndexMap<String, SecretSource>,
    /// It is killed after this long.
    #[serde(with = "crate::millis")]
    pub timeout: Duration,
}

/// How an effect ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It is done.
    Done {
        /// What came of it.
        result: Done,
    },
    /// It could not be done.
    Failed {
        /// Why.
        failure: Failure,
    },
    /// The engine ended while it was under way: it may have happened or not.
    Lost,
    /// It was called off, and nothing of it is left running.
    Cancelled,
}

impl Outcome {
    /// Done, with nothing to tell.
    pub const DONE: Self = Self::Done { result: Done::Nothing };
}

/// What came of an effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Done {
    /// Nothing to tell.
    Nothing,
    /// A job ended, well or not.
    Job(Box<JobEnd>),
    /// A service was built.
    Built {
        /// What came out.
        artifact: Artifact,
    },
    /// The gates were judged.
    Judged(Box<crate::gate::Judged>),
    /// A watch ended.
    Watched(Box<Watched>),
    /// A command ended well.
    Command {
        /// Its output, a blob.
        log: Option<Digest>,
    },
}

/// Why something was refused or did not work, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure.
    pub code: FailureCode,
    /// One readable line.
    pub message: String,
    /// The last lines that the command or version wrote.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub output: Vec<String>,
}

impl Failure {
    /// A failure with no output to show.
    pub fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), output: Vec::new() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCode {
    /// A workflow's run did not succeed.
    Run,
    /// A service could not be built.
    Build,
    /// A gate is shut.
    Gate,
    /// The migrations failed.
    Migration,
    /// The new version did not become healthy.
    Health,
    /// The smoke test failed.
    Smoke,
    /// A guard found the new version worse under traffic.
    Guard,
    /// Nobody judged for the length of the lease; the host put the old back.
    LeaseExpired,
    /// The engine ended in the middle of something that happens only once.
    Lost,
    /// A person called it off.
    Aborted,
    /// A person said no.
    Rejected,
    /// Nobody approved in time.
    ApprovalExpired,
    /// A newer commit took its place.
    Superseded,
    /// It is older than what is there.
    Older,
    /// The target refused or could not be reached.
    Target,
    /// A file or folder could not be read or written.
    Storage,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lists_each_kind_once() {
        let names: std::collections::BTreeSet<_> =
            EffectKind::ALL.iter().map(|k| k.name()).collect();
        assert_eq!(names.len(), EffectKind::ALL.len());
        // `Remove` is declared last: a kind added behind it fails here.
        assert_eq!(EffectKind::ALL.len(), EffectKind::Remove as usize + 1);
        for (place, kind) in EffectKind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, place, "{kind:?}");
        }
    }
}

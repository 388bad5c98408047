//! What follows from an event: workflows to run, services to build, the
//! environments they go to. Immutable once made; its stream records how it
//! is delivered.

mod chained;
mod decide;
mod delivery;
mod event;
mod manual;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

pub use chained::{Activity, Chained};
pub use delivery::{BuildState, Delivery, End, Open, Stage};
pub use event::{Command, Event};
pub use manual::manual_candidate;

use crate::config::Config;
use crate::ids::{CommitId, EnvName, PlanId, RunId, ServiceName};
use crate::journal::Actor;
use crate::machine::Illegal;
use crate::release::Artifact;
use crate::run::{Attempt, CalledWorkflow, Rules, RunSpec, WorkflowText};

/// What follows from an event. `Text` is what it has of each workflow: the text, or what
/// stands for it as long as nobody needs to read it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan<Text = WorkflowText> {
    /// Its name, and its stream's.
    pub id: PlanId,
    /// What happened.
    pub trigger: Trigger,
    /// The commit.
    pub commit: Commit,
    /// The git repository it is in, on the machine that made the plan.
    pub repository: String,
    /// `shipway.yaml` at that commit; `None` where only workflows are run.
    pub config: Option<Box<Config>>,
    /// The workflows that run.
    pub runs: Vec<PlannedRun<Text>>,
    /// The workflows that do not.
    pub not_run: Vec<NotRun>,
    /// The services, in declared order. Empty: nothing is released.
    pub services: IndexMap<ServiceName, PlannedService>,
    /// The environments it goes to, one after the other.
    pub stages: Vec<PlannedStage>,
    /// Who asked for it.
    pub by: Actor,
}

impl<Text> Plan<Text> {
    /// The same plan with other runs, such as its own with their texts.
    pub fn with_runs<Other>(self, runs: Vec<PlannedRun<Other>>) -> Plan<Other> {
        Plan {
            id: self.id,
            trigger: self.trigger,
            commit: self.commit,
            repository: self.repository,
            config: self.config,
            runs,
            not_run: self.not_run,
            services: self.services,
            stages: self.stages,
            by: self.by,
        }
    }
}

impl Plan {
    /// Whether everything that it names is there, so that it cannot get stuck
    /// on the way.
    ///
    /// # Errors
    /// What is missing.
    pub(crate) fn check(&self) -> Result<(), Illegal> {
        if self.services.is_empty() {
            return Ok(());
        }
        let Some(config) = &self.config else {
            return Err(Illegal::new("a plan with services has a configuration"));
        };
        for service in self.services.keys() {
            let stages = self.stages.iter().map(|stage| &stage.env);
            let unknown = |env: &&EnvName| {
                let rules = config.environments.get(*env);
                rules.is_none_or(|rules| !rules.services.contains_key(service))
            };
            if !config.services.contains_key(service) {
                return Err(Illegal::new(format!("service `{service}` is not configured")));
            }
            if let Some(env) = stages.into_iter().find(unknown) {
                return Err(Illegal::new(format!(
                    "service `{service}` is not configured in environment `{env}`"
                )));
            }
        }
        Ok(())
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// The event's name in GitHub's terms: `push`, `workflow_dispatch`, ….
    pub event: String,
    /// The git ref, for example `refs/heads/main`; a commit's id on a
    /// detached HEAD.
    pub git_ref: String,
    /// The event's payload.
    pub payload: serde_json::Value,
}

/// A commit, as people know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its id.
    pub id: CommitId,
    /// The first line of its message.
    pub subject: String,
    /// Who wrote it.
    pub author: String,
    /// When it was committed.
    pub at: jiff::Timestamp,
}

/// A workflow that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedRun<Text = WorkflowText> {
    /// The run's name, and its stream's.
    pub id: RunId,
    /// The workflow's file, from the repository's root.
    pub path: String,
    /// The file's text at that commit.
    pub text: Text,
    /// The workflow's name for people.
    pub name: String,
    /// Why it runs.
    pub why: String,
    /// Nothing is released unless it succeeds.
    pub required: bool,
    /// An earlier run of the same text at the same commit that succeeded: it
    /// is not run again.
    pub passed: Option<RunId>,
    /// Run this job and what it needs only.
    pub only_job: Option<String>,
    /// `vars` of the run.
    pub vars: IndexMap<String, String>,
    /// `inputs` of the run.
    pub inputs: serde_json::Map<String, serde_json::Value>,
    /// Where the secrets of the run come from.
    pub secrets: IndexMap<String, crate::config::SecretSource>,
    /// The workflows that it calls, directly or not.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub called: IndexMap<String, CalledWorkflow>,
    /// `github.run_number`.
    #[serde(default)]
    pub number: u64,
    /// Which attempt it is, and what it takes over.
    #[serde(default, skip_serializing_if = "Attempt::is_first")]
    pub attempt: Attempt,
    /// How runs are carried out here.
    #[serde(default)]
    pub rules: Rules,
    /// The run of the plan that it follows, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chained: Option<Box<Chained>>,
}

impl<Text> PlannedRun<Text> {
    /// The commit that it runs on.
    pub fn commit<'a>(&'a self, plan: &'a Plan<Text>) -> &'a Commit {
        self.chained.as_ref().map_or(&plan.commit, |chained| &chained.commit)
    }

    /// The same run with its text, or with what stands for it.
    pub fn with_text<Other>(self, text: Other) -> PlannedRun<Other> {
        PlannedRun {
            id: self.id,
            path: self.path,
            text,
            name: self.name,
            why: self.why,
            required: self.required,
            passed: self.passed,
            only_job: self.only_job,
            vars: self.vars,
            inputs: self.inputs,
            secrets: self.secrets,
            called: self.called,
            number: self.number,
            attempt: self.attempt,
            rules: self.rules,
            chained: self.chained,
        }
    }
}

impl PlannedRun {
    /// What the run of it executes, as part of `plan`.
    pub fn spec(&self, plan: &Plan) -> RunSpec {
        RunSpec {
            id: self.id.clone(),
            plan: plan.id.clone(),
            path: self.path.clone(),
            text: self.text.clone(),
            trigger: self.chained.as_ref().map_or(&plan.trigger, |c| &c.trigger).clone(),
            commit: self.commit(plan).clone(),
            repository: plan.repository.clone(),
            by: plan.by.clone(),
            only_job: self.only_job.clone(),
            vars: self.vars.clone(),
            inputs: self.inputs.clone(),
            secrets: self.secrets.clone(),
            called: self.called.clone(),
            number: self.number.max(1),
            attempt: self.attempt.clone(),
            rules: self.rules.clone(),
            parallel: self.rules.jobs.or(plan.config.as_ref().map(|config| config.limits.jobs)),
        }
    }
}

/// A workflow that does not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotRun {
    /// The workflow's file.
    pub path: String,
    /// Why not.
    pub why: String,
}

/// What becomes of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum PlannedService {
    /// It is built.
    Build {
        /// What changed.
        why: String,
    },
    /// Nothing that belongs to it changed since this was built.
    Reuse {
        /// What was built.
        artifact: Artifact,
        /// From which commit.
        commit: CommitId,
    },
}

/// An environment that a release goes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStage {
    /// The environment.
    pub env: EnvName,
    /// Why it goes there.
    pub why: String,
    /// Whether gates are judged before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gated: bool,
}

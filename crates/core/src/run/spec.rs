//! What a run executes, and one job of it.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use shipway_workflow::Diagnostic;
use shipway_workflow::model::Workflow;

use crate::config::{self, LostJob, SecretSource, TokenPermissions, TokenSource};
use crate::ids::{CommitId, EnvName, JobKey, PlanId, RunId};
use crate::journal::Actor;
use crate::plan::{Commit, Trigger};

use super::JobEnd;
use super::cache_mode::CacheMode;
use super::permissions::Granted;
use super::text::WorkflowText;
use super::wishes::Wishes;

/// What a run executes. Nothing is read again once it was begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// Its name, and its stream's.
    pub id: RunId,
    /// The plan it belongs to.
    pub plan: PlanId,
    /// The workflow's file, from the repository's root.
    pub path: String,
    /// The file's text.
    pub text: WorkflowText,
    /// The workflows that it calls, and those that these call, by
    /// [`CalledWorkflow::key`].
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub called: IndexMap<String, CalledWorkflow>,
    /// What happened.
    pub trigger: Trigger,
    /// The commit.
    pub commit: Commit,
    /// The git repository it is in.
    pub repository: String,
    /// Who asked for it.
    pub by: Actor,
    /// Run this job and what it needs only.
    pub only_job: Option<String>,
    /// `vars`.
    pub vars: IndexMap<String, String>,
    /// `inputs`.
    pub inputs: serde_json::Map<String, serde_json::Value>,
    /// Where secrets come from: taken when a job runs.
    pub secrets: IndexMap<String, SecretSource>,
    /// Jobs at the same time; `None`: as many as are ready.
    pub parallel: Option<u16>,
    /// `github.run_number`: how many runs the workflow has had.
    #[serde(default = "one_run")]
    pub number: u64,
    /// Which attempt it is, and what it takes over.
    #[serde(default, skip_serializing_if = "Attempt::is_first")]
    pub attempt: Attempt,
    /// How runs are carried out here.
    #[serde(default)]
    pub rules: Rules,
}

const fn one_run() -> u64 {
    1
}

impl RunSpec {
    /// The first attempt of this run: artifacts, and the number that clients
    /// know, belong to it.
    pub fn first(&self) -> &RunId {
        self.attempt.first.as_ref().unwrap_or(&self.id)
    }

    /// The workflow.
    ///
    /// # Errors
    /// Everything that is wrong with the text, rendered for people.
    pub fn workflow(&self) -> Result<Arc<Workflow>, String> {
        self.text.read(&self.path).map_err(|problems| rendered(&self.text, &problems))
    }

    /// One of the workflows that it calls, directly or not.
    ///
    /// # Errors
    /// When there is none of that key; everything that is wrong with its text.
    pub fn called_workflow(&self, key: &str) -> Result<Arc<Workflow>, String> {
        let called = self.called.get(key);
        let called = called.ok_or_else(|| format!("the run knows no workflow `{key}`"))?;
        let CalledWorkflow { path, text, .. } = called;
        text.read(path).map_err(|problems| rendered(text, &problems))
    }
}

fn rendered(text: &str, problems: &[Diagnostic]) -> String {
    let rendered: Vec<_> = problems.iter().map(|problem| problem.render(text)).collect();
    rendered.join("\n")
}

/// How runs are carried out here: what the configuration and the machine say.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rules {
    /// The environments that jobs may deploy to; `None` without a
    /// configuration: then any name is taken, and nothing is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environments: Option<IndexMap<EnvName, config::Environment>>,
    /// The labels of `runs-on` that this machine has; `*` stands for any text.
    /// `None`: every label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
    /// As many jobs at the same time; `None`: as the plan's configuration says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs: Option<u16>,
    /// What follows if the engine dies while a job runs.
    #[serde(default)]
    pub on_lost: LostJob,
    /// Where `GITHUB_TOKEN` comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenSource>,
    /// What it may do in workflows that do not say.
    #[serde(default)]
    pub permissions: TokenPermissions,
    /// The branch has rules: `github.ref_protected`.
    #[serde(default)]
    pub ref_protected: bool,
    /// What whoever asked for the run wants of it.
    #[serde(default, skip_serializing_if = "Wishes::is_none")]
    pub wishes: Wishes,
}

/// Which attempt of a run it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// The first one, unless it is this.
    pub first: Option<RunId>,
    /// Who asked for this one, if it is not the first: `triggering_actor`.
    pub by: Option<Actor>,
    /// Jobs that are not run again: how each of their instances ended, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub kept: IndexMap<JobKey, IndexMap<String, JobEnd>>,
}

impl Default for Attempt {
    fn default() -> Self {
        Self { number: 1, first: None, by: None, kept: IndexMap::new() }
    }
}

impl Attempt {
    /// Whether it is the first.
    pub const fn is_first(&self) -> bool {
        self.number == 1
    }
}

/// A workflow that others call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalledWorkflow {
    /// Its file, from its repository's root.
    pub path: String,
    /// The file's text.
    pub text: WorkflowText,
    /// Where it is from; `None`: the run's own commit.
    pub from: Option<CalledFrom>,
    /// Why it cannot be had, with the place of the call. A run that calls it
    /// fails before its first job, as on GitHub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

/// Another repository, at a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalledFrom {
    /// Who owns the repository.
    pub owner: String,
    /// The repository.
    pub name: String,
    /// Branch, tag or commit, as it was asked for.
    pub reference: String,
    /// The commit that this was.
    pub commit: CommitId,
}

impl CalledWorkflow {
    /// What a `uses` in a file from `from` names: `path` in the run's own
    /// commit, `owner/name/path@ref` elsewhere.
    pub fn key(from: Option<&CalledFrom>, uses: &shipway_workflow::model::WorkflowUses) -> String {
        use shipway_workflow::model::WorkflowUses;
        match (uses, from) {
            (WorkflowUses::Local { path }, None) => path.clone(),
            (WorkflowUses::Local { path }, Some(CalledFrom { owner, name, reference, .. }))
            | (WorkflowUses::Repository { owner, name, path, reference }, _) => {
                format!("{owner}/{name}/{path}@{reference}")
            }
        }
    }
}

/// One job to be run, once the run it belongs to is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobSpec {
    /// The run.
    pub run: RunId,
    /// The job's key in the run.
    pub job: JobKey,
    /// Its place among the combinations of the job's matrix.
    pub index: usize,
    /// How many combinations there are.
    pub total: usize,
    /// Its name for people, with the combination's values.
    pub name: String,
    /// `matrix`; `null` without one.
    pub matrix: serde_json::Value,
    /// `needs`.
    pub needs: serde_json::Value,
    /// `strategy.fail-fast`.
    pub fail_fast: bool,
    /// `strategy.max-parallel`.
    pub max_parallel: Option<usize>,
    /// The calls that it is in, the outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<CallFrame>,
    /// What its token may do.
    #[serde(default, skip_serializing_if = "Granted::is_empty")]
    pub permissions: Granted,
    /// What it may do with caches.
    #[serde(default, skip_serializing_if = "CacheMode::is_default")]
    pub cache_mode: CacheMode,
    /// The environment that it deploys to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
}

/// A call of a workflow that a job is in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallFrame {
    /// The calling job's key in the run.
    pub job: JobKey,
    /// The called workflow: its key among [`RunSpec::called`].
    pub workflow: String,
    /// Its `inputs`, with their types.
    pub inputs: serde_json::Map<String, serde_json::Value>,
    /// The calling job's `needs`.
    pub needs: serde_json::Value,
    /// The calling job's `matrix`; `null` without one.
    pub matrix: serde_json::Value,
    /// The calling job's `strategy`.
    pub strategy: serde_json::Value,
}

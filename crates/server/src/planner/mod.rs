//! Makes plans: what follows from a commit. The edge of the pipeline, where
//! git is asked; what comes out is immutable.

mod config;
mod error;
mod payload;
mod services;
mod stages;
mod workflows;

use indexmap::IndexMap;
use shipway_core::config::{Config, SecretSource, Workflows};
use shipway_core::ids::{CommitId, EnvName, PlanId, RunId};
use shipway_core::journal::Actor;
use shipway_core::plan::{Commit, Plan, PlannedRun, Trigger};
use shipway_core::run::{Attempt, Rules};
use shipway_core::view::Live;
use shipway_workflow::trigger::GitRef;

pub use config::{CommitFacts, at_commit};
pub use error::PlanError;
pub use workflows::Found;

use crate::git::Repository;

/// A commit is to be shipped.
pub struct Ship<'a> {
    /// Where it is.
    pub repository: &'a Repository,
    /// Which.
    pub commit: Commit,
    /// The branch it is shipped as.
    pub branch: String,
    /// As far as this environment; as far as they follow by themselves
    /// without it.
    pub to: Option<EnvName>,
    /// Who asks.
    pub by: Actor,
}

/// What becomes of it.
#[derive(Debug)]
pub enum Shipping {
    /// It serves everywhere that it would go to.
    AlreadyThere(Vec<EnvName>),
    /// It is on its way already.
    UnderWay(PlanId),
    /// This is to be done.
    Plan(Box<Plan>),
}

impl Ship<'_> {
    /// Makes a plan, given what is where.
    ///
    /// # Errors
    /// When the configuration or a workflow is wrong, when nothing follows from
    /// the commit, or when something newer is there already.
    pub fn plan(&self, live: &Live) -> Result<Shipping, PlanError> {
        let config = at_commit(self.repository, &self.commit.id)?;
        let stages = stages::of(&config, &self.branch, self.to.as_ref())?;
        let names = stages.iter().map(|stage| stage.env.clone()).collect::<Vec<_>>();
        let same = |open: &shipway_core::plan::Open| {
            open.plan.commit.id == self.commit.id
                && open.plan.stages.iter().map(|stage| &stage.env).eq(&names)
        };
        // Also one whose commit serves everywhere: it still has to be told.
        if let Some((id, _)) = live.open_plans().find(|(_, open)| same(open)) {
            return Ok(Shipping::UnderWay(id.clone()));
        }
        let serves = |env: &EnvName| stages::serving(live, env) == Some(&self.commit.id);
        if !names.is_empty() && names.iter().all(serves) {
            return Ok(Shipping::AlreadyThere(names));
        }
        stages::refuse_older(self.repository, live, &self.commit.id, &names)?;

        let id = plan_id(live, &self.commit.id)?;
        let git_ref = GitRef::Branch(self.branch.clone());
        let trigger = payload::push(self.repository, &self.commit, &git_ref)?;
        let found = workflows::triggered_by_push(self.repository, &self.commit.id, &git_ref)?;
        let runs = found.planned(&id, &self.commit.id, &git_ref, &config, live)?;
        let services = services::of(self.repository, &config, live, &self.commit.id)?;
        Ok(Shipping::Plan(Box::new(Plan {
            id,
            trigger,
            commit: self.commit.clone(),
            repository: self.repository.root().display().to_string(),
            config: Some(Box::new(config)),
            runs,
            not_run: found.not_run,
            services,
            stages,
            by: self.by.clone(),
        })))
    }
}

/// Workflows are to be run, and nothing released.
pub struct Run<'a> {
    /// Where they are.
    pub repository: &'a Repository,
    /// The commit they run on, a snapshot perhaps.
    pub commit: Commit,
    /// The branch it counts as.
    pub git_ref: GitRef,
    /// The event that starts them.
    pub event: shipway_workflow::model::Event,
    /// Only this workflow: its file's name, or its name.
    pub workflow: Option<String>,
    /// Only this job of it, and what it needs.
    pub job: Option<String>,
    /// `vars`, over those of the configuration.
    pub vars: IndexMap<String, String>,
    /// `inputs`.
    pub inputs: serde_json::Map<String, serde_json::Value>,
    /// Where secrets come from, over those of the configuration.
    pub secrets: IndexMap<String, SecretSource>,
    /// Who asks.
    pub by: Actor,
}

impl Run<'_> {
    /// Makes a plan without services and stages.
    ///
    /// # Errors
    /// When a workflow is wrong, or none is started by the event.
    pub fn plan(&self, live: &Live) -> Result<Plan, PlanError> {
        let id = plan_id(live, &self.commit.id)?;
        let found = workflows::triggered(
            self.repository,
            &self.commit.id,
            &self.git_ref,
            self.event,
            self.workflow.as_deref(),
        )?;
        if found.runs.is_empty() {
            return Err(PlanError::NothingRuns {
                event: self.event.to_string(),
                not_run: found.not_run,
            });
        }
        let found = found.with_job(self.job.as_deref())?;
        let configured = match at_commit(self.repository, &self.commit.id) {
            Ok(config) => config.workflows,
            Err(PlanError::NoConfig(_)) => Workflows::default(),
            Err(error) => return Err(error),
        };
        let (mut vars, mut secrets) = (configured.vars, configured.secrets);
        vars.extend(self.vars.clone());
        secrets.extend(self.secrets.clone());
        let names = run_ids(&id, found.runs.iter().map(|run| run.path.as_str()))?;
        let runs = found.runs.iter().zip(names).map(|(run, id)| PlannedRun {
            id,
            path: run.path.clone(),
            text: run.text.clone(),
            name: run.name.clone(),
            why: run.why.clone(),
            required: true,
            passed: None,
            only_job: self.job.clone(),
            vars: vars.clone(),
            inputs: self.inputs.clone(),
            secrets: secrets.clone(),
            called: IndexMap::new(),
            number: 1,
            attempt: Attempt::default(),
            rules: Rules::default(),
        });
        let trigger = Trigger {
            event: self.event.to_string(),
            ..payload::push(self.repository, &self.commit, &self.git_ref)?
        };
        Ok(Plan {
            id,
            trigger,
            commit: self.commit.clone(),
            repository: self.repository.root().display().to_string(),
            config: None,
            runs: runs.collect(),
            not_run: found.not_run,
            services: IndexMap::new(),
            stages: Vec::new(),
            by: self.by.clone(),
        })
    }
}

/// `<commit>.<n>`: the n-th plan for the commit.
fn plan_id(live: &Live, commit: &CommitId) -> Result<PlanId, PlanError> {
    let n = live.times_planned(commit) + 1;
    Ok(PlanId::new(format!("{}.{n}", commit.short()))?)
}

/// `<plan>.<workflow's file name>`, with a number where that is not unique.
fn run_ids<'a>(
    plan: &PlanId,
    paths: impl Iterator<Item = &'a str>,
) -> Result<Vec<RunId>, PlanError> {
    let mut ids: Vec<RunId> = Vec::new();
    for path in paths {
        let file = path.rsplit('/').next().unwrap_or(path);
        let stem = file.trim_end_matches(".yml").trim_end_matches(".yaml");
        let fit = |c: char| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '-' };
        let stem: String = stem.chars().map(fit).take(40).collect();
        let plain = RunId::new(format!("{plan}.{stem}"))?;
        let taken = ids.contains(&plain);
        ids.push(if taken { RunId::new(format!("{plan}.{stem}.{}", ids.len()))? } else { plain });
    }
    Ok(ids)
}

/// The environments that `config` names, for messages.
fn environments(config: &Config) -> Vec<&str> {
    config.environments.keys().map(EnvName::as_str).collect()
}

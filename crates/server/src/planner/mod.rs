//! Makes plans: what follows from a commit. The edge of the pipeline, where
//! git is asked; what comes out is immutable.

mod calls;
mod chain;
mod config;
mod draft;
mod error;
mod happening;
mod payload;
mod rerun;
mod rules;
mod services;
mod stages;
mod workflows;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use shipway_core::config::{Config, SecretSource};
use shipway_core::ids::{CommitId, EnvName, PlanId, RunId};
use shipway_core::journal::Actor;
use shipway_core::plan::{Commit, Plan, PlannedRun, Trigger};
use shipway_core::run::{Attempt, Rules, Wishes, dispatch_inputs};
use shipway_core::view::Live;
use shipway_runner::actions::Settings;
use shipway_workflow::model::Event;
use shipway_workflow::trigger::GitRef;

pub use calls::BadCall;
pub use config::{CommitFacts, at_commit};
pub use draft::{Draft, Text, complete};
pub use error::PlanError;
pub use rerun::rerun;
pub use workflows::Found;

use crate::git::Repository;
use crate::memory::Memory;

use calls::Calls;
use chain::Chain;
use happening::{Happening, Known};

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
    /// Where workflows of other repositories come from.
    pub actions: Settings,
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
        let mut stages = stages::of(&config, &self.branch, self.to.as_ref())?;
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
        stages::gated(self.repository, live, &self.commit.id, &config, &mut stages)?;

        let id = plan_id(live, &self.commit.id)?;
        let git_ref = GitRef::Branch(self.branch.clone());
        let (repository, commit, given) = (self.repository, &self.commit, None);
        let known = Known { repository, commit, git_ref: &git_ref, given };
        let Happening { trigger, asked, skip, .. } = known.happening(Event::Push)?;
        let calls = Calls { repository, commit: &commit.id, actions: &self.actions };
        let memory = Memory::none();
        let mut found = workflows::triggered(repository, &asked, &calls, None, &memory)?;
        if let Some(instruction) = skip {
            found.skip_unless_required(instruction, &config)?;
        }
        let chain = Chain { calls: &calls, commit, trigger: &trigger };
        chain.extend(&mut found)?;
        let mut runs = found.planned(&id, &git_ref, &config, live)?;
        chain.link(&mut runs, &found.runs);
        let mut runs = draft::with_texts(repository, &commit.id, runs)?;
        for run in &mut runs {
            run.passed = workflows::passed(live, &commit.id, &git_ref, run);
        }
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
    pub event: Event,
    /// The event's payload, or parts of it: they go over what git tells.
    pub payload: Option<Value>,
    /// Only this workflow: its file's name, or its name.
    pub workflow: Option<String>,
    /// Only this job of it, and what it needs.
    pub job: Option<String>,
    /// The job that the run begins with, if it does not begin with the first.
    pub from: Option<String>,
    /// `vars`, over those of the configuration.
    pub vars: IndexMap<String, String>,
    /// `inputs`: of `workflow_dispatch`, as texts.
    pub inputs: IndexMap<String, String>,
    /// Where secrets come from, over those of the configuration.
    pub secrets: IndexMap<String, SecretSource>,
    /// Where workflows of other repositories come from.
    pub actions: Settings,
    /// What else is wanted of the runs.
    pub wishes: Wishes,
    /// What was found out before.
    pub memory: &'a Memory,
    /// Who asks.
    pub by: Actor,
}

impl Run<'_> {
    /// Makes a plan without services and stages, and without the texts that need not
    /// be read for it.
    ///
    /// # Errors
    /// When a workflow is wrong, or none is started by the event.
    pub fn draft(&self, live: &Live) -> Result<Draft, PlanError> {
        let (repository, given) = (self.repository, self.payload.as_ref());
        let known = Known { repository, commit: &self.commit, git_ref: &self.git_ref, given };
        let Happening { mut trigger, asked, commit, skip } = known.happening(self.event)?;
        let id = plan_id(live, &commit.id)?;
        let calls = Calls { repository, commit: &commit.id, actions: &self.actions };
        let workflow = self.workflow.as_deref();
        let memory = self.memory;
        let mut found = workflows::triggered(repository, &asked, &calls, workflow, memory)?;
        // What is asked for by its name runs all the same.
        let is_named = workflow.is_some() || self.job.is_some() || self.from.is_some();
        if let Some(instruction) = skip.filter(|_| !is_named) {
            found.skip(instruction);
        }
        if found.runs.is_empty() {
            let (event, not_run) = (self.event.to_string(), found.not_run);
            return Err(PlanError::NothingRuns { event, not_run });
        }
        // A workflow or a job that is asked for comes alone.
        if !is_named {
            Chain { calls: &calls, commit: &commit, trigger: &trigger }.extend(&mut found)?;
        }
        let found = found.with_job(self.job.as_deref())?;
        let config = match at_commit(repository, &commit.id) {
            Ok(config) => Some(config),
            Err(PlanError::NoConfig(_)) => None,
            Err(error) => return Err(error),
        };
        let ids = run_ids(&id, found.runs.iter().map(|run| run.path.as_str()))?;
        let mut runs = Vec::new();
        for (run, id) in found.runs.iter().zip(ids) {
            let alone = found.runs.iter().filter(|run| run.link.is_none()).count() == 1;
            let inputs = self.inputs_of(run, alone, config.as_ref())?;
            runs.push(self.planned(run, id, inputs, &trigger, config.as_ref(), live));
        }
        if self.event == Event::WorkflowDispatch {
            // There as texts, whatever their types.
            trigger.payload["inputs"] = json!(texts(&runs));
        }
        Chain { calls: &calls, commit: &commit, trigger: &trigger }.link(&mut runs, &found.runs);
        Ok(Plan {
            id,
            trigger,
            commit,
            repository: repository.root().display().to_string(),
            config: None,
            runs,
            not_run: found.not_run,
            services: IndexMap::new(),
            stages: Vec::new(),
            by: self.by.clone(),
        })
    }

    fn planned(
        &self,
        run: &workflows::Triggered,
        id: RunId,
        inputs: Map<String, Value>,
        trigger: &Trigger,
        config: Option<&Config>,
        live: &Live,
    ) -> PlannedRun<Text> {
        let configured = config.map(|config| config.workflows.clone()).unwrap_or_default();
        let (mut vars, mut secrets) = (configured.vars, configured.secrets);
        vars.extend(self.vars.clone());
        secrets.extend(self.secrets.clone());
        PlannedRun {
            id,
            path: run.path.clone(),
            text: run.text.clone(),
            name: run.name.clone(),
            why: run.why.clone(),
            required: true,
            passed: None,
            only_job: self.job.clone(),
            vars,
            inputs,
            secrets,
            called: run.called.clone(),
            number: live.next_number(&run.path),
            attempt: Attempt::default(),
            rules: Rules {
                wishes: self.wishes.clone(),
                ..rules::of(config, run.git_ref(&trigger.git_ref), run.environments)
            },
            chained: None,
        }
    }

    /// `inputs` with their types, where the event has some. What is given to
    /// several workflows is for those that know it.
    fn inputs_of(
        &self,
        run: &workflows::Triggered,
        alone: bool,
        config: Option<&Config>,
    ) -> Result<Map<String, Value>, PlanError> {
        let path = run.path.clone();
        if run.link.is_some() {
            return Ok(Map::new());
        }
        let Some(takes) = run.inputs.as_ref().filter(|_| self.event == Event::WorkflowDispatch)
        else {
            return Ok(self.inputs.iter().map(|(k, v)| (k.clone(), json!(v))).collect());
        };
        let payload = self.payload.as_ref().and_then(|payload| payload.get("inputs"));
        let in_payload = payload.and_then(Value::as_object).into_iter().flatten();
        let mut given: IndexMap<String, String> = in_payload
            .map(|(key, value)| {
                (key.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            })
            .collect();
        given.extend(self.inputs.clone());
        given.retain(|name, _| alone || takes.contains_key(name));
        let known: Option<Vec<&str>> = config.map(environments);
        dispatch_inputs(takes, &given, known.as_deref())
            .map_err(|problems| PlanError::Inputs { path, problems })
    }
}

fn texts(runs: &[PlannedRun<Text>]) -> IndexMap<&String, String> {
    let inputs = runs.iter().flat_map(|run| &run.inputs);
    inputs
        .map(|(name, value)| {
            (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        })
        .collect()
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

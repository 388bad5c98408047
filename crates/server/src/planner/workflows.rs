//! The workflows of a commit, and which of them an event starts.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use shipway_core::config::{Config, RequiredWorkflows};
use shipway_core::digest::Digest;
use shipway_core::ids::{CommitId, PlanId, RunId};
use shipway_core::plan::{NotRun, PlannedRun};
use shipway_core::run::{Attempt, CalledWorkflow, WorkflowText};
use shipway_core::view::{Live, PlanSummary};
use shipway_workflow::Diagnostic;
use shipway_workflow::model::{Input, Workflow};
use shipway_workflow::trigger::{GitRef, Match, TriggerEvent};

use crate::git::{File, Repository};
use crate::memory::{Memory, Question};
use crate::parallel;

use super::calls::Calls;
use super::chain::{Follower, Link};
use super::draft::Text;
use super::{PlanError, rules, run_ids};

pub(super) const FOLDER: &str = ".github/workflows";

/// What an event starts.
pub struct Found {
    /// What runs.
    pub runs: Vec<Triggered>,
    /// What does not.
    pub not_run: Vec<NotRun>,
    /// What may follow other runs of the plan.
    pub(super) followers: Vec<Follower>,
}

/// A workflow that an event starts.
pub struct Triggered {
    /// Its file.
    pub path: String,
    /// The file's text.
    pub text: Text,
    /// Its name for people.
    pub name: String,
    /// Its jobs, in the file's order.
    pub jobs: Vec<String>,
    /// The workflows that it calls, directly or not.
    pub called: IndexMap<String, CalledWorkflow>,
    /// The inputs of `workflow_dispatch`, if that starts it.
    pub inputs: Option<IndexMap<String, Input>>,
    /// Whether a job of it, or of what it calls, may ask for an environment.
    pub(super) environments: bool,
    /// Why it runs.
    pub why: String,
    /// The run that it follows, if it does.
    pub(super) link: Option<Link>,
}

/// What an event at `commit` starts; only `wanted` (a file or a name), if given.
/// A file that cannot be read is an error: it might be one that matters.
pub(super) fn triggered(
    repository: &Repository,
    trigger: &TriggerEvent,
    calls: &Calls<'_>,
    wanted: Option<&str>,
    memory: &Memory,
) -> Result<Found, PlanError> {
    let mut found = Found { runs: Vec::new(), not_run: Vec::new(), followers: Vec::new() };
    let mut problems = Vec::new();
    let (mut known, mut all) = (wanted.is_none(), Vec::new());
    let files = repository.files_in(calls.commit, FOLDER, is_workflow)?;
    let looks = Looking { repository, trigger, calls, wanted, memory }.at(&files)?;
    for (file, look) in files.into_iter().zip(looks) {
        all.push(file_name(&file.path).to_owned());
        match look {
            Look::Wrong(wrong) => problems.extend(wrong),
            Look::NotAskedFor => {
                let why = "it was not asked for".to_owned();
                found.not_run.push(NotRun { path: file.path, why });
            }
            Look::AskedFor { follower, starts } => {
                known = true;
                found.followers.extend(follower.map(|follower| *follower));
                match *starts {
                    Ok(run) => found.runs.push(run),
                    Err(not) => found.not_run.push(not),
                }
            }
        }
    }
    match wanted {
        _ if !problems.is_empty() => Err(PlanError::Wrong(problems)),
        Some(wanted) if !known => Err(PlanError::UnknownWorkflow { name: wanted.to_owned(), all }),
        _ => Ok(found),
    }
}

/// What a file of the folder has to do with an event.
enum Look {
    /// It cannot be read.
    Wrong(Vec<(Diagnostic, String)>),
    NotAskedFor,
    AskedFor {
        follower: Option<Box<Follower>>,
        starts: Box<Result<Triggered, NotRun>>,
    },
}

/// What a file has to do with an event, if that is all there is to say: nothing of
/// it depends on other files, and it asks for no inputs.
#[derive(Serialize, Deserialize)]
enum Glance {
    Starts {
        name: String,
        jobs: Vec<String>,
        why: String,
        /// `workflow_dispatch` starts it, too.
        dispatched: bool,
        environments: bool,
    },
    DoesNot {
        why: String,
    },
}

impl Look {
    fn remembered(file: &File, glance: Glance) -> Self {
        let path = file.path.clone();
        let starts = match glance {
            Glance::DoesNot { why } => Err(NotRun { path, why }),
            Glance::Starts { name, jobs, why, dispatched, environments } => {
                let (text, called, link) = (Text::unread(file), IndexMap::new(), None);
                let inputs = dispatched.then(IndexMap::new);
                Ok(Triggered { path, text, name, jobs, called, inputs, environments, why, link })
            }
        };
        Self::AskedFor { follower: None, starts: Box::new(starts) }
    }

    fn glance(&self) -> Option<Glance> {
        let Self::AskedFor { follower: None, starts } = self else { return None };
        let run = match &**starts {
            Err(not) => return Some(Glance::DoesNot { why: not.why.clone() }),
            Ok(run) => run,
        };
        let alone = run.called.is_empty() && run.inputs.iter().all(IndexMap::is_empty);
        alone.then(|| Glance::Starts {
            name: run.name.clone(),
            jobs: run.jobs.clone(),
            why: run.why.clone(),
            dispatched: run.inputs.is_some(),
            environments: run.environments,
        })
    }
}

/// Looks at the files of a commit for an event.
struct Looking<'a> {
    repository: &'a Repository,
    trigger: &'a TriggerEvent,
    calls: &'a Calls<'a>,
    /// A file or a name, if nothing else is asked for.
    wanted: Option<&'a str>,
    memory: &'a Memory,
}

impl Looking<'_> {
    /// What each file has to do with the event, in their order. Only those are read of
    /// which that is not remembered.
    fn at(&self, files: &[File]) -> Result<Vec<Look>, PlanError> {
        // What the files share, for all of them at once.
        let asked = self.memory.question("trigger", self.trigger);
        let known = parallel::map(files, |file| {
            let question = self.memory.question_of(&asked, "workflow", file);
            let glance = self.memory.recall(&question).filter(|_| self.wanted.is_none());
            (question, glance.map(|glance| Look::remembered(file, glance)))
        });
        let unknown = files.iter().zip(&known).filter(|(_, (_, look))| look.is_none());
        let unknown: Vec<(&File, &Question)> =
            unknown.map(|(file, (question, _))| (file, question)).collect();
        let texts = unknown.iter().map(|(file, _)| *file);
        let texts = self.repository.texts(self.calls.commit, texts)?;
        let unknown: Vec<_> = unknown.into_iter().zip(texts).collect();
        let read = parallel::map(&unknown, |((file, question), text)| {
            let look = self.look(file, text)?;
            if let Some(glance) = look.glance() {
                self.memory.learn(question, &glance);
            }
            Ok(look)
        });
        let mut read = read.into_iter();
        known.into_iter().filter_map(|(_, look)| look.map(Ok).or_else(|| read.next())).collect()
    }

    /// Reads a file. The workflow is not kept: of many only texts are remembered.
    fn look(&self, file: &File, text: &str) -> Result<Look, PlanError> {
        let path = file.path.as_str();
        let workflow = match Workflow::read(path, text) {
            Ok(workflow) => workflow,
            Err(wrong) => {
                let wrong = wrong.into_iter().map(|problem| (problem, text.to_owned()));
                return Ok(Look::Wrong(wrong.collect()));
            }
        };
        let (name, file_name) = (name(&workflow, path), file_name(path));
        let stem = file_name.trim_end_matches(".yml").trim_end_matches(".yaml");
        let names = [file_name, stem, path, name.as_str()];
        if self.wanted.is_some_and(|wanted| !names.contains(&wanted)) {
            return Ok(Look::NotAskedFor);
        }
        let follower = Follower::of(file, text, &workflow).map(Box::new);
        let starts = match workflow.on.matches(self.trigger) {
            Match::Yes { why } => {
                let inputs = workflow.on.dispatch_inputs().cloned();
                let called = self.calls.of(&workflow).map_err(PlanError::Calls)?;
                let triggered = Triggered::read(file, text, workflow, called, why);
                Ok(Triggered { inputs, ..triggered })
            }
            Match::No { why } => Err(NotRun { path: path.to_owned(), why }),
        };
        Ok(Look::AskedFor { follower, starts: Box::new(starts) })
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

impl Triggered {
    /// A workflow that was read, and what it calls; it takes no inputs and follows
    /// nothing.
    pub(super) fn read(
        file: &File,
        text: &str,
        workflow: Workflow,
        called: IndexMap<String, CalledWorkflow>,
        why: String,
    ) -> Self {
        let path = file.path.clone();
        let texts = called.values().map(|called| &*called.text);
        Self {
            environments: rules::may_ask(std::iter::once(text).chain(texts)),
            name: name(&workflow, &path),
            jobs: workflow.jobs.keys().cloned().collect(),
            text: Text::read(file, WorkflowText::of(text.to_owned(), &path, workflow)),
            path,
            called,
            inputs: None,
            why,
            link: None,
        }
    }

    /// The ref that it runs for, in a plan for `of_plan`.
    pub(super) fn git_ref<'a>(&'a self, of_plan: &'a str) -> &'a str {
        self.link.as_ref().map_or(of_plan, |link| link.git_ref.as_str())
    }
}

pub(super) fn is_workflow(path: &str) -> bool {
    path.ends_with(".yml") || path.ends_with(".yaml")
}

pub(super) fn name(workflow: &Workflow, path: &str) -> String {
    workflow.name.as_ref().map_or_else(|| path.to_owned(), |name| name.value.clone())
}

impl Found {
    /// Only the workflows that have this job.
    pub(super) fn with_job(mut self, job: Option<&str>) -> Result<Self, PlanError> {
        let Some(job) = job else { return Ok(self) };
        let all: Vec<String> = self.runs.iter().flat_map(|run| run.jobs.clone()).collect();
        self.runs.retain(|run| run.jobs.iter().any(|name| name == job));
        if self.runs.is_empty() {
            return Err(PlanError::UnknownJob { name: job.to_owned(), all });
        }
        Ok(self)
    }

    /// Lets nothing run, because the commit's message has `instruction`.
    pub(super) fn skip(&mut self, instruction: &str) {
        let why = format!("the commit's message has `{instruction}`");
        let skipped = std::mem::take(&mut self.runs).into_iter().map(|run| run.path);
        self.not_run.extend(skipped.map(|path| NotRun { path, why: why.clone() }));
        self.not_run.sort_by(|a, b| a.path.cmp(&b.path));
    }

    /// As [`Found::skip`], for a commit that is to be released: what is required cannot be left
    /// out. On GitHub such a check stays pending.
    pub(super) fn skip_unless_required(
        &mut self,
        instruction: &'static str,
        config: &Config,
    ) -> Result<(), PlanError> {
        let required = self.runs.iter().filter(|run| is_required(config, &run.path));
        let required: Vec<String> = required.map(|run| run.path.clone()).collect();
        if !required.is_empty() {
            return Err(PlanError::SkipsRequired { instruction, required });
        }
        self.skip(instruction);
        Ok(())
    }

    /// As a plan has them: required as `config` says.
    pub(super) fn planned(
        &self,
        plan: &PlanId,
        git_ref: &GitRef,
        config: &Config,
        live: &Live,
    ) -> Result<Vec<PlannedRun<Text>>, PlanError> {
        let git_name = git_ref.full();
        let ids = run_ids(plan, self.runs.iter().map(|run| run.path.as_str()))?;
        let planned = self.runs.iter().zip(ids).map(|(run, id)| PlannedRun {
            id,
            required: is_required(config, &run.path),
            passed: None,
            path: run.path.clone(),
            text: run.text.clone(),
            name: run.name.clone(),
            why: run.why.clone(),
            only_job: None,
            vars: config.workflows.vars.clone(),
            inputs: serde_json::Map::new(),
            secrets: config.workflows.secrets.clone(),
            called: run.called.clone(),
            number: live.next_number(&run.path),
            attempt: Attempt::default(),
            rules: rules::of(Some(config), run.git_ref(&git_name), run.environments),
            chained: None,
        });
        Ok(planned.collect())
    }
}

fn is_required(config: &Config, path: &str) -> bool {
    match &config.workflows.required {
        RequiredWorkflows::All => true,
        RequiredWorkflows::Only(files) => {
            let file = file_name(path);
            files.iter().any(|wanted| wanted == file || wanted == path)
        }
    }
}

/// A run of the same text at the same commit and ref; `github.ref` is evidence,
/// too.
pub(super) fn passed(
    live: &Live,
    commit: &CommitId,
    git_ref: &GitRef,
    run: &PlannedRun,
) -> Option<RunId> {
    let text = Digest::of(run.text.as_bytes());
    let git_ref = git_ref.full();
    let is_same = |plan: &&PlanSummary| plan.commit == *commit && plan.git_ref == git_ref;
    let same = live.recent.iter().filter(is_same);
    let mut runs = same.flat_map(|plan| &plan.passed);
    let found = runs.find(|(path, digest, _)| *path == run.path && *digest == text);
    found.map(|(_, _, id)| id.clone())
}

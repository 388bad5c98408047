//! What a worker is told about one job of a run.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use shipway_core::config::Environment;
use shipway_core::effect::{EffectId, Outcome};
use shipway_core::ids::{EnvName, RunId};
use shipway_core::run::{
    CalledFrom, JobSpec, RunSpec, github_without_event, is_from_fork, job_number, run_number,
};
use shipway_runner::actions::Settings;
use shipway_runner::protocol::{
    Contexts, Folders, JobMessage, Limits, PROTOCOL, Remote, Source, WorkflowFile,
};

use super::Performer;
use super::credentials::Credentials;

/// What all jobs of a run are told, of the run whose job was the last to begin.
#[derive(Debug, Default)]
pub struct ToldToAll(Mutex<Option<Told>>);

#[derive(Debug, Clone)]
struct Told {
    run: RunId,
    /// [`github_without_event`]
    github: Arc<IndexMap<String, Value>>,
    event: Arc<Value>,
}

impl ToldToAll {
    fn of(&self, run: &RunSpec) -> Told {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(told) if told.run == run.id => told.clone(),
            _ => {
                let github = Arc::new(github_without_event(run).into_iter().collect());
                let event = Arc::new(run.trigger.payload.clone());
                last.insert(Told { run: run.id.clone(), github, event }).clone()
            }
        }
    }
}

impl Performer {
    pub(super) async fn message(
        &self,
        folders: Folders,
        id: &EffectId,
        spec: &JobSpec,
        run: &RunSpec,
    ) -> Result<JobMessage, Outcome> {
        let Told { github, event, .. } = self.told.of(run);
        let workflow = workflow_file(spec, run, &github);
        let environment = environment(spec, run);
        let credentials = self.credentials(id, spec, run, environment, &github).await?;
        let Credentials { secrets, token } = credentials;
        let mut vars = run.vars.clone();
        vars.extend(environment.into_iter().flat_map(|environment| environment.env.clone()));
        let inputs = spec.calls.last().map_or(&run.inputs, |call| &call.inputs);
        let permissions = spec.permissions.0.iter();
        Ok(JobMessage {
            protocol: PROTOCOL,
            effect: self.process_name(id),
            run: spec.run.clone(),
            job: spec.job.clone(),
            attempt: run.attempt.number,
            run_id: run_number(run.first()),
            job_id: job_number(&spec.run, &spec.job, spec.index),
            name: spec.name.clone(),
            workflow,
            matrix: spec.matrix.is_object().then(|| object(&spec.matrix)),
            strategy: strategy(spec),
            contexts: Contexts {
                github,
                vars,
                secrets,
                needs: object(&spec.needs),
                inputs: inputs.clone().into_iter().collect(),
                env: run.rules.wishes.env.clone(),
            },
            token,
            permissions: permissions.map(|(s, a)| (s.clone(), a.as_str().to_owned())).collect(),
            environment: spec.environment.clone(),
            from_fork: is_from_fork(&run.trigger),
            event,
            source: Source {
                repository: PathBuf::from(&run.repository),
                commit: run.commit.id.clone(),
                branch: run.trigger.git_ref.strip_prefix("refs/heads/").map(str::to_owned),
            },
            folders,
            actions: Settings {
                locked: self.actions.locked || run.rules.wishes.locked,
                offline: self.actions.offline || run.rules.wishes.offline,
                ..self.actions.clone()
            },
            services: None,
            limits: Limits::default(),
            hold: self.on_failure.is_some(),
        })
    }
}

/// The environment that a job deploys to, as it was configured when the run
/// began.
fn environment<'a>(spec: &JobSpec, run: &'a RunSpec) -> Option<&'a Environment> {
    let name = EnvName::new(spec.environment.as_ref()?).ok()?;
    run.rules.environments.as_ref()?.get(&name)
}

/// The file that the job stands in.
fn workflow_file(spec: &JobSpec, run: &RunSpec, github: &IndexMap<String, Value>) -> WorkflowFile {
    let own = github.get("repository").and_then(Value::as_str).unwrap_or_default();
    let here = |path: &str| format!("{own}/{path}@{}", run.trigger.git_ref);
    let called = spec.calls.last().and_then(|call| run.called.get(&call.workflow));
    let Some(called) = called else {
        return WorkflowFile {
            path: run.path.clone(),
            text: run.text.clone(),
            reference: here(&run.path),
            commit: run.commit.id.clone(),
            repository: None,
        };
    };
    let (path, text) = (called.path.clone(), called.text.clone());
    match &called.from {
        None => {
            let (reference, commit) = (here(&path), run.commit.id.clone());
            WorkflowFile { path, text, reference, commit, repository: None }
        }
        Some(CalledFrom { owner, name, reference, commit }) => WorkflowFile {
            reference: format!("{owner}/{name}/{path}@{reference}"),
            path,
            text,
            commit: commit.clone(),
            repository: Some(Remote { owner: owner.clone(), name: name.clone() }),
        },
    }
}

fn object(value: &Value) -> IndexMap<String, Value> {
    let map = value.as_object().cloned().unwrap_or_else(Map::new);
    map.into_iter().collect()
}

/// `strategy`, as GitHub has it: also of a job without a matrix.
fn strategy(spec: &JobSpec) -> IndexMap<String, Value> {
    let max = spec.max_parallel.unwrap_or(spec.total);
    IndexMap::from([
        ("fail-fast".to_owned(), json!(spec.fail_fast)),
        ("job-index".to_owned(), json!(spec.index)),
        ("job-total".to_owned(), json!(spec.total)),
        ("max-parallel".to_owned(), json!(max)),
    ])
}

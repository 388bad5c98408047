//! What the expressions of a run and its jobs see.

use std::cell::OnceCell;
use std::rc::Rc;

use serde_json::json;
use shipway_workflow::expr::{Context, Object, Status, Value};
use shipway_workflow::model::Workflow;

use crate::ids::JobKey;
use crate::run::github_context;
use crate::run::{Instance, RunResult, RunSpec, UnderWay};

/// What expressions see: of the run as a whole, or of one of its jobs.
#[derive(Clone)]
pub(super) struct World<'a> {
    pub(super) spec: &'a RunSpec,
    pub(super) job: Option<(&'a UnderWay, &'a JobKey)>,
    pub(super) workflow: &'a Workflow,
    /// What only this place knows. It goes over what the run tells.
    contexts: Object,
    told: Rc<Told>,
    status: Option<Status>,
}

/// What the run tells every expression of a place, once one has asked: most ask
/// for nothing, and `github` has all of the event in it.
#[derive(Default)]
struct Told {
    github: OnceCell<Value>,
    vars: OnceCell<Value>,
    inputs: OnceCell<Value>,
    needs: OnceCell<Value>,
}

impl<'a> World<'a> {
    pub(super) fn of_run(spec: &'a RunSpec, workflow: &'a Workflow) -> Self {
        let (contexts, told) = (Object::new(), Rc::default());
        Self { spec, job: None, workflow, contexts, told, status: None }
    }

    pub(super) fn of(run: &'a UnderWay, key: &'a JobKey, workflow: &'a Workflow) -> Self {
        let mut world = Self::of_run(&run.spec, workflow);
        world.job = Some((run, key));
        if let Some(call) = world.caller().and_then(|caller| caller.what.call.as_ref()) {
            let inputs = serde_json::Value::Object(call.inputs.clone());
            world.contexts.extend([("inputs", Value::from(inputs))]);
        }
        world
    }

    /// The instance that calls the workflow in which the job stands.
    pub(super) fn caller(&self) -> Option<&'a Instance> {
        let (run, key) = self.job?;
        run.callers(key).first().map(|(_, _, caller)| *caller)
    }

    pub(super) fn with<const N: usize>(&self, more: [(&str, Value); N]) -> Self {
        let mut world = self.clone();
        world.contexts.extend(more);
        world
    }

    /// The same, if things stood so.
    pub(super) fn in_state(self, status: Status) -> Self {
        Self { status: Some(status), ..self }
    }

    /// Which jobs have to be done before `key`, however far away, by their places in
    /// the run.
    pub(super) fn before(&self, key: &JobKey) -> Vec<bool> {
        let Some((run, _)) = self.job else { return Vec::new() };
        let mut found = vec![false; run.jobs.len()];
        let mut open: Vec<_> = run.jobs.get(key).into_iter().collect();
        while let Some(job) = open.pop() {
            for (place, _, needed) in job.needs.iter().filter_map(|key| run.jobs.get_full(key)) {
                if !std::mem::replace(&mut found[place], true) {
                    open.push(needed);
                }
            }
        }
        found
    }
}

impl Context for World<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        if let Some(value) = self.contexts.get(name) {
            return Some(value.clone());
        }
        let (spec, told) = (self.spec, &self.told);
        let value = match name.to_ascii_lowercase().as_str() {
            "github" => {
                // `github.workflow` is the caller's also in what it calls.
                let github = || serde_json::Value::Object(github_context(spec)).into();
                told.github.get_or_init(github)
            }
            "vars" => told.vars.get_or_init(|| json!(spec.vars).into()),
            "inputs" => {
                told.inputs.get_or_init(|| serde_json::Value::Object(spec.inputs.clone()).into())
            }
            "needs" => {
                let (run, key) = self.job?;
                told.needs.get_or_init(|| crate::run::language::needs(run, key).into())
            }
            _ => return None,
        };
        Some(value.clone())
    }

    /// A job that was skipped or called off is no success, and no failure
    /// either: what needs it is skipped, unless its `if` says otherwise.
    fn status(&self, jobs: &[String]) -> Status {
        let Some((run, key)) = self.job else { return Status::Success };
        if let Some(status) = self.status {
            return status;
        }
        if run.is_cancelling(key) {
            return Status::Cancelled;
        }
        let before = self.before(key);
        let asked = |key: &JobKey| {
            jobs.is_empty() || jobs.iter().any(|name| name.eq_ignore_ascii_case(key.own()))
        };
        let before = run.jobs.iter().zip(before).filter(|((key, _), before)| *before && asked(key));
        let results = before.filter_map(|((_, job), _)| job.result());
        results.fold(Status::Success, |status, result| match (result, status) {
            (RunResult::Failure, _) | (_, Status::Failure) => Status::Failure,
            (RunResult::Cancelled | RunResult::Skipped, _) => Status::Skipped,
            (RunResult::Success, status) => status,
        })
    }
}

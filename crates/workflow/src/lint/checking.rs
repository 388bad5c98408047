//! What the rules look at.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::callee::Callee;
use super::settings::Settings;
use super::site::Site;
use super::surroundings::Surroundings;
use crate::model::{Action, Job, Step, StepKind, Workflow};
use crate::yaml::{Mapping, Node};

/// What a file is, as far as it could be read.
#[derive(Debug)]
pub(super) enum Content {
    Workflow(Box<Workflow>),
    Action(Box<Action>),
    Nothing,
}

/// One file under examination.
pub(super) struct Checking<'a> {
    pub(super) file: &'a str,
    pub(super) source: &'a str,
    pub(super) root: Option<&'a Node>,
    pub(super) content: &'a Content,
    pub(super) around: &'a dyn Surroundings,
    pub(super) settings: &'a Settings,
    pub(super) sites: Vec<Site<'a>>,
    /// Actions and workflows that were looked up, by their `uses`.
    pub(super) callees: RefCell<HashMap<String, Rc<Callee>>>,
}

/// A step, and the job it belongs to, if it is none of an action.
#[derive(Clone, Copy)]
pub(super) struct StepOf<'a> {
    pub(super) step: &'a Step,
    pub(super) job: Option<&'a Job>,
}

impl<'a> Checking<'a> {
    pub(super) fn workflow(&self) -> Option<&'a Workflow> {
        match self.content {
            Content::Workflow(workflow) => Some(workflow),
            Content::Action(_) | Content::Nothing => None,
        }
    }

    pub(super) fn jobs(&self) -> impl Iterator<Item = &'a Job> {
        self.workflow().into_iter().flat_map(|workflow| workflow.jobs.values())
    }

    /// Every step of the file, also those that run in parallel.
    pub(super) fn steps(&self) -> Vec<StepOf<'a>> {
        self.content.steps()
    }

    /// The mapping of a job as it is written.
    pub(super) fn written_job(&self, job: &Job) -> Option<&'a Mapping> {
        let jobs = self.root?.as_mapping()?.get("jobs")?.as_mapping()?;
        jobs.get(&job.id.value)?.as_mapping()
    }
}

impl Content {
    pub(super) fn steps(&self) -> Vec<StepOf<'_>> {
        let mut all = Vec::new();
        match self {
            Self::Workflow(workflow) => {
                for job in workflow.jobs.values() {
                    flatten(job.steps(), Some(job), &mut all);
                }
            }
            Self::Action(action) => flatten(action.steps(), None, &mut all),
            Self::Nothing => {}
        }
        all
    }
}

fn flatten<'a>(steps: &'a [Step], job: Option<&'a Job>, all: &mut Vec<StepOf<'a>>) {
    for step in steps {
        all.push(StepOf { step, job });
        if let StepKind::Parallel(inner) = &step.kind {
            flatten(inner, job, all);
        }
    }
}

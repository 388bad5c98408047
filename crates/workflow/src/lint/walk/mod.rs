//! Every place of a file where expressions stand, with what is known there.

mod known_of;
mod sites;

use std::rc::Rc;

use super::checking::{Checking, Content};
use super::site::Site;
use super::types::{Contexts, Type, github, job, runner, strategy};
use crate::model::{Action, Runs, Workflow};
use sites::{Here, Sites};

pub(super) fn sites<'a>(checking: &Checking<'a>) -> Vec<Site<'a>> {
    let mut sites = Sites::default();
    match checking.content {
        Content::Workflow(workflow) => of_workflow(checking, workflow, &mut sites),
        Content::Action(action) => of_action(checking, action, &mut sites),
        Content::Nothing => {}
    }
    sites.into_all()
}

fn of_workflow<'a>(checking: &Checking<'a>, workflow: &'a Workflow, sites: &mut Sites<'a>) {
    let contexts = Contexts {
        github: github(known_of::event_inputs(checking, workflow)),
        env: Type::map(Type::String),
        vars: Type::map(Type::String),
        secrets: known_of::secrets(workflow),
        inputs: known_of::inputs(checking, workflow),
        strategy: strategy(),
        job: job(),
        runner: runner(),
        ..Contexts::default()
    };
    let here = Here::new(contexts);
    sites.on(&here.with(|contexts| contexts.jobs = known_of::jobs(checking, workflow)), workflow);
    sites.text(&here, workflow.run_name.as_ref());
    sites.bindings(&here, &workflow.env);
    sites.defaults(&here, &workflow.defaults);
    sites.concurrency(&here, workflow.concurrency.as_ref());
    for job in workflow.jobs.values() {
        let mut here = here.with(|contexts| {
            contexts.needs = known_of::needs(checking, workflow, job);
            contexts.matrix = known_of::matrix(job.strategy.as_ref());
            contexts.job = known_of::job_context(job);
        });
        here.env = Rc::new(vec![&workflow.env]);
        sites.job(checking, &here, job);
    }
}

fn of_action<'a>(checking: &Checking<'a>, action: &'a Action, sites: &mut Sites<'a>) {
    let inputs = action.inputs.keys().map(|name| (name.as_str(), Type::String));
    let here = Here::new(Contexts {
        github: github(Type::Any),
        env: Type::map(Type::String),
        inputs: Type::strict(inputs),
        runner: runner(),
        strategy: strategy(),
        job: job(),
        ..Contexts::default()
    });
    for input in action.inputs.values() {
        sites.text(&here, input.default.as_ref());
    }
    match &action.runs {
        Runs::Composite(steps) => {
            let written = known_of::written_action_steps(checking);
            let all = sites.steps(checking, &here, steps, &written);
            for output in action.outputs.values() {
                sites.text(&all, output.value.as_ref());
            }
        }
        Runs::Docker(docker) => {
            docker.args.iter().for_each(|argument| sites.text(&here, Some(argument)));
            sites.bindings(&here, &docker.env);
            sites.condition(&here, &docker.pre_if);
            sites.condition(&here, &docker.post_if);
        }
        Runs::JavaScript(script) => {
            sites.condition(&here, &script.pre_if);
            sites.condition(&here, &script.post_if);
        }
    }
}

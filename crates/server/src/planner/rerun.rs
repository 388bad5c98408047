//! A plan for a further attempt of a run.

use indexmap::IndexMap;
use shipway_core::journal::Actor;
use shipway_core::plan::{Plan, PlannedRun};
use shipway_core::run::{self, Again, NotAgain, again};
use shipway_core::view::Live;

use super::{PlanError, plan_id};

/// A plan whose only run is the next attempt of the one whose stream holds
/// `events`. Nothing is read from git: the run's text, commit and inputs are
/// those of the first attempt.
///
/// # Errors
/// When there can be no further attempt.
pub fn rerun(
    live: &Live,
    events: &[run::Event],
    what: &Again,
    by: Actor,
) -> Result<Plan, PlanError> {
    let commit = events.iter().find_map(|event| match event {
        run::Event::Started { spec, .. } => Some(spec.commit.id.clone()),
        _ => None,
    });
    let commit = commit.ok_or(NotAgain::NotStarted)?;
    let id = plan_id(live, &commit)?;
    let spec = again(events, what, &id, &by)?;
    let workflow = spec.text.read(&spec.path);
    let name = workflow.map_or_else(|_| spec.path.clone(), |w| w.title().to_owned());
    let run = PlannedRun {
        id: spec.id,
        path: spec.path,
        text: spec.text,
        name,
        why: format!("attempt {}", spec.attempt.number),
        required: true,
        passed: None,
        only_job: spec.only_job,
        vars: spec.vars,
        inputs: spec.inputs,
        secrets: spec.secrets,
        called: spec.called,
        number: spec.number,
        attempt: spec.attempt,
        rules: spec.rules,
        chained: None,
    };
    Ok(Plan {
        id,
        trigger: spec.trigger,
        commit: spec.commit,
        repository: spec.repository,
        config: None,
        runs: vec![run],
        not_run: Vec::new(),
        services: IndexMap::new(),
        stages: Vec::new(),
        // Who asked for the first attempt is `github.actor`.
        by: spec.by,
    })
}

//! A look at each run of a plan before it begins. What is said of it stands in
//! its jobs, which the plan has read, and not in their steps; and in nothing else,
//! so that it is remembered.

use serde::{Deserialize, Serialize};
use shipway_core::plan::{Plan, PlannedRun};
use shipway_core::run::{RunSpec, outline};
use shipway_server::parallel;

use super::describe::describe_run;
use super::refused::{Jobs, left_out, needs_something, without_runner};

/// What there is to see of a run before it begins.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Seen {
    /// It for a person, if one wants to see the plan.
    pub(super) lines: Vec<String>,
    /// What of it nothing here can run.
    pub(super) refused: Vec<String>,
    /// The jobs that do not run whatever happens, if the others need something
    /// of the machine.
    pub(super) left_out: Option<Jobs>,
}

/// Looks at every run of a plan; `described`: for a person.
pub(super) fn look(plan: &Plan, described: bool) -> Vec<Seen> {
    parallel::map(&plan.runs, |run| {
        let spec = PlannedRun { text: run.text.for_its_jobs(), ..run.clone() }.spec(plan);
        look_at(run, &spec, described)
    })
}

fn look_at(run: &PlannedRun, spec: &RunSpec, described: bool) -> Seen {
    let outlined = outline(spec);
    let lines = described.then(|| describe_run(run, spec, outlined.as_ref().ok()));
    let mut seen = Seen { lines: lines.unwrap_or_default(), ..Seen::default() };
    if run.passed.is_some() {
        return seen;
    }
    match outlined {
        Ok(jobs) => {
            seen.refused = without_runner(run, &jobs);
            seen.left_out = needs_something(&run.text).then(|| left_out(run, &jobs));
        }
        Err(why) => seen.refused.push(format!("{}: {why}", run.path)),
    }
    seen
}

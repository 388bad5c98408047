//! A look at each run of a plan before it begins. What is said of it stands in
//! its jobs, which the plan has read, and not in their steps; and in nothing else,
//! so that it is remembered.

use serde::{Deserialize, Serialize};
use shipway_core::plan::{Plan, PlannedRun};
use shipway_core::run::{RunSpec, outline};
use shipway_server::memory::Memory;
use shipway_server::parallel;

use super::describe::describe_run;
use super::refused::{Jobs, left_out, needs_something, without_runner};

/// What is known of a run before it begins.
pub(super) struct Look<'p> {
    pub(super) run: &'p PlannedRun,
    pub(super) seen: Seen,
}

/// What there is to see.
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

/// Looks at every run of a plan; `described`: a person wants to see it.
pub(super) fn look<'p>(plan: &'p Plan, described: bool, memory: &Memory) -> Vec<Look<'p>> {
    // What the runs share, for all of them at once.
    let Plan { id, trigger, commit, repository, config, by, .. } = plan;
    let shared = memory.question("plan", &(id, trigger, commit, repository, config, by));
    parallel::map(&plan.runs, |run| {
        let question = memory.question_of(&shared, "look", &(run, described));
        let seen = memory.recall(&question).unwrap_or_else(|| {
            let spec = PlannedRun { text: run.text.for_its_jobs(), ..run.clone() }.spec(plan);
            let seen = look_at(run, &spec, described);
            memory.learn(&question, &seen);
            seen
        });
        Look { run, seen }
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

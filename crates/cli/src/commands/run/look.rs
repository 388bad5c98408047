//! A look at each run of a plan before it begins. What is said of it stands in
//! its jobs, which the plan has read, and not in their steps.

use shipway_core::plan::{Plan, PlannedRun};
use shipway_core::run::outline;
use shipway_server::parallel;

use super::describe::describe_run;
use super::refused::{Jobs, left_out, needs_something, without_runner};

/// What is known of a run before it begins.
pub(super) struct Look<'p> {
    pub(super) run: &'p PlannedRun,
    /// It for a person, if one wants to see the plan.
    pub(super) lines: Vec<String>,
    /// What of it nothing here can run.
    pub(super) refused: Vec<String>,
    /// The jobs that do not run whatever happens, if the others need something
    /// of the machine.
    pub(super) left_out: Option<Jobs>,
}

/// Looks at every run of a plan; `described`: a person wants to see it.
pub(super) fn look(plan: &Plan, described: bool) -> Vec<Look<'_>> {
    parallel::map(&plan.runs, |run| look_at(plan, run, described))
}

fn look_at<'p>(plan: &Plan, run: &'p PlannedRun, described: bool) -> Look<'p> {
    let spec = PlannedRun { text: run.text.for_its_jobs(), ..run.clone() }.spec(plan);
    let outlined = outline(&spec);
    let lines = described.then(|| describe_run(run, &spec, outlined.as_ref().ok()));
    let lines = lines.unwrap_or_default();
    let mut look = Look { run, lines, refused: Vec::new(), left_out: None };
    if run.passed.is_some() {
        return look;
    }
    match outlined {
        Ok(jobs) => {
            look.refused = without_runner(run, &jobs);
            look.left_out = needs_something(&run.text).then(|| left_out(run, &jobs));
        }
        Err(why) => look.refused.push(format!("{}: {why}", run.path)),
    }
    look
}

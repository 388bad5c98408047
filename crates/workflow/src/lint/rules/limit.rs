//! Limits that GitHub takes for something else.

use crate::diagnostic::{Diagnostic, Severity};
use crate::lint::checking::Checking;
use crate::lint::rule::Rule;
use crate::model::{Dynamic, Job, JobKind, Strategy};

pub(super) const RULES: &[&Rule] = &[&FRACTION];

const FRACTION: Rule = Rule {
    id: "fraction-of-limit",
    severity: Severity::Note,
    summary: "GitHub cuts the fraction of a limit",
    why: "Of `timeout-minutes: 1.5` GitHub takes one minute, and of `0.5` nothing: that is no limit \
          at all. `shipway run` takes fractions of minutes as they are written.",
};

pub(super) fn check(checking: &Checking<'_>, found: &mut Vec<Diagnostic>) {
    let of_jobs = checking.jobs().flat_map(of_job);
    let of_steps = checking.steps().into_iter();
    let of_steps = of_steps.map(|of| ("timeout-minutes", &of.step.timeout_minutes));
    for (key, limit) in of_jobs.chain(of_steps) {
        let Some(Dynamic::Fixed(limit)) = limit else { continue };
        if limit.value.fract() != 0.0 {
            let whole = limit.value.trunc();
            let taken = if whole > 0.0 { whole.to_string() } else { "no limit".into() };
            let message = format!("of `{key}: {}` GitHub makes {taken}", limit.value);
            found.push(FRACTION.at(checking.file, limit.span, message));
        }
    }
}

type Limit<'a> = (&'static str, &'a Option<Dynamic<f64>>);

fn of_job(job: &Job) -> Vec<Limit<'_>> {
    let mut all = Vec::new();
    if let Some(Strategy::Written { max_parallel, .. }) = &job.strategy {
        all.push(("max-parallel", max_parallel));
    }
    if let JobKind::Steps(steps) = &job.kind {
        all.push(("timeout-minutes", &steps.timeout_minutes));
        all.push(("cancel-timeout-minutes", &steps.cancel_timeout_minutes));
    }
    all
}

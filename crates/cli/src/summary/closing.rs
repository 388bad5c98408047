//! The last lines of `shipway run`: annotations, what failed and why, the
//! total.

use std::collections::BTreeMap;

use shipway_core::run::{Annotation, JobEnd, Level, RunResult};
use shipway_core::view::{JobView, RunView, RunsView};

use crate::print;

/// What a person reads when runs are over.
pub(crate) fn closing(runs: &RunsView) -> Vec<String> {
    let mut lines = annotations(runs);
    for run in runs.runs.values() {
        lines.extend(failures(run));
    }
    lines.extend(total(runs));
    lines
}

/// The ends of all jobs that ran, with their names.
fn ends(run: &RunView) -> impl Iterator<Item = (&str, &JobEnd)> {
    let expanded = run.jobs.values().filter_map(|job| match job {
        JobView::Expanded(instances) => Some(instances),
        JobView::Waiting { .. } | JobView::NotRun { .. } => None,
    });
    expanded.flatten().filter(|instance| !instance.is_told_by_others()).filter_map(|instance| {
        let (end, _) = instance.end.as_ref()?;
        Some((instance.what.name.as_str(), end))
    })
}

/// The worst first; what says the same of the same place is said once.
fn annotations(runs: &RunsView) -> Vec<String> {
    let mut all: Vec<(&Annotation, Vec<&str>)> = Vec::new();
    for (job, end) in runs.runs.values().flat_map(ends) {
        for note in &end.annotations {
            let same = |other: &&mut (&Annotation, Vec<&str>)| {
                let (other, _) = other;
                (other.level, &other.message, other.place())
                    == (note.level, &note.message, note.place())
            };
            match all.iter_mut().find(same) {
                Some((_, jobs)) => jobs.push(job),
                None => all.push((note, vec![job])),
            }
        }
    }
    if all.is_empty() {
        return Vec::new();
    }
    all.sort_by_key(|(note, _)| std::cmp::Reverse(note.level));
    let mut lines = vec![String::new(), print::counted(all.len(), "annotation")];
    for (note, jobs) in all {
        let word = match note.level {
            Level::Error => "✗ error",
            Level::Warning => "! warning",
            Level::Notice => "· notice",
        };
        let place = note.place().map_or_else(String::new, |place| format!("{place}: "));
        let title = note.title.as_ref().map_or_else(String::new, |title| format!("{title}: "));
        let mut text = note.message.lines();
        let first = text.next().unwrap_or_default();
        lines.push(format!("  {word}  {place}{title}{first}  ({})", jobs.join(", ")));
        lines.extend(text.map(|line| format!("      {line}")));
    }
    lines
}

fn failures(run: &RunView) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, end) in ends(run).filter(|(_, end)| end.result == RunResult::Failure) {
        let why = end.reason.as_deref().unwrap_or("it failed");
        lines.extend([String::new(), format!("✗ {name}: {why}")]);
        lines.extend(last_lines(&end.tail).map(|line| format!("  │ {line}")));
    }
    lines
}

/// What the step that failed wrote last: neither its script, which stands in
/// its first group, nor the marks of groups.
fn last_lines(tail: &[String]) -> impl Iterator<Item = &String> {
    let begun = tail.iter().rposition(|line| line.starts_with("▶ "));
    let tail = &tail[begun.map_or(0, |at| at + 1)..];
    let is_script = begun.is_some() && tail.first().is_some_and(|l| l.starts_with("##[group]Run "));
    let script = tail.iter().position(|line| line == "##[endgroup]").filter(|_| is_script);
    let tail = &tail[script.map_or(0, |at| at + 1)..];
    tail.iter().filter(|line| !line.starts_with("##[group]") && *line != "##[endgroup]")
}

fn total(runs: &RunsView) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for run in runs.runs.values() {
        for (_, end) in ends(run) {
            *counts.entry(end.result.as_str()).or_default() += 1;
        }
        for job in run.jobs.values() {
            if let JobView::NotRun { result, .. } = job {
                *counts.entry(result.as_str()).or_default() += 1;
            }
        }
    }
    let begun = runs.runs.values().map(|run| run.started).min()?;
    let ended = runs.runs.values().filter_map(|run| run.end.as_ref()).map(|end| end.at).max()?;
    let words = [
        ("success", "succeeded"),
        ("failure", "failed"),
        ("cancelled", "called off"),
        ("skipped", "skipped"),
    ];
    let counts =
        words.iter().filter_map(|(key, word)| Some(format!("{} {word}", counts.get(key)?)));
    let counts = counts.collect::<Vec<_>>().join(", ");
    let took = print::took(print::between(begun, ended));
    let names = runs.runs.keys().map(ToString::to_string).collect::<Vec<_>>();
    let logs = match names.as_slice() {
        [one] => format!("; `shipway logs {one}` shows all of it"),
        _ => String::new(),
    };
    Some(format!("\njobs: {counts}, in {took}{logs}"))
}

#[cfg(test)]
mod tests {
    use super::last_lines;

    #[test]
    fn of_a_step_only_what_it_wrote() {
        let tail =
            "before\n▶ Run make\n##[group]Run make\nmake\n##[endgroup]\n##[group]G\nwrong\n✗";
        let tail: Vec<String> = tail.lines().map(str::to_owned).collect();
        assert_eq!(last_lines(&tail).collect::<Vec<_>>(), ["wrong", "✗"]);
        // Where it wrote more than is kept, its beginning is not there.
        assert_eq!(last_lines(&tail[6..]).collect::<Vec<_>>(), ["wrong", "✗"]);
    }
}

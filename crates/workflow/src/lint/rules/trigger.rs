//! What starts a workflow: schedules, filters, inputs.

use crate::diagnostic::{Diagnostic, Severity};
use crate::lint::checking::Checking;
use crate::lint::rule::Rule;
use crate::model::{Cron, Details, Filter};
use crate::span::Spanned;
use crate::trigger::Pattern;

pub(super) const RULES: &[&Rule] = &[&OFTEN, &ZONE, &FILTER, &INPUT];

const OFTEN: Rule = Rule {
    id: "schedule-too-often",
    severity: Severity::Warning,
    summary: "a schedule runs more often than every five minutes",
    why: "GitHub starts a scheduled workflow every five minutes at the most.",
};
const ZONE: Rule = Rule {
    id: "unknown-time-zone",
    severity: Severity::Error,
    summary: "a schedule names a time zone that does not exist",
    why: "Names are those of the IANA data base, such as `Europe/Vienna`.",
};
const FILTER: Rule = Rule {
    id: "filter-fits-nothing",
    severity: Severity::Warning,
    summary: "a filter of branches, tags or paths that nothing can fit",
    why: "Names of branches and tags have no spaces, no `~`, `^`, `:` or `..`; paths start at the \
          root of the repository, without `./`. Filters are no regular expressions: `^` and `$` \
          mean themselves.",
};
const INPUT: Rule = Rule {
    id: "input-default",
    severity: Severity::Warning,
    summary: "an input is required and has a default, which is never used; or there are too many",
    why: "A called workflow refuses to start without a required input. `workflow_dispatch` takes \
          25 inputs at the most.",
};

/// How many inputs `workflow_dispatch` takes.
const MAX_INPUTS: usize = 25;

pub(super) fn check(checking: &Checking<'_>, found: &mut Vec<Diagnostic>) {
    let Some(workflow) = checking.workflow() else { return };
    for trigger in workflow.on.triggers.values() {
        if let Details::Schedule(lines) = &trigger.details {
            lines.iter().for_each(|line| schedule(checking, line, found));
        }
        for filter in trigger.branches.iter().chain(&trigger.tags) {
            for pattern in patterns(filter) {
                if let Some(why) = no_reference(pattern.as_str()) {
                    let message = format!("no branch or tag fits this: {why}");
                    let help = "this is no regular expression; `*`, `**`, `?`, `+`, `[]` and `!` \
                                are special";
                    found.push(FILTER.at(checking.file, pattern.span, message).with_help(help));
                }
            }
        }
        for pattern in trigger.paths.iter().flat_map(patterns) {
            if let Some(why) = no_path(pattern.as_str()) {
                let message = format!("no path fits this: {why}");
                found.push(FILTER.at(checking.file, pattern.span, message));
            }
        }
    }
    inputs(checking, found);
}

fn inputs(checking: &Checking<'_>, found: &mut Vec<Diagnostic>) {
    let Some(workflow) = checking.workflow() else { return };
    for (name, input) in workflow.on.call().into_iter().flat_map(|call| &call.inputs) {
        if let Some(default) = input.default.as_ref().filter(|_| input.required) {
            let message = format!("input `{name}` is required, so its default is never used");
            found.push(INPUT.at(checking.file, default.span, message));
        }
    }
    if let Some((_, input)) =
        workflow.on.dispatch_inputs().and_then(|all| all.get_index(MAX_INPUTS))
    {
        let message = format!("`workflow_dispatch` takes {MAX_INPUTS} inputs at the most");
        found.push(INPUT.at(checking.file, input.span, message));
    }
}

fn patterns(filter: &Filter) -> &[Spanned<Pattern>] {
    match filter {
        Filter::Only(patterns) | Filter::Ignore(patterns) => patterns,
    }
}

fn schedule(checking: &Checking<'_>, line: &Cron, found: &mut Vec<Diagnostic>) {
    if let Some(zone) = &line.timezone
        && checking.around.has_time_zone(zone) == Some(false)
    {
        let message = format!("there is no time zone `{}`", zone.value);
        found.push(ZONE.at(checking.file, zone.span, message));
    }
    if let Some(minutes) = shortest(&line.expression)
        && minutes < 5
    {
        let span = line.expression.span;
        let message = format!("this would run every {minutes} minutes");
        let message = if minutes == 1 { "this would run every minute".into() } else { message };
        let help = "GitHub starts it every five minutes at the most: `*/5 * * * *`";
        found.push(OFTEN.at(checking.file, span, message).with_help(help));
    }
}

/// The fewest minutes between two starts in one hour; nothing if there is one start an hour.
fn shortest(expression: &str) -> Option<u32> {
    let field = expression.split_whitespace().next()?;
    let mut minutes = [false; 60];
    for item in field.split(',') {
        let (range, step) = item.split_once('/').unwrap_or((item, "1"));
        let stepped = item.contains('/');
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (from.parse().ok()?, to.parse().ok()?),
            None if range == "*" => (0, 59),
            None => (range.parse().ok()?, if stepped { 59 } else { range.parse().ok()? }),
        };
        let step: usize = step.parse().ok().filter(|step| *step > 0)?;
        minutes.iter_mut().take(to + 1).skip(from).step_by(step).for_each(|minute| *minute = true);
    }
    let set: Vec<u32> = (0..60).zip(minutes).filter(|(_, set)| *set).map(|(i, _)| i).collect();
    let first = *set.first()?;
    let ends = set.iter().skip(1).copied().chain([first + 60]);
    ends.zip(&set).map(|(next, minute)| next - minute).min().filter(|gap| *gap < 60)
}

/// Why no branch or tag can have a name that fits.
fn no_reference(pattern: &str) -> Option<String> {
    let mut chars = pattern.strip_prefix('!').unwrap_or(pattern).chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let next = chars.next().unwrap_or(' ');
                if !"[]?+*\\!".contains(next) {
                    return Some(format!("names have no `\\`, and `{next}` needs none before it"));
                }
                if "[?*\\".contains(next) {
                    return Some(format!("names have no `{next}`"));
                }
            }
            ' ' | '~' | '^' | ':' => return Some(format!("names have no `{c}`")),
            '.' if chars.peek() == Some(&'.') => return Some("names have no `..`".into()),
            '/' if chars.peek().is_none() => return Some("names do not end with `/`".into()),
            c if c.is_control() => return Some("names have no control characters".into()),
            _ => {}
        }
    }
    pattern.starts_with('/').then(|| "names do not begin with `/`".into())
}

/// Why no path can fit.
fn no_path(pattern: &str) -> Option<&'static str> {
    let pattern = pattern.strip_prefix('!').unwrap_or(pattern);
    if pattern.starts_with('/') {
        return Some("paths start at the root, without `/`");
    }
    let dots = pattern.split('/').any(|part| part == "." || part == "..");
    if dots {
        return Some("paths start at the root, and have no `.` or `..` in them");
    }
    (pattern.starts_with(' ') || pattern.ends_with(' ')).then_some("there is a space at its end")
}

#[cfg(test)]
mod tests {
    use super::{no_path, no_reference, shortest};

    #[test]
    fn how_often() {
        let table = [
            ("* * * * *", Some(1)),
            ("*/3 * * * *", Some(3)),
            ("*/5 * * * *", Some(5)),
            ("0,2 * * * *", Some(2)),
            ("58,0 1 * * *", Some(2)),
            ("30 5 * * 1,3", None),
            ("10-12 * * * *", Some(1)),
            ("50/5 * * * *", Some(5)),
        ];
        for (line, minutes) in table {
            assert_eq!(shortest(line), minutes, "{line}");
        }
    }

    #[test]
    fn names_that_nothing_has() {
        for pattern in ["^main$", "a b", "v1..2", "/main", "main/", "a:b", "\\d+", "a~1"] {
            assert!(no_reference(pattern).is_some(), "{pattern}");
        }
        for pattern in ["main", "!v*", "release/**", "v[0-9]+.x", "a\\+b", "\\!x", "v?"] {
            assert_eq!(no_reference(pattern), None, "{pattern}");
        }
        for pattern in ["./a", "/a", "a/../b", " a", "!./x"] {
            assert!(no_path(pattern).is_some(), "{pattern}");
        }
        for pattern in ["**", "a/b.c", "!docs/**", ".github/**", "a..b"] {
            assert_eq!(no_path(pattern), None, "{pattern}");
        }
    }
}

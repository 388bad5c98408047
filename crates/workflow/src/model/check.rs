//! What is only known when the whole is read: ids, needs, circles.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use super::code;
use super::job::Job;
use super::reader::Reader;
use crate::diagnostic::nearest;
use crate::span::Spanned;

/// The longest id there may be; GitHub refuses 100 characters.
const MAX_ID: usize = 99;

/// An id of a job or a step: letters, digits, `_` and `-`, not starting with a digit or `-`.
pub(super) fn id(reader: &mut Reader<'_>, id: &Spanned<String>, what: &str) {
    let starts = id.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let legal = id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let help = if !starts || !legal {
        "an id has letters, digits, `-` and `_`, and starts with a letter or `_`"
    } else if id.len() > MAX_ID {
        "an id has fewer than 100 characters"
    } else if id.starts_with("__") {
        "ids that start with `__` are reserved"
    } else {
        return;
    };
    let message = format!("`{}` is no id for a {what}", id.value);
    reader.problem_with_help(code::BAD_ID, id.span, message, help);
}

/// Finds the jobs that are needed, and spells them as they are defined. Reports unknown ones and
/// circles. `names` are all there are, also of jobs that could not be read.
pub(super) fn needs(reader: &mut Reader<'_>, jobs: &mut IndexMap<String, Job>, names: &[String]) {
    // Of two that are the same but for case, the first.
    let known: HashMap<String, &String> =
        names.iter().rev().map(|name| (name.to_ascii_lowercase(), name)).collect();
    for job in jobs.values_mut() {
        for need in &mut job.needs {
            if let Some(name) = known.get(&need.to_ascii_lowercase()) {
                need.value.clone_from(name);
                continue;
            }
            let message =
                format!("job `{}` needs `{}`, which does not exist", job.id.value, **need);
            let help = nearest(need, names).map(|near| format!("did you mean `{near}`?"));
            let help = help.unwrap_or_else(|| format!("jobs of this file: {}", names.join(", ")));
            reader.problem_with_help(code::UNKNOWN_NEED, need.span, message, help);
        }
    }
    if let Some(circle) = find_circle(jobs)
        && let Some((first, next)) = circle.first().zip(circle.get(1).or(circle.first()))
        && let Some(need) =
            jobs.get(*first).and_then(|job| job.needs.iter().find(|need| need.value == *next))
    {
        let span = need.span;
        let mut way = circle.clone();
        way.push(first);
        let message = format!("jobs need each other in a circle: {}", way.join(" needs "));
        reader.problem(code::CYCLE, span, message);
    }
}

/// Jobs that need each other in a circle, each needing the one behind it, the last the first.
fn find_circle(jobs: &IndexMap<String, Job>) -> Option<Vec<&str>> {
    // What is left when jobs without unsatisfied needs are taken away again and again.
    let mut unsatisfied: HashMap<&str, usize> = HashMap::new();
    let mut needed_by: HashMap<&str, Vec<&str>> = HashMap::new();
    for (name, job) in jobs {
        let needs = job.needs.iter().map(|need| need.as_str());
        let needs: HashSet<&str> = needs.filter(|need| jobs.contains_key(*need)).collect();
        unsatisfied.insert(name, needs.len());
        needs.into_iter().for_each(|need| needed_by.entry(need).or_default().push(name));
    }
    let satisfied = unsatisfied.iter().filter(|(_, count)| **count == 0);
    let mut done: Vec<&str> = satisfied.map(|(name, _)| *name).collect();
    while let Some(name) = done.pop() {
        unsatisfied.remove(name);
        for next in needed_by.get(name).into_iter().flatten() {
            let Some(count) = unsatisfied.get_mut(next) else { continue };
            *count -= 1;
            if *count == 0 {
                done.push(next);
            }
        }
    }
    let is_left = |name: &str| unsatisfied.contains_key(name);
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut way: Vec<&str> = Vec::new();
    let mut at = jobs.keys().find(|name| is_left(name))?.as_str();
    loop {
        if let Some(start) = places.insert(at, way.len()) {
            return Some(way.split_off(start));
        }
        way.push(at);
        at = jobs.get(at)?.needs.iter().map(|need| need.as_str()).find(|need| is_left(need))?;
    }
}

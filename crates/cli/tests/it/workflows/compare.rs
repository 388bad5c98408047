//! What a command did, beside what is expected of it.

use serde_json::Value;
use shipway_server::log::LogReader;
use shipway_sim::sandbox::Finished;

use super::expected::{Command, Job};

/// What is not as expected.
pub(crate) fn command(expected: &Command, found: &Finished) -> Vec<String> {
    let mut differences = Vec::new();
    if found.code != Some(expected.exit) {
        differences.push(format!("exit code {:?}, expected {}", found.code, expected.exit));
    }
    let said = format!("{}{}", found.stderr, found.stdout);
    lines("it says", &said, &expected.says, &expected.never_says, &mut differences);
    let answer = serde_json::from_str::<Value>(&found.stdout).unwrap_or_default();
    if let Some(expected) = &expected.jobs {
        all_jobs(expected, &jobs(&answer), &mut differences);
    }
    for (file, why) in &expected.not_run {
        let not_run = answer["not_run"].as_array().cloned().unwrap_or_default();
        let entry = not_run
            .iter()
            .find(|entry| entry["path"].as_str().is_some_and(|path| path.ends_with(file.as_str())));
        match entry.and_then(|entry| entry["why"].as_str()) {
            Some(found) if found.contains(why.as_str()) => {}
            Some(found) => differences.push(format!("{file} does not run: {found}")),
            None => differences.push(format!("{file} is not among those that do not run")),
        }
    }
    differences
}

/// The jobs of an answer by name, as `expected.yml` names them.
pub(crate) fn jobs(answer: &Value) -> Vec<(String, Value)> {
    let runs = answer["runs"].as_array().cloned().unwrap_or_default();
    let several = runs.len() > 1;
    let jobs = runs.iter().flat_map(|run| {
        let file = run["path"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default();
        let prefix = if several { format!("{file}/") } else { String::new() };
        let jobs = run["jobs"].as_array().cloned().unwrap_or_default();
        jobs.into_iter().map(move |job| (format!("{prefix}{}", text(&job["name"])), job))
    });
    jobs.collect()
}

/// What a job wrote.
pub(crate) fn log(job: &Value) -> String {
    let path = job["log"].as_str();
    path.map_or_else(String::new, |path| {
        let log = LogReader::open(path.as_ref()).and_then(LogReader::read_to_end);
        String::from_utf8_lossy(&log.unwrap_or_else(|error| panic!("{path}: {error}"))).into_owned()
    })
}

fn all_jobs(
    expected: &indexmap::IndexMap<String, Job>,
    found: &[(String, Value)],
    differences: &mut Vec<String>,
) {
    for (name, job) in expected {
        match found.iter().find(|(other, _)| other == name) {
            Some((_, found)) => {
                let mut here = Vec::new();
                one_job(job, found, &mut here);
                differences.extend(here.into_iter().map(|line| format!("job {name}: {line}")));
            }
            None => {
                let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
                differences.push(format!("no job {name}; there are: {}", names.join(", ")));
            }
        }
    }
    for (name, job) in found.iter().filter(|(name, _)| !expected.contains_key(name)) {
        differences.push(format!("job {name} ended with {}, expected none", text(&job["result"])));
    }
}

fn one_job(expected: &Job, found: &Value, differences: &mut Vec<String>) {
    let mut same = |what: &str, found: String, expected: &str| {
        if found != expected {
            differences.push(format!("{what} is {found:?}, expected {expected:?}"));
        }
    };
    let (result, why) = (text(&found["result"]), text(&found["why"]));
    same("the result", result, &expected.result);
    if let Some(summary) = &expected.summary {
        same("the summary", text(&found["summary"]).trim_end().to_owned(), summary.trim_end());
    }
    if let Some(outputs) = &expected.outputs {
        let found: indexmap::IndexMap<String, String> =
            serde_json::from_value(found["outputs"].clone()).unwrap_or_default();
        same("`outputs`", sorted(&found), &sorted(outputs));
    }
    if let Some(steps) = &expected.steps {
        let expected = steps.iter().map(|(name, how)| format!("{name}: {how}"));
        same("`steps`", steps_of(found).join("\n"), &expected.collect::<Vec<_>>().join("\n"));
    }
    if let Some(annotations) = &expected.annotations {
        same("`annotations`", annotations_of(found).join("\n"), &annotations.join("\n"));
    }
    if expected.why.as_ref().is_some_and(|part| !why.contains(part.as_str())) {
        differences.push(format!("the reason is {why:?}, expected {:?}", expected.why));
    }
    lines("the log", &log(found), &expected.log, &expected.never_logs, differences);
}

fn sorted(map: &indexmap::IndexMap<String, String>) -> String {
    let mut pairs: Vec<_> = map.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.sort();
    pairs.join("\n")
}

fn steps_of(job: &Value) -> Vec<String> {
    let steps = job["steps"].as_array().cloned().unwrap_or_default();
    let one = |step: &Value| {
        let (outcome, conclusion) = (text(&step["outcome"]), text(&step["conclusion"]));
        let how = if outcome == conclusion {
            conclusion
        } else {
            format!("{outcome}, counts as {conclusion}")
        };
        format!("{}: {how}", text(&step["name"]))
    };
    steps.iter().map(one).collect()
}

fn annotations_of(job: &Value) -> Vec<String> {
    let annotations = job["annotations"].as_array().cloned().unwrap_or_default();
    let one = |note: &Value| {
        let mut line = text(&note["level"]);
        let place = ["file", "line", "column"].map(|part| text(&note[part]));
        let place: Vec<_> = place.into_iter().take_while(|part| !part.is_empty()).collect();
        for part in [place.join(":"), text(&note["title"])] {
            if !part.is_empty() {
                line.push(' ');
                line.push_str(&part);
            }
        }
        format!("{line}: {}", text(&note["message"]))
    };
    annotations.iter().map(one).collect()
}

/// Each expected text is in a line behind the line of the one before; `= text`
/// is the whole line.
fn lines(
    what: &str,
    found: &str,
    expected: &[String],
    never: &[String],
    differences: &mut Vec<String>,
) {
    let mut rest = found.lines();
    for wanted in expected {
        let is_it = |line: &str| match wanted.strip_prefix("= ") {
            Some(whole) => line == whole,
            None => line.contains(wanted.as_str()),
        };
        if !rest.by_ref().any(is_it) {
            let anywhere = if found.lines().any(is_it) { " at this place" } else { "" };
            differences.push(format!("{what} lacks{anywhere}: {wanted}"));
            return;
        }
    }
    for unwanted in never {
        if let Some(line) = found.lines().find(|line| line.contains(unwanted.as_str())) {
            differences.push(format!("{what} has {unwanted:?}: {line}"));
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[test]
fn lines_are_found_in_their_order() {
    let check = |expected: &[&str], never: &[&str]| {
        let owned =
            |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let mut differences = Vec::new();
        lines("it", "one\ntwo\nthree", &owned(expected), &owned(never), &mut differences);
        differences
    };
    assert!(check(&["o", "= two", "th"], &["four"]).is_empty());
    assert_eq!(check(&["two", "one"], &[]), ["it lacks at this place: one"]);
    assert_eq!(check(&["= tw"], &[]), ["it lacks: = tw"]);
    assert_eq!(check(&[], &["thr"]), ["it has \"thr\": three"]);
}

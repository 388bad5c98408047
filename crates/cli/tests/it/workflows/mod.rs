//! The specification of workflows: each case below `fixtures/workflows` is a
//! small repository that is run by the real program, and what is expected of
//! it. `fixtures/workflows/README.md` tells how to write one.
//!
//! `SHIPWAY_CASE=area/case` runs those cases only whose name begins so.

mod case;
mod compare;
mod expected;
mod perform;
mod table;
mod turn;

use std::fs;
use std::path::{Path, PathBuf};

use case::Case;

/// One test an area, so that what fails is seen in the list of tests.
macro_rules! areas {
    ($($name:ident = $folder:literal),* $(,)?) => {
        $(#[test]
        fn $name() {
            run_area($folder);
        })*

        const AREAS: &[&str] = &[$($folder),*];
    };
}

areas! {
    annotations = "annotations",
    artifacts = "artifacts",
    actions = "actions",
    cache = "cache",
    calls = "calls",
    commands = "commands",
    concurrency = "concurrency",
    containers = "containers",
    contexts = "contexts",
    environments = "environments",
    events = "events",
    expressions = "expressions",
    files = "files",
    jobs = "jobs",
    matrix = "matrix",
    oidc = "oidc",
    options = "options",
    permissions = "permissions",
    reruns = "reruns",
    reusable = "reusable",
    shells = "shells",
    steps = "steps",
    triggers = "triggers",
    yaml = "yaml",
}

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/workflows").canonicalize().unwrap()
}

/// Every case of an area, by name.
pub(super) fn cases(area: &str) -> Vec<Case> {
    let folder = root().join(area);
    let Ok(entries) = fs::read_dir(&folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| Case::read(&root(), &path)).collect()
}

fn run_area(area: &str) {
    let wanted = std::env::var("SHIPWAY_CASE").unwrap_or_default();
    let mut cases = cases(area);
    cases.retain(|case| case.name.starts_with(&wanted));
    let failed: Vec<String> = std::thread::scope(|scope| {
        let started: Vec<_> = cases.iter().map(|case| scope.spawn(|| turn::take(case))).collect();
        started.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(failed.is_empty(), "\n\n{}", failed.join("\n\n"));
}

#[test]
fn every_area_has_a_test() {
    for entry in fs::read_dir(root()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        assert!(
            !entry.file_type().unwrap().is_dir() || AREAS.contains(&name.as_str()),
            "fixtures/workflows/{name} is run by no test: add it to the list of areas"
        );
    }
}

#[test]
fn every_case_says_what_it_shows() {
    for case in AREAS.iter().flat_map(|area| cases(area)) {
        let Ok(entries) = fs::read_dir(case.folder.join(".github/workflows")) else { continue };
        let texts = entries.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
        assert!(
            texts.into_iter().any(|text| text.starts_with("# ")),
            "no workflow of {} begins with a comment that says which documented behaviour it shows",
            case.name
        );
    }
}

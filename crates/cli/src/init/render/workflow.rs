//! The first workflow.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use shipway_core::config::scalar;

use super::super::{Detected, Found};

/// A workflow that tests what was found, a job for each folder.
pub(in super::super) fn workflow(detected: &Detected) -> String {
    let branch = scalar(&detected.branch);
    let mut text = format!(
        "# What has to succeed before a commit is deployed. GitHub runs this file, and so\n\
         # does Shipway.\n\
         name: CI\n\n\
         on:\n  push:\n    branches:\n      - {branch}\n  pull_request:\n\n\
         jobs:\n"
    );
    let mut folders = BTreeSet::new();
    let mut jobs = Vec::new();
    for service in &detected.services {
        if !service.tests.is_empty() && folders.insert(&service.path) {
            jobs.push(job(service));
        }
    }
    if jobs.is_empty() {
        jobs.push(
            "  test:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n\
             \x20     # Fill in the command that tests this repository:\n      - run: 'true'\n"
                .to_owned(),
        );
    }
    text.push_str(&jobs.join("\n"));
    text
}

fn job(service: &Found) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "  test-{}:", service.name);
    text.push_str("    runs-on: ubuntu-latest\n");
    if service.path != "." {
        let path = scalar(&service.path);
        let _ = write!(text, "    defaults:\n      run:\n        working-directory: {path}\n");
    }
    text.push_str("    steps:\n      - uses: actions/checkout@v4\n");
    for test in &service.tests {
        let _ = writeln!(text, "      - run: {}", scalar(test));
    }
    text
}

//! Workflows that others collected: valid ones are read, invalid ones refused.

use shipway_workflow::model::Workflow;

use crate::corpus;

/// Valid files that are refused, and why.
const REFUSED: &[(&str, &str)] = &[
    ("918.yaml", "`create` has no filter on tags: GitHub's parser refuses it too"),
    ("workflow_call_job.yaml", "one `uses` is an expression, and its value names no workflow"),
];

/// Invalid files that are read, and why.
const READ: &[(&str, &str)] = &[];

fn problems(name: &str, text: &str) -> Option<String> {
    let problems = Workflow::read(name, text).err()?;
    Some(problems.iter().map(|problem| problem.render(text)).collect())
}

#[test]
fn valid_workflows_are_read() {
    let mut wrong = Vec::new();
    for (folder, count) in [("actionlint-ok", 64), ("schemastore-valid", 37)] {
        let Some(path) = corpus::folder(&format!("workflows/{folder}")) else { return };
        let files = corpus::files(&path, "yaml").unwrap();
        assert!(files.len() >= count, "{folder} has {} files", files.len());
        for (name, text) in files {
            let expected = REFUSED.iter().any(|(refused, _)| *refused == name);
            match problems(&name, &text) {
                Some(_) if expected => {}
                Some(problems) => wrong.push(format!("{folder}/{name}\n{problems}")),
                None if expected => wrong.push(format!("{folder}/{name} is read after all")),
                None => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn invalid_workflows_are_refused() {
    let Some(path) = corpus::folder("workflows/schemastore-invalid") else { return };
    let files = corpus::files(&path, "yaml").unwrap();
    assert_eq!(files.len(), 20);
    let mut read = Vec::new();
    for (name, text) in files {
        let expected = READ.iter().any(|(read, _)| *read == name);
        if problems(&name, &text).is_none() != expected {
            read.push(name);
        }
    }
    assert!(read.is_empty(), "not as listed: {}", read.join(", "));
}

//! The YAML reader and both models.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shipway_workflow::Diagnostic;
use shipway_workflow::model::{Action, Workflow};

fn inside(problems: &[Diagnostic], text: &str) {
    for problem in problems {
        let labels = problem.labels.iter().map(|label| label.span);
        for span in labels.chain([problem.span]) {
            assert!(span.start <= span.end, "{problem}");
            assert!(span.slice(text).is_some(), "{problem} is outside of the file");
        }
        assert!(problem.render(text).ends_with('\n'));
    }
}

fuzz_target!(|text: &str| {
    match Workflow::read("fuzz.yml", text) {
        Ok(workflow) => assert!(!workflow.jobs.is_empty()),
        Err(problems) => {
            assert!(!problems.is_empty());
            inside(&problems, text);
        }
    }
    if let Err(problems) = Action::read("action.yml", text) {
        inside(&problems, text);
    }
});

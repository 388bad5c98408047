//! Every rule and every format.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shipway_workflow::lint::{Nowhere, Settings, Subject, format};

fuzz_target!(|text: &str| {
    let settings = Settings::default();
    for subject in [Subject::workflow("fuzz.yml", text), Subject::action("action.yml", text)] {
        for script in subject.scripts() {
            let place = script.place(1, 1);
            assert!(place.offset <= text.len());
        }
        let report = subject.check(&Nowhere, &settings, &[]);
        for finding in &report.findings {
            assert!(finding.span.start <= finding.span.end, "{finding}");
            assert!(finding.span.slice(text).is_some(), "{finding} is outside of the file");
        }
        let _ = format::text(&report, text);
    }
});

//! Reports of analyses.
#![no_main]

use std::io::BufReader;

use libfuzzer_sys::fuzz_target;
use shipway_checks::reports::{Report, read};

fuzz_target!(|input: &[u8]| {
    let whole = read("r.sarif", &mut &*input);
    // In pieces it says the same.
    assert_eq!(whole, read("r.sarif", &mut BufReader::with_capacity(3, input)));
    match whole {
        Ok(recognised) => {
            if let Report::Analysis(analysis) = recognised.report {
                assert!(!analysis.tools.is_empty());
                for finding in analysis.findings {
                    assert!(finding.span.start <= finding.span.end && !finding.message.is_empty());
                }
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});

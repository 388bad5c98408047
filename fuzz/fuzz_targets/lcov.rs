//! The reader of lcov reports: the same whole and in pieces, and nothing that cannot be.
#![no_main]

use std::io::BufReader;

use libfuzzer_sys::fuzz_target;
use shipway_checks::reports::{Report, read};

fuzz_target!(|bytes: &[u8]| {
    let whole = read("report", &mut &*bytes);
    assert_eq!(whole, read("report", &mut BufReader::with_capacity(3, bytes)));
    match whole {
        Ok(recognised) => {
            // Another format that the fuzzer came upon has a target of its own.
            let Report::Coverage(coverage) = recognised.report else { return };
            let lines = coverage.total();
            assert!(lines.lines > 0 && lines.covered <= lines.lines);
            assert!(coverage.files.values().all(|file| !file.lines.contains_key(&0)));
        }
        Err(error) => assert!(error.to_string().len() < 2_000),
    }
});

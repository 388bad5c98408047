//! Filters of branches, tags and paths.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shipway_workflow::trigger::Pattern;

fuzz_target!(|text: &str| {
    let (pattern, names) = text.split_once('\n').unwrap_or((text, ""));
    if let Ok(pattern) = Pattern::parse(pattern) {
        for name in names.lines() {
            let fits = pattern.fits(name);
            assert_eq!(fits, pattern.fits(name));
        }
    }
});

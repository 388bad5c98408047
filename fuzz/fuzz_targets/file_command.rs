//! The parser of `GITHUB_OUTPUT` and its like. Only this file of the runner, which needs nothing
//! of the rest.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/runner/src/worker/file_command.rs"]
#[expect(dead_code, reason = "the runner uses the rest")]
mod file_command;

fuzz_target!(|text: &str| {
    let found = file_command::read(text);
    let size: usize = found.pairs.iter().map(|(name, value)| name.len() + value.len()).sum();
    assert!(size <= text.len(), "more comes out than went in");
    assert!(found.pairs.iter().all(|(name, _)| !name.is_empty()));
    if let Some(wrong) = found.wrong {
        assert!(wrong.to_string().chars().count() <= text.chars().count() + 200);
    }
    assert!(file_command::paths(text).all(|path| !path.is_empty() && !path.contains('\n')));
});

//! What gathers evidence, on real folders, repositories and servers.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use shipway_evidence::tree::files_below;

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    assert!(files_below(&dir.path().join("missing")).is_err());
}

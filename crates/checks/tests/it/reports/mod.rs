//! Reports of other tools: those that tools really wrote, and those that somebody broke.

mod broken;
mod findings;
mod fixtures;
mod licences;

use std::fs;
use std::path::{Path, PathBuf};

use shipway_checks::reports::{NoEvidence, Recognised, read};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/reports")
}

/// A fixture by its path in the folder.
fn fixture(path: &str) -> Vec<u8> {
    fs::read(folder().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The fixtures of a kind of report, in order of their names.
fn fixtures(kind: &str) -> Vec<String> {
    let entries = fs::read_dir(folder().join(kind)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut paths: Vec<_> = names.map(|name| format!("{kind}/{name}")).collect();
    paths.retain(|path| !path.ends_with(".md"));
    paths.sort_unstable();
    paths
}

fn read_bytes(name: &str, mut bytes: &[u8]) -> Result<Recognised, NoEvidence> {
    read(name, &mut bytes)
}

//! Where the compiled program is, for tests of other crates.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The program is not there and could not be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot build sim-backend: {0}")]
pub struct NotBuilt(String);

/// The path of `sim-backend`. Cargo builds another package's program for no
/// test, so it is built here, once a process, into the same target folder.
///
/// # Errors
/// What cargo says when it cannot build it.
pub fn executable() -> Result<PathBuf, NotBuilt> {
    static BUILT: OnceLock<Result<PathBuf, NotBuilt>> = OnceLock::new();
    BUILT.get_or_init(build).clone()
}

fn build() -> Result<PathBuf, NotBuilt> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--offline", "--bin", "sim-backend"])
        .args(["--message-format", "json", "--manifest-path"])
        .arg(manifest)
        .output()
        .map_err(|error| NotBuilt(format!("cannot start cargo: {error}")))?;
    let messages = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(NotBuilt(format!("{}\n{stderr}{messages}", output.status)));
    }
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .ok_or_else(|| NotBuilt("cargo names no executable".to_owned()))
}

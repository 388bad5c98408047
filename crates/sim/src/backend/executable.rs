//! Where the compiled program is, for tests of other crates.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

/// The program is not there and could not be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot build sim-backend: {0}")]
pub struct NotBuilt(String);

/// The path of `sim-backend`.
///
/// Cargo builds the program with this package's own tests, and for no other
/// package's. So it is looked for beside the running test, and if it is not
/// there or older than its sources it is built, once a process.
///
/// # Errors
/// What cargo says when it cannot build it.
pub fn executable() -> Result<PathBuf, NotBuilt> {
    static FOUND: OnceLock<Result<PathBuf, NotBuilt>> = OnceLock::new();
    FOUND.get_or_init(|| beside_this_test().map_or_else(build, Ok)).clone()
}

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// In the folder above `deps`, where the running test is.
fn beside_this_test() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?.ancestors().nth(2)?.join("sim-backend");
    let built = program.metadata().ok()?.modified().ok()?;
    let changed = newest(&package().join("src")).ok()?;
    (built >= changed).then_some(program)
}

/// When the newest file in the folder was changed.
fn newest(folder: &Path) -> io::Result<SystemTime> {
    let mut newest = SystemTime::UNIX_EPOCH;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let changed = if entry.file_type()?.is_dir() {
            self::newest(&entry.path())?
        } else {
            entry.metadata()?.modified()?
        };
        newest = newest.max(changed);
    }
    Ok(newest)
}

fn build() -> Result<PathBuf, NotBuilt> {
    // With `--workspace`, dependencies have the features that they have in
    // the tests of all crates, and are not compiled once more.
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--workspace", "--bin", "sim-backend"])
        .args(["--message-format", "json"])
        .current_dir(package())
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

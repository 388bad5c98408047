//! shellcheck, where it is installed: all scripts by one process for each shell.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use indexmap::IndexMap;
use serde::Deserialize;
use shipway_workflow::lint::{Script, ScriptProblem, Shell};
use shipway_workflow::{Severity, Span};

use crate::error::CliError;

/// What it would say because expressions are replaced by words, and because variables come from
/// `env`: constant words and conditions, loops over one item, variables that nothing sets, files
/// that are not there yet.
const LEFT_OUT: &str = "SC1091,SC2043,SC2050,SC2154,SC2157,SC2194";

/// What `--format json1` prints.
#[derive(Deserialize)]
struct Output {
    comments: Vec<Comment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Comment {
    file: PathBuf,
    line: usize,
    end_line: usize,
    column: usize,
    end_column: usize,
    level: String,
    code: u32,
    message: String,
}

/// A folder that is gone when this is dropped.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // It holds copies of scripts only; what stays is the system's to remove.
        drop(fs::remove_dir_all(&self.0));
    }
}

/// What shellcheck says about scripts, each with the number of its file; nothing where it is not
/// installed.
pub(crate) fn run(
    scripts: &[(usize, Script<'_>)],
) -> Result<Vec<(usize, ScriptProblem)>, CliError> {
    if scripts.is_empty() {
        return Ok(Vec::new());
    }
    let folder = std::env::temp_dir().join(format!("shipway-lint-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
    let folder = Folder(folder);
    let mut problems = Vec::new();
    for shell in [Shell::Bash, Shell::Sh] {
        // Many workflows have the same scripts: each is looked at once.
        let mut same: IndexMap<&str, Vec<&(usize, Script<'_>)>> = IndexMap::new();
        for script in scripts.iter().filter(|(_, script)| script.shell == shell) {
            same.entry(&script.1.text).or_default().push(script);
        }
        let mut paths = Vec::new();
        for (index, text) in same.keys().enumerate() {
            let path = folder.0.join(index.to_string());
            fs::write(&path, text).map_err(|error| failed(&path, &error))?;
            paths.push(path);
        }
        if paths.is_empty() {
            continue;
        }
        let Some(output) = ask(shell, &paths)? else { return Ok(Vec::new()) };
        for comment in output.comments {
            let index = comment.file.file_name().and_then(|name| name.to_str()?.parse().ok());
            let found = index.and_then(|index: usize| same.get_index(index));
            for (file, script) in found.into_iter().flat_map(|(_, scripts)| scripts) {
                problems.push((*file, problem(script, &comment)));
            }
        }
    }
    Ok(problems)
}

fn failed(path: &Path, error: &std::io::Error) -> CliError {
    CliError::trouble(format!("{}: {error}", path.display()))
}

/// Nothing if there is no shellcheck.
fn ask(shell: Shell, paths: &[PathBuf]) -> Result<Option<Output>, CliError> {
    let name = match shell {
        Shell::Bash => "bash",
        Shell::Sh => "sh",
    };
    let output = Command::new("shellcheck")
        .args(["--norc", "--format=json1", "--exclude", LEFT_OUT, "--shell", name])
        .arg("--")
        .args(paths)
        .output();
    let output = match output {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(CliError::trouble(format!("shellcheck: {error}"))),
        Ok(output) => output,
    };
    // It ends with 1 when it has something to say, with more when it could not work.
    serde_json::from_slice(&output.stdout).map(Some).map_err(|error| {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim();
        CliError::trouble(format!("shellcheck ended with {} ({error}): {said}", output.status))
            .hint("`--no-shellcheck` leaves it out")
    })
}

fn problem(script: &Script<'_>, comment: &Comment) -> ScriptProblem {
    let start = script.place(comment.line, comment.column);
    let end = script.place(comment.end_line, comment.end_column);
    let severity = match comment.level.as_str() {
        "error" | "warning" => Severity::Warning,
        _ => Severity::Note,
    };
    let span = Span::new(start, end.max(start));
    ScriptProblem { code: comment.code, severity, message: comment.message.clone(), span }
}

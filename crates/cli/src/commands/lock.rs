//! `shipway lock`: pins the actions that the workflows use.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use serde_json::json;
use shipway_runner::actions::lock::{Change, FILE, Lock};
use shipway_runner::actions::walk::Tree;
use shipway_runner::actions::{Settings, pin};
use shipway_workflow::model::Workflow;

use crate::args::LockArgs;
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;
use crate::project::{actions, here};

/// Where workflows are.
const WORKFLOWS: &str = ".github/workflows";

pub(super) async fn lock(args: &LockArgs) -> Result<Exit, CliError> {
    let root = root(&here()?);
    let workflows = workflows(&root)?;
    let old = match read(&root, FILE).map_err(|error| unreadable(FILE, &error))? {
        None => Lock::default(),
        Some(text) => Lock::read(&text).map_err(|problems| {
            let problems: Vec<String> = problems.iter().map(|p| p.render(&text)).collect();
            CliError::usage(problems.join("\n"))
        })?,
    };
    let user = actions()?;
    let settings = Settings { offline: user.offline || args.offline, ..user };
    let tree = Tree { name: None, read: &|path: &str| read(&root, path) };
    let new = pin(&settings, &workflows, tree).await.map_err(|refused| {
        let lines: Vec<String> = refused.iter().map(ToString::to_string).collect();
        CliError::refused(lines.join("\n"))
    })?;
    let changes = old.changes(&new);
    tell(args, &new, &changes)?;
    if args.check {
        return Ok(if changes.is_empty() { Exit::Ok } else { Exit::Failed });
    }
    if !changes.is_empty() || read(&root, FILE).is_ok_and(|text| text.is_none()) {
        write(&root.join(FILE), &new.to_string())
            .map_err(|error| CliError::trouble(format!("cannot write {FILE}: {error}")))?;
    }
    Ok(Exit::Ok)
}

fn tell(args: &LockArgs, lock: &Lock, changes: &[Change]) -> Result<(), CliError> {
    if args.json {
        let pins: serde_json::Map<String, serde_json::Value> = lock
            .iter()
            .map(|(action, revision)| (action.to_string(), json!(revision.to_string())))
            .collect();
        let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
        return print::json(&json!({ "pins": pins, "changes": changes }));
    }
    changes.iter().for_each(|change| print::line(change.to_string()));
    let pinned = print::counted(lock.iter().count(), "action");
    print::line(match (changes.is_empty(), args.check) {
        (true, _) => format!("{FILE} is as it should be: {pinned}"),
        (false, true) => {
            format!("{FILE} is not what the workflows use now; `shipway lock` writes it")
        }
        (false, false) => format!("{FILE} pins {pinned}"),
    });
    Ok(())
}

/// The nearest folder with workflows, or this one.
fn root(here: &Path) -> std::path::PathBuf {
    let with = here.ancestors().find(|folder| folder.join(WORKFLOWS).is_dir());
    with.unwrap_or(here).to_owned()
}

/// Every workflow of the repository.
fn workflows(root: &Path) -> Result<Vec<Workflow>, CliError> {
    let folder = root.join(WORKFLOWS);
    let entries = fs::read_dir(&folder).map_err(|error| unreadable(WORKFLOWS, &error))?;
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| unreadable(WORKFLOWS, &error))?.file_name();
        let name = name.to_string_lossy().into_owned();
        if name.ends_with(".yml") || name.ends_with(".yaml") {
            names.push(format!("{WORKFLOWS}/{name}"));
        }
    }
    names.sort();
    let read = |name: &String| {
        let text = fs::read_to_string(root.join(name)).map_err(|error| unreadable(name, &error))?;
        Workflow::read(name, &text).map_err(|problems| {
            let problems: Vec<String> = problems.iter().map(|p| p.render(&text)).collect();
            CliError::usage(problems.join("\n"))
        })
    };
    names.iter().map(read).collect()
}

fn unreadable(name: &str, error: &io::Error) -> CliError {
    CliError::usage(format!("cannot read {name}: {error}"))
}

/// The text of a file of the repository, or nothing if it is not there.
fn read(root: &Path, path: &str) -> io::Result<Option<String>> {
    match fs::read_to_string(root.join(path)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Writes beside and renames, so that nobody reads half of it.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let part = path.with_extension("lock.part");
    let mut file = fs::File::create(&part)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(part, path)
}

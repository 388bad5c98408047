//! The folders of a job.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Where the job works. The worker creates what is missing, and removes
/// nothing but its own files: the folders belong to whoever named them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folders {
    /// `GITHUB_WORKSPACE`, empty at first.
    pub workspace: PathBuf,
    /// What else is the job's: `RUNNER_TEMP`, tools, actions, the event.
    pub temp: PathBuf,
}

/// What the folder in `RUNNER_TEMP` with the files of a step is called, before
/// its number.
pub(crate) const STEP_FILES: &str = "files-";

impl Folders {
    /// `RUNNER_TEMP`
    pub(crate) fn for_steps(&self) -> PathBuf {
        self.temp.join("_temp")
    }

    /// `RUNNER_TOOL_CACHE`
    pub(crate) fn tools(&self) -> PathBuf {
        self.temp.join("_tool")
    }

    /// `GITHUB_EVENT_PATH`
    pub(crate) fn event_file(&self) -> PathBuf {
        self.temp.join("_github_workflow").join("event.json")
    }

    /// Whether a job has left its folders as the next one may find them:
    /// nothing is there but what every worker makes.
    ///
    /// # Errors
    /// When one of them cannot be read, or is not there.
    pub fn are_as_made(&self) -> io::Result<bool> {
        let (steps, tools, event) = (self.for_steps(), self.tools(), self.event_file());
        let events = event.parent().unwrap_or(&self.temp);
        // Also: none is a link to elsewhere.
        let expected = mode(&self.temp)?;
        for folder in [&self.workspace, &steps, &tools, events] {
            if mode(folder)? != expected {
                return Ok(false);
            }
        }
        Ok(is_empty(&self.workspace)?
            && is_empty(&tools)?
            && names(events)? == ["event.json"]
            && names(&steps)?.iter().all(|name| name.starts_with(STEP_FILES))
            && names(&self.temp)? == ["_github_workflow", "_temp", "_tool"])
    }
}

/// Whether nothing is in a folder, of which there may be much.
fn is_empty(folder: &Path) -> io::Result<bool> {
    Ok(fs::read_dir(folder)?.next().transpose()?.is_none())
}

/// What is in a folder, in order; a name that is no text is none of ours.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let name = |entry: io::Result<fs::DirEntry>| {
        entry.map(|entry| entry.file_name().to_string_lossy().into_owned())
    };
    let mut names = fs::read_dir(folder)?.map(name).collect::<io::Result<Vec<String>>>()?;
    names.sort();
    Ok(names)
}

fn mode(folder: &Path) -> io::Result<u32> {
    Ok(fs::symlink_metadata(folder)?.mode())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn made(dir: &Path) -> Folders {
        let folders = Folders { workspace: dir.join("workspace"), temp: dir.join("temp") };
        let event = folders.event_file();
        let all = [&folders.workspace, &folders.for_steps().join("files-0"), &folders.tools()];
        all.into_iter().for_each(|folder| fs::create_dir_all(folder).unwrap());
        fs::create_dir_all(event.parent().unwrap()).unwrap();
        fs::write(event, "{}").unwrap();
        folders
    }

    #[test]
    fn whatever_a_job_leaves_is_seen() {
        type Leave = fn(&Folders);
        let leaves: [(&str, Leave); 8] = [
            ("a file in the workspace", |of| fs::write(of.workspace.join(".x"), "").unwrap()),
            ("a file in RUNNER_TEMP", |of| fs::write(of.for_steps().join("x"), "").unwrap()),
            ("a tool", |of| fs::create_dir(of.tools().join("node")).unwrap()),
            ("an event", |of| fs::write(of.event_file().with_file_name("x"), "").unwrap()),
            ("an action", |of| fs::create_dir(of.temp.join("_actions")).unwrap()),
            ("no workspace", |of| fs::remove_dir(&of.workspace).unwrap()),
            ("a protected workspace", |of| {
                fs::set_permissions(&of.workspace, fs::Permissions::from_mode(0o500)).unwrap();
            }),
            ("a link", |of| {
                fs::remove_dir(of.tools()).unwrap();
                std::os::unix::fs::symlink(&of.workspace, of.tools()).unwrap();
            }),
        ];
        for (what, leave) in leaves {
            let dir = tempfile::tempdir().unwrap();
            let folders = made(dir.path());
            assert!(folders.are_as_made().unwrap());
            leave(&folders);
            assert!(!folders.are_as_made().unwrap_or(false), "{what}");
        }
    }
}

//! Git repositories to ship: a service, a workflow and `shipway.yaml`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::backend::{NotBuilt, SETTINGS_FILE, Settings, executable};

/// The workflow of [`Repo::with_backend`], as short as one can be.
const WORKFLOW: &str = "\
name: CI
on:
  push:
    branches: [main]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: grep -q ^VERSION= backend.env
";

/// A repository could not be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum RepoError {
    /// A file or folder.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Git refused, or is not there.
    #[error("git {command}: {said}")]
    Git {
        /// Its arguments.
        command: String,
        /// What it said.
        said: String,
    },
    /// There is no program to release.
    #[error(transparent)]
    NotBuilt(#[from] NotBuilt),
}

/// A repository on the branch `main`.
#[derive(Debug)]
pub struct Repo {
    dir: PathBuf,
}

impl Repo {
    /// A repository in `dir`, a folder to be made, with one commit of one
    /// service `web`: the backend, which behaves as `settings` say. Its
    /// environments are `staging`, which follows `main`, and `production`,
    /// which takes what was proven there and asks nobody.
    ///
    /// # Errors
    /// When the backend cannot be built, or files or git fail.
    pub fn with_backend(dir: impl Into<PathBuf>, settings: &Settings) -> Result<Self, RepoError> {
        let program = executable()?;
        let repo = Self::empty(dir)?;
        repo.write("shipway.yaml", &config(&program))?;
        repo.write(".github/workflows/ci.yml", WORKFLOW)?;
        repo.release(settings)?;
        Ok(repo)
    }

    /// A repository in `dir`, a folder to be made, with one commit of a copy
    /// of everything in `folder`.
    ///
    /// # Errors
    /// When files or git fail.
    pub fn from_folder(dir: impl Into<PathBuf>, folder: &Path) -> Result<Self, RepoError> {
        let repo = Self::empty(dir)?;
        copy(folder, &repo.dir)?;
        repo.commit("First version")?;
        Ok(repo)
    }

    /// A repository in `dir`, a folder to be made, without a commit.
    ///
    /// # Errors
    /// When files or git fail.
    pub fn empty(dir: impl Into<PathBuf>) -> Result<Self, RepoError> {
        let dir = dir.into();
        fs::create_dir_all(&dir).map_err(|source| RepoError::File { path: dir.clone(), source })?;
        let repo = Self { dir };
        repo.git(&["init", "--quiet", "--initial-branch", "main"])?;
        Ok(repo)
    }

    /// Its root.
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// Writes a file, with the folders above it. Not committed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &str, text: &str) -> Result<(), RepoError> {
        let path = self.dir.join(path);
        let write = || {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(&path, text)
        };
        write().map_err(|source| RepoError::File { path: path.clone(), source })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, path: &str) -> Result<String, RepoError> {
        let path = self.dir.join(path);
        fs::read_to_string(&path).map_err(|source| RepoError::File { path, source })
    }

    /// Replaces a text that a file has to have. Not committed.
    ///
    /// # Errors
    /// When the file cannot be read or written, or lacks the text.
    pub fn edit(&self, path: &str, from: &str, to: &str) -> Result<(), RepoError> {
        let text = self.read(path)?;
        if !text.contains(from) {
            let source = io::Error::other(format!("`{from}` is not in it"));
            return Err(RepoError::File { path: self.dir.join(path), source });
        }
        self.write(path, &text.replace(from, to))
    }

    /// Commits everything there is, and says the commit's full id.
    ///
    /// # Errors
    /// When git refuses, also when nothing has changed.
    pub fn commit(&self, message: &str) -> Result<String, RepoError> {
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--message", message])?;
        self.head()
    }

    /// Commits a backend that behaves as `settings` say.
    ///
    /// # Errors
    /// As [`Repo::commit`].
    pub fn release(&self, settings: &Settings) -> Result<String, RepoError> {
        self.write(SETTINGS_FILE, &settings.to_file())?;
        self.commit(&format!("Version {}", settings.version))
    }

    /// The full id of the commit that is checked out.
    ///
    /// # Errors
    /// When there is none.
    pub fn head(&self) -> Result<String, RepoError> {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs git here, as a person with a name and no configuration of theirs;
    /// gives what it printed, trimmed.
    ///
    /// # Errors
    /// When git cannot be started or fails.
    pub fn git(&self, arguments: &[&str]) -> Result<String, RepoError> {
        let failed = |said: String| RepoError::Git { command: arguments.join(" "), said };
        let output = Command::new("git")
            .args(["-c", "user.name=Sim", "-c", "user.email=sim@example.org"])
            .args(["-c", "commit.gpgSign=false"])
            .args(arguments)
            .current_dir(&self.dir)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            let said = [output.stdout, output.stderr].concat();
            return Err(failed(String::from_utf8_lossy(&said).trim().to_owned()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// `shipway.yaml` for the backend at `program`, with short times.
fn config(program: &Path) -> String {
    format!(
        "\
project: sim

services:
  web:
    run: {program}
    health:
      path: /health
      interval: 100ms
      start: 5s
    drain: 5s

environments:
  staging:
    branch: main
    rollout:
      blue_green: {{bake: 1s}}
    guard:
      error_rate: {{over: 5%, then: rollback, at_least: 10}}
      probe: {{path: /echo, interval: 50ms}}
  production:
    from: staging
    rollout:
      blue_green: {{bake: 2s}}
    guard:
      error_rate: {{over: 5%, then: rollback, at_least: 10}}
      probe: {{path: /echo, interval: 50ms}}
",
        program = program.display()
    )
}

fn copy(from: &Path, to: &Path) -> Result<(), RepoError> {
    let failed = |path: &Path, source| RepoError::File { path: path.to_owned(), source };
    fs::create_dir_all(to).map_err(|error| failed(to, error))?;
    for entry in fs::read_dir(from).map_err(|error| failed(from, error))? {
        let entry = entry.map_err(|error| failed(from, error))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(|error| failed(&source, error))?;
        if kind.is_dir() {
            copy(&source, &target)?;
        } else {
            // `fs::copy` keeps the mode: a script stays executable.
            fs::copy(&source, &target).map_err(|error| failed(&source, error))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_becomes_a_commit() {
        let folder = tempfile::tempdir().unwrap();
        let repo = Repo::empty(folder.path().join("shop")).unwrap();
        repo.write("a/b.txt", "one").unwrap();
        let first = repo.commit("One").unwrap();
        repo.edit("a/b.txt", "one", "two").unwrap();
        let second = repo.commit("Two").unwrap();
        assert_ne!(first, second);
        assert_eq!(repo.git(&["show", "HEAD:a/b.txt"]).unwrap(), "two");
        assert!(repo.edit("a/b.txt", "three", "four").is_err());
        assert!(repo.commit("Nothing").is_err());
    }

    #[test]
    fn a_folder_is_copied_with_modes() {
        let folder = tempfile::tempdir().unwrap();
        let original = Repo::empty(folder.path().join("original")).unwrap();
        original.write("bin/run", "#!/bin/sh\n").unwrap();
        let status = Command::new("chmod").arg("755").arg(original.path().join("bin/run")).output();
        assert!(status.unwrap().status.success());
        let source = original.path().join("bin");
        let repo = Repo::from_folder(folder.path().join("copy"), &source).unwrap();
        assert!(repo.git(&["ls-files", "--stage"]).unwrap().starts_with("100755 "));
    }
}

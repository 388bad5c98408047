//! The files that a step's program may write to, and what it wrote.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use crate::protocol::{Event, Level, StepIndex};
use crate::worker::file_command::{FILE_MAX, FileCommandError, SUMMARY_MAX, pairs, paths};
use crate::worker::shared::Shared;
use crate::worker::state::State;
use crate::worker::step::Body;

/// Variables that a step may not set for the steps after it: GitHub's list.
const NOT_FOR_LATER: [&str; 1] = ["NODE_OPTIONS"];

/// The files of one step; removed when dropped.
pub(crate) struct StepFiles {
    folder: tempfile::TempDir,
}

/// The variable that names a file, and the file.
const FILES: [(&str, &str); 5] = [
    ("GITHUB_OUTPUT", "output"),
    ("GITHUB_ENV", "env"),
    ("GITHUB_PATH", "path"),
    ("GITHUB_STATE", "state"),
    ("GITHUB_STEP_SUMMARY", "summary"),
];

impl StepFiles {
    /// Creates them, empty, in `folder`.
    pub(crate) fn create(folder: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("files-").tempdir_in(folder)?;
        for (_, name) in FILES {
            fs::write(folder.path().join(name), "")?;
        }
        Ok(Self { folder })
    }

    /// The variables that name them.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, PathBuf)> {
        FILES.into_iter().map(|(variable, name)| (variable, self.folder.path().join(name)))
    }

    /// Applies what the step wrote to the job; its outputs. Every wrong file is
    /// reported; the first message is the error.
    pub(crate) async fn apply(&self, body: &Body<'_>) -> Result<IndexMap<String, String>, String> {
        let (shared, state, step) = (body.shared, &body.run.job.state, body.index);
        let mut first = Ok(());
        let mut outputs = IndexMap::new();
        let mut check = Vec::new();
        match self.read("output") {
            Ok(found) => outputs = found,
            Err(error) => check.push(("output", error)),
        }
        match self.read("env") {
            Ok(found) => set_env(shared, state, step, found).await,
            Err(error) => check.push(("env", error)),
        }
        match self.text("path") {
            Ok(text) => paths(&text).for_each(|folder| state.lock().prepend_path(folder)),
            Err(error) => check.push(("path", error)),
        }
        match self.read("state") {
            Ok(found) => body.run.at.save(found),
            Err(error) => check.push(("state", error)),
        }
        if let Err(error) = self.summary(shared, step).await {
            check.push(("step_summary", error));
        }
        for (name, error) in check {
            let message = format!("Unable to process file command '{name}' successfully. {error}");
            shared.reporter.annotate(Some(step), Level::Error, &message).await;
            first = first.and(Err(message));
        }
        first.map(|()| outputs)
    }

    fn read(&self, name: &str) -> Result<IndexMap<String, String>, String> {
        pairs(&self.text(name)?).map_err(|error| error.to_string())
    }

    /// A file that the step removed says nothing.
    fn text(&self, name: &str) -> Result<String, String> {
        let path = self.folder.path().join(name);
        let length = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        if length > FILE_MAX {
            return Err(FileCommandError::TooLong(length).to_string());
        }
        match fs::read(path) {
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn summary(&self, shared: &Shared, step: StepIndex) -> Result<(), String> {
        let path = self.folder.path().join("summary");
        let length = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        if length > SUMMARY_MAX {
            return Err(FileCommandError::Summary(length).to_string());
        }
        let text = self.text("summary")?;
        if !text.trim().is_empty() {
            let markdown = shared.masker.mask(&text);
            shared.reporter.send(Event::Summary { step, markdown }).await;
        }
        Ok(())
    }
}

async fn set_env(
    shared: &Shared,
    state: &State,
    step: StepIndex,
    variables: IndexMap<String, String>,
) {
    for (name, value) in variables {
        if NOT_FOR_LATER.iter().any(|blocked| name.eq_ignore_ascii_case(blocked)) {
            let message =
                format!("Can't store {name} output parameter using '$GITHUB_ENV' command.");
            shared.reporter.annotate(Some(step), Level::Error, &message).await;
            continue;
        }
        state.lock().env.insert(name, value);
    }
}

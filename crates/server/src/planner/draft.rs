//! Plans before their workflows are read: of those that are remembered nobody may
//! ever want to.

use serde::{Serialize, Serializer};
use shipway_core::ids::CommitId;
use shipway_core::plan::{Plan, PlannedRun};
use shipway_core::run::WorkflowText;

use crate::git::{BlobId, File, GitError, Repository};

/// A plan that is complete but for its workflows' texts. Where two are written alike,
/// so are the plans: git's names stand for the texts.
pub type Draft = Plan<Text>;

/// A workflow's text, which may not have been read yet.
#[derive(Debug, Clone)]
pub struct Text {
    blob: BlobId,
    read: Option<WorkflowText>,
}

impl Text {
    /// It has been read.
    pub(super) fn read(file: &File, text: WorkflowText) -> Self {
        Self { blob: file.blob.clone(), read: Some(text) }
    }

    /// It has not, and can be.
    pub(super) fn unread(file: &File) -> Self {
        Self { blob: file.blob.clone(), read: None }
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.blob.serialize(serializer)
    }
}

/// The plan with its texts.
///
/// # Errors
/// When git fails.
pub fn complete(repository: &Repository, mut draft: Draft) -> Result<Plan, GitError> {
    let runs = std::mem::take(&mut draft.runs);
    let runs = with_texts(repository, &draft.commit.id, runs)?;
    Ok(draft.with_runs(runs))
}

/// Runs for `commit` with their texts; those that have not been read are asked for
/// together.
pub(super) fn with_texts(
    repository: &Repository,
    commit: &CommitId,
    runs: Vec<PlannedRun<Text>>,
) -> Result<Vec<PlannedRun>, GitError> {
    let unread = runs.iter().filter(|run| run.text.read.is_none());
    let files: Vec<File> =
        unread.map(|run| File { path: run.path.clone(), blob: run.text.blob.clone() }).collect();
    let mut asked = repository.texts(commit, &files)?.into_iter().map(WorkflowText::from);
    let of_run = |run: &PlannedRun<Text>| run.text.read.clone().or_else(|| asked.next());
    let texts: Vec<WorkflowText> = runs.iter().filter_map(of_run).collect();
    Ok(runs.into_iter().zip(texts).map(|(run, text)| run.with_text(text)).collect())
}

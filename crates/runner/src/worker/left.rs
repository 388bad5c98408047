//! What a job leaves to the next one of its worker, which is of the same run.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;
use shipway_core::run::WorkflowText;

use crate::protocol::{Folders, JobMessage};
use crate::worker::step_files::StepFiles;

/// What a job leaves to the next one of its worker.
pub(crate) struct Left {
    text: WorkflowText,
    event: Arc<Value>,
    github: Arc<IndexMap<String, Value>>,
    places: Places,
}

/// Folders as a job has left them.
pub(crate) struct Places {
    folders: Folders,
    /// The files of its steps.
    pub(crate) files: Vec<StepFiles>,
    /// How many were made.
    pub(crate) made: usize,
}

impl Left {
    pub(crate) fn by(message: JobMessage, files: Vec<StepFiles>, made: usize) -> Self {
        let JobMessage { workflow, event, folders, contexts, .. } = message;
        let (text, github) = (workflow.text, contexts.github);
        Self { text, event, github, places: Places { folders, files, made } }
    }

    /// Completes the next job of the same run and workflow.
    pub(crate) fn complete(self, next: &mut JobMessage) -> Option<Places> {
        next.workflow.text = self.text;
        next.event = self.event;
        next.contexts.github = self.github;
        self.places.of(&next.folders)
    }

    /// What a job of another workflow finds.
    pub(crate) fn places(self, next: &JobMessage) -> Option<Places> {
        self.places.of(&next.folders)
    }
}

impl Places {
    /// The engine gives a run's folders again only if their job left them as they
    /// were made.
    fn of(self, folders: &Folders) -> Option<Self> {
        (self.folders == *folders).then_some(self)
    }
}

//! `shipway.yaml` as a commit has it.

use std::collections::BTreeSet;

use shipway_core::config::{self, Config, FILE_NAME, Facts, PathKind};
use shipway_core::ids::CommitId;

use crate::git::{GitError, Repository};

use super::PlanError;

/// Which files and folders a commit has.
pub struct CommitFacts {
    files: BTreeSet<String>,
}

impl CommitFacts {
    /// Those of `commit`.
    ///
    /// # Errors
    /// When git fails.
    pub fn new(repository: &Repository, commit: &CommitId) -> Result<Self, GitError> {
        Ok(Self { files: repository.files(commit, ".")?.into_iter().collect() })
    }

    fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        let prefix = if folder == "." { String::new() } else { format!("{folder}/") };
        let from = self.files.range(prefix.clone()..);
        let inside = from.map_while(move |file| file.strip_prefix(prefix.as_str()));
        inside.filter(|rest| !rest.is_empty())
    }
}

impl Facts for CommitFacts {
    fn at(&self, path: &str) -> Option<PathKind> {
        if self.files.contains(path) {
            return Some(PathKind::File);
        }
        let folder = path == "." || self.below(path).next().is_some();
        folder.then_some(PathKind::Folder)
    }

    fn names_in(&self, path: &str) -> Vec<String> {
        let first = |rest: &str| rest.split('/').next().unwrap_or(rest).to_owned();
        self.below(path).map(first).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn expression(&self, text: &str) -> Result<(), String> {
        shipway_checks::policy::check_expression(text).map_err(|error| error.to_string())
    }
}

/// The configuration at a commit.
///
/// # Errors
/// When there is none, or all that is wrong with it.
pub fn at_commit(repository: &Repository, commit: &CommitId) -> Result<Config, PlanError> {
    let text = repository.text(commit, FILE_NAME)?;
    let text = text.ok_or_else(|| PlanError::NoConfig(commit.clone()))?;
    let facts = CommitFacts::new(repository, commit)?;
    config::read(FILE_NAME, &text, &facts).map_err(|problems| {
        PlanError::Wrong(problems.into_iter().map(|problem| (problem, text.clone())).collect())
    })
}

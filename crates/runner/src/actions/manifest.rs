//! `action.yml` of an action, wherever its files are.

use std::io;

use indexmap::IndexMap;
use shipway_workflow::expr::Condition;
use shipway_workflow::model::{Action, Bindings, DockerAction, DockerImage, Runs};

/// An action as it says it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// What it says.
    pub action: Action,
    /// The file, as people find it: `owner/name/path/action.yml@ref`, or the
    /// path in this repository.
    pub file: String,
}

/// Why there is no action.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// No file says what it is.
    #[error("Can't find 'action.yml', 'action.yaml' or 'Dockerfile' under '{0}'.")]
    Missing(String),
    /// The file is wrong: every problem, with its place.
    #[error("{0}")]
    Wrong(String),
    /// The file cannot be read.
    #[error("cannot read {0}: {1}")]
    Io(String, io::Error),
}

impl Manifest {
    /// Reads the action in the folder that people call `shown`. `read` yields
    /// the text of a file of that folder, or nothing if it is not there;
    /// `name` says how people call such a file.
    ///
    /// # Errors
    /// There is none, or it is wrong.
    pub fn read(
        shown: &str,
        name: impl Fn(&str) -> String,
        read: impl Fn(&str) -> io::Result<Option<String>>,
    ) -> Result<Self, ManifestError> {
        let get = |file: &str| read(file).map_err(|error| ManifestError::Io(name(file), error));
        for candidate in ["action.yml", "action.yaml"] {
            let Some(text) = get(candidate)? else { continue };
            let file = name(candidate);
            let action = Action::read(&file, &text).map_err(|problems| {
                let problems: Vec<String> = problems.iter().map(|p| p.render(&text)).collect();
                ManifestError::Wrong(problems.join("\n"))
            })?;
            return Ok(Self { action, file });
        }
        for candidate in ["Dockerfile", "dockerfile"] {
            if get(candidate)?.is_some() {
                return Ok(Self { action: of_dockerfile(candidate), file: name(candidate) });
            }
        }
        Err(ManifestError::Missing(shown.to_owned()))
    }
}

/// A folder with nothing but a Dockerfile is an action, too.
fn of_dockerfile(file: &str) -> Action {
    Action {
        file: file.to_owned(),
        name: None,
        inputs: IndexMap::new(),
        outputs: IndexMap::new(),
        runs: Runs::Docker(Box::new(DockerAction {
            image: DockerImage::Build(file.to_owned()),
            entrypoint: None,
            args: Vec::new(),
            env: Bindings::default(),
            pre_entrypoint: None,
            pre_if: Condition::always(),
            post_entrypoint: None,
            post_if: Condition::always(),
        })),
    }
}

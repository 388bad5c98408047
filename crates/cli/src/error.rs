//! What a command tells a person who cannot have what they asked for.

use std::fmt;

use shipway_server::EngineError;
use shipway_server::follow::FollowError;
use shipway_server::git::GitError;
use shipway_server::inbox::RequestError;
use shipway_server::planner::PlanError;
use shipway_store::StoreError;

use crate::exit::Exit;

/// What went wrong, and how the program ends.
#[derive(Debug)]
pub(crate) struct CliError {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl CliError {
    /// The command or the configuration is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into(), hint: None }
    }

    /// What was asked for is refused.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, message: message.into(), hint: None }
    }

    /// Shipway cannot go on.
    pub(crate) fn trouble(message: impl Into<String>) -> Self {
        Self { exit: Exit::Trouble, message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Excerpts of files begin with the word themselves.
        let head = if self.message.starts_with("error[") { "" } else { "error: " };
        write!(f, "{head}{}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  help: {hint}"),
            None => Ok(()),
        }
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        let hint = error.hint();
        let message = format!("{} [{}]", error, error.code());
        let plain = match error {
            // Nothing is wrong with the machine: the folder named is.
            StoreError::Refused { .. } => Self::usage(message),
            _ => Self::trouble(message),
        };
        if hint.is_empty() { plain } else { plain.hint(hint) }
    }
}

impl From<FollowError> for CliError {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::Store(error) => error.into(),
            error => Self::trouble(error.to_string()),
        }
    }
}

impl From<EngineError> for CliError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(error) => error.into(),
            EngineError::Follow(error) => error.into(),
            error => Self::trouble(error.to_string()),
        }
    }
}

impl From<PlanError> for CliError {
    fn from(error: PlanError) -> Self {
        match error {
            refused @ (PlanError::Older { .. } | PlanError::SkipsRequired { .. }) => {
                Self::refused(refused.to_string())
            }
            error => Self::usage(error.to_string()),
        }
    }
}

impl From<GitError> for CliError {
    fn from(error: GitError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<RequestError> for CliError {
    fn from(error: RequestError) -> Self {
        Self::trouble(error.to_string())
    }
}

impl From<serde_json::Error> for CliError {
    fn from(error: serde_json::Error) -> Self {
        Self::trouble(format!("the answer cannot be written as JSON: {error}"))
    }
}

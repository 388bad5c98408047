//! What a target needs of the engine to run a version: the release's files and
//! the secrets' values.

use std::collections::BTreeMap;
use std::path::PathBuf;

use shipway_core::config::SecretSource;
use shipway_core::release::Artifact;

use crate::App;

/// A secret's value: never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `value` from being shown.
    pub const fn new(value: String) -> Self {
        Self(value)
    }

    /// The value, for the process that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// What a version needs cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum MaterialError {
    /// A secret has no value.
    #[error("the secret `{name}` has no value: {why}")]
    Secret {
        /// Its name in the environment.
        name: String,
        /// What is missing, and where to put it.
        why: String,
    },
    /// The release's files cannot be read or unpacked.
    #[error("release {artifact} cannot be unpacked: {why}")]
    Artifact {
        /// Its digest.
        artifact: String,
        /// What happened.
        why: String,
    },
    /// There is no folder for a service's data.
    #[error("the folder for the data of {app}, {}, cannot be made: {why}", path.display())]
    Data {
        /// The service.
        app: String,
        /// The folder.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
}

/// Gives a target what it needs to run a version.
pub trait Material: Send + Sync {
    /// The artifact, unpacked read-only. The same folder each time.
    ///
    /// # Errors
    /// When it cannot be read or unpacked.
    fn tree(&self, artifact: &Artifact) -> Result<PathBuf, MaterialError>;

    /// A secret's value now.
    ///
    /// # Errors
    /// When it has none.
    fn secret(&self, name: &str, source: &SecretSource) -> Result<Secret, MaterialError>;

    /// What every process of `app` gets in its environment: PATH and the
    /// like, and a folder for data that outlives releases.
    ///
    /// # Errors
    /// When the folder cannot be made.
    fn surroundings(&self, app: &App) -> Result<BTreeMap<String, String>, MaterialError>;
}

//! What versions need to run: their files unpacked, secrets' values, a folder
//! for their data.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use shipway_core::config::SecretSource;
use shipway_core::release::Artifact;
use shipway_store::Store;
use shipway_targets::{App, Material, MaterialError, Secret};

use crate::bundle;
use crate::folders::Folders;

/// What of the engine's environment every process of a release gets.
const PASSED_ON: [&str; 5] = ["PATH", "HOME", "LANG", "TZ", "TMPDIR"];

/// A project's material on this machine.
pub struct ProjectMaterial {
    folders: Folders,
    store: Arc<Store>,
}

impl ProjectMaterial {
    /// Releases from `store`, unpacked under `folders`.
    pub const fn new(folders: Folders, store: Arc<Store>) -> Self {
        Self { folders, store }
    }
}

impl Material for ProjectMaterial {
    fn tree(&self, artifact: &Artifact) -> Result<PathBuf, MaterialError> {
        let digest = artifact.digest();
        let to = self.folders.release(digest);
        if to.is_dir() {
            return Ok(to);
        }
        let failed = |why: String| MaterialError::Artifact { artifact: digest.short(), why };
        let blob = self.store.blobs().open_blob(&digest).map_err(|e| failed(e.to_string()))?;
        bundle::unpack(blob, &to).map_err(|error| failed(error.to_string()))?;
        Ok(to)
    }

    fn secret(&self, name: &str, source: &SecretSource) -> Result<Secret, MaterialError> {
        secret(name, source)
    }

    fn surroundings(&self, app: &App) -> Result<BTreeMap<String, String>, MaterialError> {
        let data = self.folders.service_data(&app.env, &app.service);
        fs::create_dir_all(&data).map_err(|error| MaterialError::Data {
            app: app.to_string(),
            path: data.clone(),
            why: error.to_string(),
        })?;
        let passed = |name: &str| Some((name.to_owned(), std::env::var(name).ok()?));
        let mut env: BTreeMap<_, _> = PASSED_ON.into_iter().filter_map(passed).collect();
        env.insert("SHIPWAY_DATA".to_owned(), data.display().to_string());
        Ok(env)
    }
}

/// A secret's value now, from where `shipway.yaml` says.
///
/// # Errors
/// When the variable is not set or the file not readable.
pub fn secret(name: &str, source: &SecretSource) -> Result<Secret, MaterialError> {
    let missing = |why: String| MaterialError::Secret { name: name.to_owned(), why };
    let value = match source {
        SecretSource::Env(variable) => std::env::var(variable)
            .map_err(|_| missing(format!("set the environment variable {variable}")))?,
        SecretSource::File(path) => {
            let text = fs::read_to_string(path)
                .map_err(|error| missing(format!("file {path}: {error}")))?;
            let value = text.strip_suffix('\n').unwrap_or(&text);
            value.strip_suffix('\r').unwrap_or(value).to_owned()
        }
    };
    Ok(Secret::new(value))
}

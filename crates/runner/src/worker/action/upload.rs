//! `actions/upload-artifact`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::store::{Store, Stored};
use super::{Inputs, flag, text};
use crate::protocol::Level;
use crate::worker::glob::Patterns;
use crate::worker::step::{Body, Ending};

/// What to do when the patterns match nothing.
#[derive(Clone, Copy)]
enum Nothing {
    Warn,
    Fail,
    Ignore,
}

pub(super) async fn run(body: &Body<'_>, inputs: &Inputs) -> Result<Ending, String> {
    let name = text(inputs, "name").unwrap_or("artifact").to_owned();
    let path = text(inputs, "path").ok_or("Input required and not supplied: path")?.to_owned();
    let nothing = match text(inputs, "if-no-files-found").unwrap_or("warn") {
        "warn" => Nothing::Warn,
        "error" => Nothing::Fail,
        "ignore" => Nothing::Ignore,
        other => {
            return Err(format!(
                "input `if-no-files-found` is `warn`, `error` or `ignore`, not `{other}`"
            ));
        }
    };
    let hidden = flag(inputs, "include-hidden-files", false)?;
    let overwrite = flag(inputs, "overwrite", false)?;
    let folders = body.shared.message.folders.clone();
    let said = name.clone();
    // Reading and writing many files blocks.
    let work = tokio::task::spawn_blocking(move || {
        let patterns =
            Patterns::parse(&folders.workspace, path.lines()).map_err(|e| e.to_string())?;
        let files = patterns.files(hidden).map_err(|error| error.to_string())?;
        if files.is_empty() {
            return Ok::<_, String>((path, None));
        }
        let root = root(&patterns, &files);
        let store = Store { folder: &folders.artifacts };
        let stored = store.put(&name, &root, files.iter().map(PathBuf::as_path), overwrite);
        Ok((path, Some((files.len(), stored.map_err(|error| error.to_string())?))))
    });
    let (path, stored) = work.await.map_err(|error| error.to_string())??;
    let (step, reporter) = (Some(body.index), &body.shared.reporter);
    let Some((count, Stored { digest, size })) = stored else {
        let message = format!(
            "No files were found with the provided path: {}. No artifacts will be uploaded.",
            path.lines().collect::<Vec<_>>().join(", ")
        );
        match nothing {
            Nothing::Fail => return Err(message),
            Nothing::Warn => reporter.annotate(step, Level::Warning, &message).await,
            Nothing::Ignore => reporter.say(step, &message).await,
        }
        return Ok(Ending::Success { outputs: IndexMap::new() });
    };
    let message =
        format!("Artifact {said} has been stored: {count} file(s), {size} bytes, sha256:{digest}");
    reporter.say(step, &message).await;
    Ok(Ending::Success { outputs: IndexMap::from([("artifact-digest".to_owned(), digest)]) })
}

/// What the files' paths are relative to: for one file its folder, else the
/// deepest folder that holds all that was searched.
fn root(patterns: &Patterns, files: &BTreeSet<PathBuf>) -> PathBuf {
    let folder = |path: &Path| -> PathBuf {
        match files.contains(path) {
            true => path.parent().unwrap_or(Path::new("/")).to_owned(),
            false => path.to_owned(),
        }
    };
    let folders: BTreeSet<PathBuf> = patterns.bases().map(folder).collect();
    let mut folders = folders.into_iter();
    let first = folders.next().unwrap_or_default();
    folders.fold(first, |common, next| {
        common
            .components()
            .zip(next.components())
            .take_while(|(a, b)| a == b)
            .map(|(a, _)| a)
            .collect()
    })
}

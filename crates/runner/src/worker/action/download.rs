//! `actions/download-artifact`.

use std::path::PathBuf;

use globset::GlobBuilder;
use indexmap::IndexMap;

use super::store::Store;
use super::{Inputs, flag, text};
use crate::worker::step::{Body, Ending};

pub(super) async fn run(body: &Body<'_>, inputs: &Inputs) -> Result<Ending, String> {
    for other in ["run-id", "artifact-ids"] {
        if text(inputs, other).is_some() {
            return Err(format!("not supported yet: input `{other}` of actions/download-artifact"));
        }
    }
    let folders = body.shared.message.folders.clone();
    let target = match text(inputs, "path") {
        Some(path) => crate::worker::glob::clean(&folders.workspace.join(path)),
        None => folders.workspace.clone(),
    };
    let name = text(inputs, "name").map(str::to_owned);
    let pattern = text(inputs, "pattern").map(str::to_owned);
    let merge = flag(inputs, "merge-multiple", false)?;
    let into = target.clone();
    // Reading and writing many files blocks.
    let work = tokio::task::spawn_blocking(move || {
        let store = Store { folder: &folders.artifacts };
        let chosen = choose(&store, name.as_deref(), pattern.as_deref(), merge, into)?;
        for (name, folder) in &chosen {
            store.get(name, folder).map_err(|error| error.to_string())?;
        }
        Ok::<_, String>(chosen)
    });
    for (name, folder) in work.await.map_err(|error| error.to_string())?? {
        let message = format!("Artifact {name} has been unpacked into {}", folder.display());
        body.shared.reporter.say(Some(body.index), &message).await;
    }
    let path = target.display().to_string();
    Ok(Ending::Success { outputs: IndexMap::from([("download-path".to_owned(), path)]) })
}

/// Which artifacts, and where each is to go.
fn choose(
    store: &Store<'_>,
    name: Option<&str>,
    pattern: Option<&str>,
    merge: bool,
    target: PathBuf,
) -> Result<Vec<(String, PathBuf)>, String> {
    let names = store.names().map_err(|error| error.to_string())?;
    if let Some(name) = name {
        if !names.iter().any(|known| known == name) {
            let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(format!(
                "Unable to download artifact(s): Artifact not found for name: {name}. Artifacts of \
                 this run: {known}"
            ));
        }
        return Ok(vec![(name.to_owned(), target)]);
    }
    let glob = GlobBuilder::new(pattern.unwrap_or("*")).build();
    let glob = glob.map_err(|error| format!("input `pattern`: {error}"))?.compile_matcher();
    let chosen = names.into_iter().filter(|name| glob.is_match(name));
    let place = |name: String| {
        let folder = if merge { target.clone() } else { target.join(&name) };
        (name, folder)
    };
    Ok(chosen.map(place).collect())
}

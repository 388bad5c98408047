//! `actions/download-artifact`, of the job's own run.

use std::path::{Path, PathBuf};

use globset::GlobBuilder;
use indexmap::IndexMap;
use shipway_results::archive::{Modes, unpack};
use shipway_results::{Client, Downloaded, FoundArtifact};
use tokio::task::spawn_blocking;

use super::service::service;
use super::{Inputs, flag, text};
use crate::worker::glob::clean;
use crate::worker::step::{Body, Ending};

/// Bytes that one artifact may unpack to.
const MOST_UNPACKED: u64 = 256 << 30;

pub(super) async fn run(body: &Body<'_>, inputs: &Inputs) -> Result<Ending, String> {
    let target = target(body, text(inputs, "path"));
    let merge = flag(inputs, "merge-multiple", false)?;
    let (_, client) = service(body)?;
    let all = client.artifacts().await.map_err(|error| error.to_string())?;
    let chosen = choose(inputs, all)?;
    // A single one that was asked for goes to the folder itself.
    let direct = merge || chosen.named;
    for artifact in &chosen.artifacts {
        let folder = if direct { target.clone() } else { target.join(&artifact.name) };
        let done = tokio::select! {
            done = one(body, &client, artifact, &folder) => done,
            () = body.stop.cancelled() => return Ok(Ending::Stopped),
        };
        done.map_err(|error| format!("Unable to download artifact '{}': {error}", artifact.name))?;
        let message =
            format!("Artifact {} has been unpacked into {}", artifact.name, folder.display());
        body.say(&message).await;
    }
    body.say(&format!("Total of {} artifact(s) downloaded", chosen.artifacts.len())).await;
    let path = target.display().to_string();
    Ok(Ending::Success { outputs: IndexMap::from([("download-path".to_owned(), path)]) })
}

/// Where they go; `~` is the home of whoever runs the job.
fn target(body: &Body<'_>, path: Option<&str>) -> PathBuf {
    let workspace = &body.shared.message.folders.workspace;
    let home = |rest: &str| {
        let home = std::env::var_os("HOME").map(PathBuf::from)?;
        Some(home.join(rest.trim_start_matches('/')))
    };
    let path = body.place().pattern_here(path.unwrap_or_default());
    let in_home = path.strip_prefix('~').and_then(home);
    clean(&in_home.unwrap_or_else(|| workspace.join(path)))
}

/// Which artifacts.
struct Chosen {
    artifacts: Vec<FoundArtifact>,
    /// By its name or its id, exactly one.
    named: bool,
}

fn choose(inputs: &Inputs, all: Vec<FoundArtifact>) -> Result<Chosen, String> {
    let (name, ids) = (text(inputs, "name"), text(inputs, "artifact-ids"));
    if name.is_some() && ids.is_some() {
        return Err(
            "Inputs 'name' and 'artifact-ids' cannot be used together. Please specify only \
                    one."
                .to_owned(),
        );
    }
    let known: Vec<String> = all.iter().map(|artifact| artifact.name.clone()).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    if let Some(name) = name {
        let found = all.into_iter().find(|artifact| artifact.name == name).ok_or_else(|| {
            format!(
                "Unable to download artifact(s): Artifact not found for name: {name}. Artifacts of \
                 this run: {known}"
            )
        })?;
        return Ok(Chosen { artifacts: vec![found], named: true });
    }
    if let Some(ids) = ids {
        let ids = ids.split(',').map(str::trim).filter(|id| !id.is_empty());
        let ids: Result<Vec<u64>, _> = ids.map(str::parse).collect();
        let ids = ids.map_err(|_| "Invalid artifact ID: they are numbers".to_owned())?;
        let mut found = all;
        found.retain(|artifact| ids.contains(&artifact.id));
        if found.is_empty() {
            return Err(format!(
                "None of the provided artifact IDs were found. Artifacts of this run: {known}"
            ));
        }
        return Ok(Chosen { named: ids.len() == 1, artifacts: found });
    }
    let pattern = text(inputs, "pattern").unwrap_or("*");
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    let glob = glob.map_err(|error| format!("input `pattern`: {error}"))?.compile_matcher();
    let artifacts = all.into_iter().filter(|artifact| glob.is_match(&artifact.name)).collect();
    Ok(Chosen { artifacts, named: false })
}

/// Brings one artifact: by way of a file, since an archive is read from its
/// end.
async fn one(
    body: &Body<'_>,
    client: &Client,
    artifact: &FoundArtifact,
    folder: &Path,
) -> Result<(), String> {
    let file = tempfile::tempfile_in(body.shared.temp()).map_err(|error| error.to_string())?;
    let mut file = tokio::fs::File::from_std(file);
    let downloaded = client.download_artifact(artifact, &mut file).await;
    let downloaded = downloaded.map_err(|error| error.to_string())?;
    let (mut file, folder) = (file.into_std().await, folder.to_owned());
    let name = artifact.name.clone();
    let work = spawn_blocking(move || match downloaded {
        Downloaded::Archive => {
            let unpacked = unpack(file, &folder, Modes::Usual, MOST_UNPACKED);
            unpacked.map(drop).map_err(|error| error.to_string())
        }
        Downloaded::File => keep(&mut file, &folder, &name)
            .map_err(|error| format!("cannot write {}: {error}", folder.join(&name).display())),
    });
    work.await.map_err(|error| error.to_string())?
}

/// An artifact that was not archived: the file itself. Its name has no `/`.
fn keep(from: &mut std::fs::File, folder: &Path, name: &str) -> std::io::Result<()> {
    use std::io::{Seek as _, SeekFrom};
    std::fs::create_dir_all(folder)?;
    from.seek(SeekFrom::Start(0))?;
    let mut part = tempfile::NamedTempFile::new_in(folder)?;
    std::io::copy(from, &mut part)?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    part.as_file().set_permissions(mode)?;
    part.persist(folder.join(name))?;
    Ok(())
}

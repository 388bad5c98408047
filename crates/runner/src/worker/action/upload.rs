//! `actions/upload-artifact`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use jiff::{Span, Timestamp};
use shipway_results::archive::{Level, pack};
use shipway_results::{Client, ClientError, Pieces, Source, Uploaded, pieces};
use tokio::task::spawn_blocking;

use super::service::{both, service};
use super::{Inputs, flag, text};
use crate::worker::glob::{Patterns, Walk};
use crate::worker::step::{Body, Ending};

/// What to do when the patterns match nothing.
#[derive(Clone, Copy)]
enum Nothing {
    Warn,
    Fail,
    Ignore,
}

/// The inputs.
struct Wanted {
    name: String,
    path: String,
    nothing: Nothing,
    hidden: bool,
    overwrite: bool,
    level: Level,
    expires_at: Option<Timestamp>,
    /// Otherwise: one file as it is.
    archive: bool,
}

impl Wanted {
    fn read(inputs: &Inputs) -> Result<Self, String> {
        Ok(Self {
            name: text(inputs, "name").unwrap_or("artifact").to_owned(),
            path: text(inputs, "path").ok_or("Input required and not supplied: path")?.to_owned(),
            nothing: nothing(inputs)?,
            hidden: flag(inputs, "include-hidden-files", false)?,
            overwrite: flag(inputs, "overwrite", false)?,
            level: level(inputs)?,
            expires_at: expires_at(inputs)?,
            archive: flag(inputs, "archive", true)?,
        })
    }
}

fn nothing(inputs: &Inputs) -> Result<Nothing, String> {
    match text(inputs, "if-no-files-found").unwrap_or("warn") {
        "warn" => Ok(Nothing::Warn),
        "error" => Ok(Nothing::Fail),
        "ignore" => Ok(Nothing::Ignore),
        other => Err(format!(
            "Unrecognized if-no-files-found input. Provided: {other}. Available options: warn, \
             error, ignore"
        )),
    }
}

fn level(inputs: &Inputs) -> Result<Level, String> {
    let Some(text) = text(inputs, "compression-level") else { return Ok(Level::default()) };
    text.parse()
        .ok()
        .and_then(Level::new)
        .ok_or_else(|| format!("Invalid compression-level. Valid values are 0-9, not `{text}`"))
}

/// From `retention-days`; the service cuts what is too long.
fn expires_at(inputs: &Inputs) -> Result<Option<Timestamp>, String> {
    let Some(text) = text(inputs, "retention-days") else { return Ok(None) };
    let days: i64 = text.parse().map_err(|_| "Invalid retention-days".to_owned())?;
    if days == 0 {
        return Ok(None);
    }
    let hours = Some(days).filter(|days| (1..=36_500).contains(days)).map(|days| days * 24);
    let later = hours.and_then(|hours| Timestamp::now().checked_add(Span::new().hours(hours)).ok());
    later.map(Some).ok_or_else(|| "Invalid retention-days".to_owned())
}

pub(super) async fn run(body: &Body<'_>, inputs: &Inputs) -> Result<Ending, String> {
    let mut wanted = Wanted::read(inputs)?;
    let (_, client) = service(body)?;
    let workspace = body.shared.message.folders.workspace.clone();
    let place = body.place();
    let lines: Vec<String> = wanted.path.lines().map(|l| place.pattern_here(l.trim())).collect();
    let (path, hidden) = (lines.join("\n"), wanted.hidden);
    // Looking for many files blocks.
    let found = spawn_blocking(move || found(&workspace, &path, hidden)).await;
    let (files, root) = found.map_err(|error| error.to_string())??;
    if files.is_empty() {
        return nothing_found(body, &wanted).await;
    }
    if !wanted.archive {
        let [file] = &Vec::from_iter(&files)[..] else {
            return Err("When 'archive' is set to false, only a single file can be uploaded. \
                        Found more than one."
                .to_owned());
        };
        let name = file.file_name().unwrap_or_default();
        wanted.name = name.to_string_lossy().into_owned();
    }
    let count = files.len();
    body.say(&format!("With the provided path, there will be {count} file(s) uploaded")).await;
    if wanted.overwrite && client.delete_artifact(&wanted.name).await.map_err(said)? {
        body.say(&format!("Artifact '{}' was deleted: it is uploaded anew", wanted.name)).await;
    }
    let uploading = upload(&client, &wanted, files, root);
    let (id, uploaded) = tokio::select! {
        done = uploading => done?,
        () = body.stop.cancelled() => return Ok(Ending::Stopped),
    };
    let Uploaded { size, digest } = uploaded;
    let Wanted { name, .. } = wanted;
    body.say(&format!(
        "Artifact {name} has been successfully uploaded! Final size is {size} bytes. Artifact ID \
         is {id}, its digest is {digest}"
    ))
    .await;
    let outputs = [
        ("artifact-id", id.to_string()),
        ("artifact-url", url(body, id)),
        ("artifact-digest", digest.hex()),
    ];
    let outputs = outputs.map(|(name, value)| (name.to_owned(), value));
    Ok(Ending::Success { outputs: IndexMap::from(outputs) })
}

/// The files and the folder that their paths are below.
fn found(
    workspace: &Path,
    path: &str,
    hidden: bool,
) -> Result<(BTreeSet<PathBuf>, PathBuf), String> {
    let patterns = Patterns::parse(workspace, path.lines()).map_err(|e| e.to_string())?;
    let walk = Walk { hidden, follow: true };
    let files = patterns.files(walk).map_err(|error| error.to_string())?;
    let root = root(&patterns, &files);
    Ok((files, root))
}

async fn nothing_found(body: &Body<'_>, wanted: &Wanted) -> Result<Ending, String> {
    let message = format!(
        "No files were found with the provided path: {}. No artifacts will be uploaded.",
        wanted.path.lines().collect::<Vec<_>>().join(", ")
    );
    match wanted.nothing {
        Nothing::Fail => return Err(message),
        Nothing::Warn => body.warn(&message).await,
        Nothing::Ignore => body.say(&message).await,
    }
    Ok(Ending::Success { outputs: IndexMap::new() })
}

/// Writes the archive while it is sent: neither is whole in memory or on disk.
async fn upload(
    client: &Client,
    wanted: &Wanted,
    files: BTreeSet<PathBuf>,
    root: PathBuf,
) -> Result<(u64, Uploaded), String> {
    let (out, source): (Pieces, Source) = pieces();
    let (level, archive) = (wanted.level, wanted.archive);
    let producing = spawn_blocking(move || match files.first() {
        Some(file) if !archive => out.file(file).map_err(|error| error.to_string()),
        _ => {
            let files = files.iter().map(PathBuf::as_path);
            let out = pack(out, &root, files, level).map_err(|error| error.to_string())?;
            out.finish().map_err(|error| error.to_string())
        }
    });
    let media_type = if archive { "application/zip" } else { "application/octet-stream" };
    let sending = client.upload_artifact(&wanted.name, wanted.expires_at, media_type, source);
    let (produced, sent) = tokio::join!(producing, sending);
    let produced = produced.map_err(|error| error.to_string()).and_then(|produced| produced);
    let sent = sent.map_err(|error| match error {
        ClientError::Exists { message } => ClientError::Exists {
            message: format!(
                "Failed to CreateArtifact: {message}: {}. Choose another name, or set `overwrite: \
                 true`",
                wanted.name
            ),
        },
        other => other,
    });
    both(produced, sent).map(|((), sent)| sent)
}

fn said(error: ClientError) -> String {
    error.to_string()
}

/// Where GitHub would show it.
fn url(body: &Body<'_>, id: u64) -> String {
    let message = &body.shared.message;
    let github = |name: &str| {
        message.contexts.github.get(name).and_then(|value| value.as_str()).unwrap_or_default()
    };
    let (server, repository) = (github("server_url"), github("repository"));
    format!("{server}/{repository}/actions/runs/{}/artifacts/{id}", message.run_id)
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

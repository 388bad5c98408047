//! `actions/cache`, and its halves `actions/cache/restore` and
//! `actions/cache/save`. Archives and versions are as the released action makes
//! them, so that each restores what the other saved.

mod archive;
mod keys;

use indexmap::IndexMap;
use shipway_results::{ClientError, FoundCache, pieces};
use tokio::task::spawn_blocking;

use super::service::{both, service};
use super::{Inputs, flag, text};
use crate::worker::step::{Body, Ending, Stage};

use archive::Archive;
use keys::{Keys, paths};

/// Which of the three actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CacheAction {
    /// `actions/cache`: restores, and saves after the job's last step.
    Both,
    /// `actions/cache/restore`
    Restore,
    /// `actions/cache/save`
    Save,
}

/// What is kept from restoring to saving.
const PRIMARY_KEY: &str = "CACHE_KEY";
const MATCHED_KEY: &str = "CACHE_RESULT";

impl CacheAction {
    pub(super) async fn run(self, body: &Body<'_>, inputs: &Inputs) -> Result<Ending, String> {
        match (self, body.run.stage) {
            (Self::Save, _) => {
                let key = text(inputs, "key").ok_or("Input required and not supplied: key")?;
                save(body, inputs, key).await
            }
            (Self::Both, Stage::Post) => {
                let saved = body.run.at.saved();
                let Some(key) = saved.get(PRIMARY_KEY) else { return Ok(done([])) };
                if saved.get(MATCHED_KEY) == Some(key) {
                    let message =
                        format!("Cache hit occurred on the primary key {key}, not saving cache.");
                    body.say(&message).await;
                    return Ok(done([]));
                }
                save(body, inputs, key).await
            }
            (Self::Both | Self::Restore, _) => self.restore(body, inputs).await,
        }
    }

    async fn restore(self, body: &Body<'_>, inputs: &Inputs) -> Result<Ending, String> {
        let keys = Keys::read(inputs)?;
        let paths = paths(inputs)?;
        let (required, only_look) =
            (flag(inputs, "fail-on-cache-miss", false)?, flag(inputs, "lookup-only", false)?);
        if self == Self::Both {
            body.run.at.save([(PRIMARY_KEY.to_owned(), keys.primary().to_owned())]);
        }
        let archive = Archive::of(body, &paths);
        let restored = tokio::select! {
            restored = bring(body, &archive, &keys, only_look) => restored,
            () = body.stop.cancelled() => return Ok(Ending::Stopped),
        };
        let found = match restored {
            Ok(found) => found,
            // A cache is a help, no need: as on GitHub, the job goes on.
            Err(message) => {
                body.warn(&format!("Failed to restore: {message}")).await;
                None
            }
        };
        let primary = ("cache-primary-key", keys.primary().to_owned());
        let Some(FoundCache { key, .. }) = found else {
            if required {
                return Err(format!(
                    "Failed to restore cache entry. Exiting as fail-on-cache-miss is set. Input \
                     key: {}",
                    keys.primary()
                ));
            }
            let all = keys.all().join(", ");
            body.say(&format!("Cache not found for input keys: {all}")).await;
            return Ok(done([primary]));
        };
        let how = if only_look { "Cache found and can be restored" } else { "Cache restored" };
        body.say(&format!("{how} from key: {key}")).await;
        if self == Self::Both {
            body.run.at.save([(MATCHED_KEY.to_owned(), key.clone())]);
        }
        let exact = key == keys.primary();
        Ok(done([("cache-hit", exact.to_string()), primary, ("cache-matched-key", key)]))
    }
}

fn done<const N: usize>(outputs: [(&str, String); N]) -> Ending {
    let outputs = outputs.map(|(name, value)| (name.to_owned(), value));
    Ending::Success { outputs: IndexMap::from(outputs) }
}

/// Looks for an entry and unpacks it. `None`: there is none.
async fn bring(
    body: &Body<'_>,
    archive: &Archive,
    keys: &Keys,
    only_look: bool,
) -> Result<Option<FoundCache>, String> {
    let (services, client) = service(body)?;
    if !services.cache_mode.reads() {
        let mode = services.cache_mode.as_str();
        body.say(&format!("Nothing is restored: the cache mode of this job is `{mode}`")).await;
        return Ok(None);
    }
    let said = |error: ClientError| error.to_string();
    let found = client.find_cache(keys.all(), &archive.version).await.map_err(said)?;
    let Some(found) = found else { return Ok(None) };
    let which = if found.key == keys.primary() { "" } else { "restore-key: " };
    body.say(&format!("Cache hit for: {which}{}", found.key)).await;
    if only_look {
        return Ok(Some(found));
    }
    let folder = tempfile::tempdir_in(body.shared.temp()).map_err(|error| error.to_string())?;
    let path = folder.path().join(archive.file_name());
    let mut file = tokio::fs::File::create(&path).await.map_err(|error| error.to_string())?;
    let size = client.download_cache(&found, &mut file).await.map_err(said)?;
    drop(file);
    body.say(&format!("Cache Size: ~{} MB ({size} B)", size / (1 << 20))).await;
    archive.unpack(body, folder.path()).await?;
    Ok(Some(found))
}

/// Packs and saves. What goes wrong with that is a warning, as on GitHub.
async fn save(body: &Body<'_>, inputs: &Inputs, key: &str) -> Result<Ending, String> {
    let archive = Archive::of(body, &paths(inputs)?);
    let saved = tokio::select! {
        saved = store(body, &archive, key) => saved,
        () = body.stop.cancelled() => return Ok(Ending::Stopped),
    };
    if let Err(message) = saved {
        body.warn(&format!("Failed to save: {message}")).await;
    }
    Ok(done([]))
}

async fn store(body: &Body<'_>, archive: &Archive, key: &str) -> Result<(), String> {
    keys::check(key)?;
    let (services, client) = service(body)?;
    if !services.cache_mode.writes() {
        let mode = services.cache_mode.as_str();
        body.say(&format!("Nothing is saved: the cache mode of this job is `{mode}`")).await;
        return Ok(());
    }
    // Before anything is packed: there often is one.
    let reserved = client.reserve_cache(key, &archive.version).await;
    let saving = match reserved {
        Err(ClientError::Exists { message }) => {
            let why = "another job may be creating this cache";
            body.say(&format!("Unable to reserve cache with key {key}, {why}: {message}")).await;
            return Ok(());
        }
        reserved => reserved.map_err(|error| error.to_string())?,
    };
    let folder = tempfile::tempdir_in(body.shared.temp()).map_err(|error| error.to_string())?;
    let path = archive.pack(body, folder.path()).await?;
    let (out, source) = pieces();
    let reading = spawn_blocking(move || out.file(&path).map_err(|error| error.to_string()));
    let sending = client.save_cache(saving, key, &archive.version, source);
    let (read, sent) = tokio::join!(reading, sending);
    let read = read.map_err(|error| error.to_string()).and_then(|read| read);
    let ((), uploaded) = both(read, sent)?;
    body.say(&format!("Cache saved with key: {key} ({} B)", uploaded.size)).await;
    Ok(())
}

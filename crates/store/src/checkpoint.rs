//! Signed checkpoints: where the journal was at a time, kept where whoever can
//! rewrite the journal cannot rewrite them with it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shipway_core::digest::Digest;
use shipway_core::journal::Seq;
use zeroize::Zeroizing;

use crate::error::StoreError;
use crate::files;
use crate::journal::Journal;

const KEY: &str = "key";
const LOG: &str = "checkpoints.jsonl";

/// Names what is signed; another layout gets another name.
const LAYOUT: &[u8] = b"shipway journal checkpoint 1\n";

/// Says, signed, what the journal's last entry was at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// The journal's id.
    pub journal: String,
    /// The last entry's place.
    pub seq: Seq,
    /// Its hash, which covers every entry before it.
    pub hash: Digest,
    /// When it was signed.
    pub at: Timestamp,
    /// Set when a backup was restored: earlier checkpoints of entries after
    /// `seq` do not count any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restored: bool,
}

impl Checkpoint {
    fn message(&self) -> Vec<u8> {
        let mut message = LAYOUT.to_vec();
        message.extend((self.journal.len() as u64).to_be_bytes());
        message.extend(self.journal.as_bytes());
        message.extend(self.seq.0.to_be_bytes());
        message.extend(self.hash.as_bytes());
        message.extend(self.at.as_nanosecond().to_be_bytes());
        message.push(self.restored.into());
        message
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    checkpoint: Checkpoint,
    /// Ed25519 (RFC 8032), 128 hex digits.
    signature: String,
}

/// The checkpoints of a journal with the key that signs them, in a folder
/// outside the store: `key` (mode 0600) and `checkpoints.jsonl`.
pub struct Checkpoints {
    dir: PathBuf,
    key: SigningKey,
    appending: Mutex<()>,
}

/// What a checkpoint file holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckpointLog {
    /// Those whose signature is right, in the order they were signed.
    pub good: Vec<Checkpoint>,
    /// Lines that are no checkpoint signed by this key.
    pub bad: Vec<BadCheckpoint>,
}

/// A line that is no checkpoint signed by this key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadCheckpoint {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

impl std::fmt::Debug for Checkpoints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checkpoints").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl Checkpoints {
    /// Opens the folder `dir`; makes it, and a key, if they are not there.
    ///
    /// # Errors
    /// [`StoreError::BadKey`] when the key cannot be used; when the folder
    /// cannot be written.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        files::make_dir(dir)?;
        let path = dir.join(KEY);
        if !fs::exists(&path).map_err(|error| StoreError::io("looking for", &path, &error))? {
            make_key(&path)?;
        }
        let key = read_key(&path)?;
        Ok(Self { dir: dir.to_owned(), key, appending: Mutex::new(()) })
    }

    /// The key that checks the signatures, as 64 hex digits: noted elsewhere,
    /// it shows that the key file was exchanged.
    pub fn public_key(&self) -> String {
        hex(self.key.verifying_key().as_bytes())
    }

    /// Makes the journal durable and signs its head. `None` when it is empty.
    ///
    /// # Errors
    /// When the journal cannot be read or synced, or the file written.
    pub fn sign(
        &self,
        journal: &dyn Journal,
        at: Timestamp,
    ) -> Result<Option<Checkpoint>, StoreError> {
        self.append(journal, at, false)
    }

    /// Signs that the journal's head is what a restored backup had: earlier
    /// checkpoints of later entries do not count any more.
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    pub fn sign_restored(
        &self,
        journal: &dyn Journal,
        at: Timestamp,
    ) -> Result<Option<Checkpoint>, StoreError> {
        self.append(journal, at, true)
    }

    fn append(
        &self,
        journal: &dyn Journal,
        at: Timestamp,
        restored: bool,
    ) -> Result<Option<Checkpoint>, StoreError> {
        let head = journal.head()?;
        if head.seq == Seq(0) {
            return Ok(None);
        }
        // Or a power cut would look like a truncation.
        journal.flush()?;
        let journal = journal.id().to_owned();
        let checkpoint = Checkpoint { journal, seq: head.seq, hash: head.hash, at, restored };
        let signature = hex(&self.key.sign(&checkpoint.message()).to_bytes());
        let line = Line { checkpoint, signature };
        let mut text = serde_json::to_string(&line)
            .map_err(|error| StoreError::Unfit { what: "a checkpoint", why: error.to_string() })?;
        text.push('\n');
        self.append_line(&text)?;
        Ok(Some(line.checkpoint))
    }

    /// Appends a line, durably, in place of one that a crash cut short.
    fn append_line(&self, line: &str) -> Result<(), StoreError> {
        let _guard = self.appending.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.dir.join(LOG);
        let new =
            !fs::exists(&path).map_err(|error| StoreError::io("looking for", &path, &error))?;
        let write = || -> io::Result<()> {
            let mut file = OpenOptions::new().read(true).append(true).create(true).open(&path)?;
            file.lock()?;
            cut_torn_line(&mut file)?;
            file.write_all(line.as_bytes())?;
            file.sync_all()
        };
        write().map_err(|error| StoreError::io("writing", &path, &error))?;
        if new { files::sync_dir(&self.dir) } else { Ok(()) }
    }

    /// Reads the checkpoints and checks their signatures.
    ///
    /// # Errors
    /// When the file cannot be read. A missing file has no checkpoints.
    pub fn read(&self) -> Result<CheckpointLog, StoreError> {
        let path = self.dir.join(LOG);
        let mut log = CheckpointLog::default();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(log),
            Err(error) => return Err(StoreError::io("reading", &path, &error)),
        };
        let key = self.key.verifying_key();
        for (line, bytes) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            // A crash cut the last line short: it was never acknowledged.
            let Some(bytes) = bytes.strip_suffix(b"\n") else { continue };
            match check_line(&key, bytes) {
                Ok(checkpoint) => log.good.push(checkpoint),
                Err(why) => log.bad.push(BadCheckpoint { line: line + 1, why }),
            }
        }
        Ok(log)
    }

    /// Copies the checkpoints, without the key, to `file`.
    pub(crate) fn copy_log(&self, file: &Path) -> Result<bool, StoreError> {
        let log = self.dir.join(LOG);
        match fs::copy(&log, file).and_then(|_| File::open(file)?.sync_all()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StoreError::io("copying to", file, &error)),
        }
    }
}

fn cut_torn_line(file: &mut File) -> io::Result<()> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    if whole < bytes.len() { file.set_len(whole as u64) } else { Ok(()) }
}

fn check_line(key: &VerifyingKey, bytes: &[u8]) -> Result<Checkpoint, String> {
    let line: Line = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let signature = unhex::<64>(&line.signature).ok_or("its signature is not 128 hex digits")?;
    key.verify_strict(&line.checkpoint.message(), &Signature::from_bytes(&signature))
        .map_err(|_| "its signature does not fit this key and what it says".to_owned())?;
    Ok(line.checkpoint)
}

fn make_key(path: &Path) -> Result<(), StoreError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut()).map_err(|error| StoreError::Io {
        doing: "drawing random bytes for",
        path: path.to_owned(),
        why: error.to_string(),
    })?;
    let text = Zeroizing::new(hex(seed.as_ref()) + "\n");
    // If another process was faster, its key is the one.
    files::create_private(path, text.as_bytes()).map(drop)
}

fn read_key(path: &Path) -> Result<SigningKey, StoreError> {
    let bad = |why: String| StoreError::BadKey { path: path.to_owned(), why };
    check_mode(path)?;
    let text = fs::read_to_string(path).map_err(|error| StoreError::io("reading", path, &error))?;
    let text = Zeroizing::new(text);
    let seed = unhex::<32>(text.trim_end()).map(Zeroizing::new);
    let seed = seed.ok_or_else(|| bad("it does not hold 64 hex digits".to_owned()))?;
    Ok(SigningKey::from_bytes(&seed))
}

#[cfg(unix)]
fn check_mode(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt as _;
    let meta = fs::metadata(path).map_err(|error| StoreError::io("reading", path, &error))?;
    let mode = meta.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let why = format!("others may read it (mode {mode:03o}): run `chmod 600` on it");
    Err(StoreError::BadKey { path: path.to_owned(), why })
}

#[cfg(not(unix))]
fn check_mode(_path: &Path) -> Result<(), StoreError> {
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

//! What can go wrong with a store, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why a store could not do what it was asked. Nothing that was acknowledged
/// before is lost by any of these, unless the variant says so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no store in the folder.
    #[error("there is no journal at {}", path.display())]
    NotFound {
        /// Where the journal was looked for.
        path: PathBuf,
    },
    /// There is a store in the folder already.
    #[error("there is a journal at {} already", path.display())]
    AlreadyExists {
        /// Where the journal is.
        path: PathBuf,
    },
    /// The file is of a newer format than this build reads.
    #[error(
        "the journal at {} has format {found}; this build of Shipway knows formats up to {known}",
        path.display()
    )]
    NewerFormat {
        /// The journal.
        path: PathBuf,
        /// The format it is written in.
        found: u32,
        /// The newest format this build reads.
        known: u32,
    },
    /// The file is no journal of Shipway's.
    #[error("{} is not a journal: {why}", path.display())]
    NotAJournal {
        /// The file.
        path: PathBuf,
        /// What it has instead.
        why: String,
    },
    /// The file is damaged.
    #[error("the journal at {} is damaged: {why}", path.display())]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// What the database found.
        why: String,
    },
    /// An entry cannot be read as one.
    #[error("entry {seq} of the journal cannot be read: {why}")]
    UnreadableEntry {
        /// Its place in the journal.
        seq: u64,
        /// Which column, and what it holds.
        why: String,
    },
    /// The folder or file cannot be written.
    #[error("{} cannot be written: {why}", path.display())]
    ReadOnly {
        /// The journal or file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// The file system has no room. What was being written is not in the store.
    #[error("no space left for {}", path.display())]
    DiskFull {
        /// The journal or file.
        path: PathBuf,
    },
    /// Another process held the journal's lock for too long.
    #[error("the journal at {} is locked by another process", path.display())]
    Busy {
        /// The journal.
        path: PathBuf,
    },
    /// The system could not make written data durable. What was acknowledged
    /// as durable before is; the store refuses to write until it is reopened,
    /// because a later success would not mean that this data reached the disk.
    #[error("data written to {} could not be made durable: {why}", path.display())]
    SyncFailed {
        /// The journal.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// The store is being closed.
    #[error("the journal at {} is closed", path.display())]
    Closed {
        /// The journal.
        path: PathBuf,
    },
    /// A value does not fit the format.
    #[error("{what} does not fit the journal's format: {why}")]
    Unfit {
        /// Which value.
        what: &'static str,
        /// Why not.
        why: String,
    },
    /// A blob's bytes are not those its name promises.
    #[error("the blob {digest} at {} is damaged: its bytes have another digest", path.display())]
    DamagedBlob {
        /// Its digest, as named.
        digest: String,
        /// Its file.
        path: PathBuf,
    },
    /// There is no such blob.
    #[error("there is no blob {digest}")]
    NoSuchBlob {
        /// The digest asked for.
        digest: String,
    },
    /// A key or checkpoint file cannot be used.
    #[error("{} cannot be used: {why}", path.display())]
    BadKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A backup or restore was refused.
    #[error("{} was left as it is: {why}", path.display())]
    Refused {
        /// The folder that would have been written.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Any other failure of the file system.
    #[error("{doing} {}: {why}", path.display())]
    Io {
        /// What was being done, for example `writing`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// Any other failure of the database.
    #[error("the journal at {}: {why}", path.display())]
    Database {
        /// The journal.
        path: PathBuf,
        /// What the database said.
        why: String,
    },
}

impl StoreError {
    /// A name for scripts and for `--json`; never changes its meaning.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "store.not_found",
            Self::AlreadyExists { .. } => "store.already_exists",
            Self::NewerFormat { .. } => "store.newer_format",
            Self::NotAJournal { .. } => "store.not_a_journal",
            Self::Damaged { .. } => "store.damaged",
            Self::UnreadableEntry { .. } => "store.unreadable_entry",
            Self::ReadOnly { .. } => "store.read_only",
            Self::DiskFull { .. } => "store.disk_full",
            Self::Busy { .. } => "store.busy",
            Self::SyncFailed { .. } => "store.sync_failed",
            Self::Closed { .. } => "store.closed",
            Self::Unfit { .. } => "store.unfit",
            Self::DamagedBlob { .. } => "store.damaged_blob",
            Self::NoSuchBlob { .. } => "store.no_such_blob",
            Self::BadKey { .. } => "store.bad_key",
            Self::Refused { .. } => "store.refused",
            Self::Io { .. } => "store.io",
            Self::Database { .. } => "store.database",
        }
    }

    /// What a person can do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "run `shipway ship` or `shipway run` first: it makes one",
            Self::AlreadyExists { .. } => "open it, or choose another folder",
            Self::NewerFormat { .. } => {
                "use the newer Shipway that wrote it; this one has not touched it"
            }
            Self::NotAJournal { .. } => "move the file away, or choose another folder",
            Self::Damaged { .. } | Self::UnreadableEntry { .. } => {
                "run `shipway audit verify` to see which entries are wrong, \
                 and `shipway restore` to go back to a backup"
            }
            Self::ReadOnly { .. } => {
                "check the folder's owner and mode, and that its file system is mounted writable"
            }
            Self::DiskFull { .. } => {
                "free some space (`shipway gc` removes what is no longer needed) and try again; \
                 what was acknowledged before is safe"
            }
            Self::Busy { .. } => "wait for the other command to end, then try again",
            Self::SyncFailed { .. } => {
                "check the disk (`dmesg` names the device), then start Shipway again"
            }
            Self::Closed { .. } => "open the store again",
            Self::Unfit { .. } => "this is a mistake in Shipway: please report it",
            Self::DamagedBlob { .. } => "restore it from a backup, or run what made it again",
            Self::NoSuchBlob { .. } => "it was removed by `shipway gc`, or never stored here",
            Self::BadKey { .. } => "restore the file from a backup; checkpoints need its key",
            Self::Refused { .. } => {
                "name an empty folder; `restore` replaces what is there with --force"
            }
            Self::Io { .. } | Self::Database { .. } => {
                "check the disk and the folder's permissions, then try again"
            }
        }
    }

    /// What a failed call of the file system means for `path`.
    pub(crate) fn io(doing: &'static str, path: &Path, error: &io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                Self::ReadOnly { path, why: error.to_string() }
            }
            _ => Self::Io { doing, path, why: error.to_string() },
        }
    }

    /// What a failed call of the database means for the journal at `path`.
    pub(crate) fn sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let (path, why) = (path.to_owned(), error.to_string());
        let rusqlite::Error::SqliteFailure(failure, _) = error else {
            return Self::Database { path, why };
        };
        if failure.extended_code == rusqlite::ffi::SQLITE_IOERR_FSYNC {
            return Self::SyncFailed { path, why };
        }
        match failure.code {
            ErrorCode::DiskFull => Self::DiskFull { path },
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy { path },
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen => {
                Self::ReadOnly { path, why }
            }
            ErrorCode::NotADatabase => Self::NotAJournal { path, why },
            ErrorCode::DatabaseCorrupt => Self::Damaged { path, why },
            _ => Self::Database { path, why },
        }
    }
}

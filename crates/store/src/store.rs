//! A store's folder: `journal.db` and `blobs/`.

use std::path::{Path, PathBuf};

use crate::blobs::Blobs;
use crate::error::StoreError;
use crate::files;
use crate::sqlite::{Options, SqliteJournal};

const JOURNAL: &str = "journal.db";
const BLOBS: &str = "blobs";

/// A project's journal and blobs, in one folder.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    journal: SqliteJournal,
    blobs: Blobs,
}

impl Store {
    /// Makes a store in `dir`; the folder is made if it is not there.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`]; when the folder cannot be written.
    pub fn create(dir: &Path) -> Result<Self, StoreError> {
        Self::create_with(dir, Options::default())
    }

    /// As [`create`](Self::create), with options.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_with(dir: &Path, options: Options) -> Result<Self, StoreError> {
        files::make_dir(dir)?;
        let journal = SqliteJournal::create(&journal_path(dir), options)?;
        files::sync_dir(dir)?;
        Self::assemble(dir, journal)
    }

    /// Opens the store in `dir`.
    ///
    /// # Errors
    /// As [`SqliteJournal::open`].
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        Self::open_with(dir, Options::default())
    }

    /// As [`open`](Self::open), with options.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(dir: &Path, options: Options) -> Result<Self, StoreError> {
        Self::assemble(dir, SqliteJournal::open(&journal_path(dir), options)?)
    }

    /// Opens the store in `dir`, or makes one.
    ///
    /// # Errors
    /// As [`open`](Self::open) and [`create`](Self::create).
    pub fn open_or_create(dir: &Path) -> Result<Self, StoreError> {
        match Self::open(dir) {
            Err(StoreError::NotFound { .. }) => match Self::create(dir) {
                // Another process was faster.
                Err(StoreError::AlreadyExists { .. }) => Self::open(dir),
                created => created,
            },
            opened => opened,
        }
    }

    fn assemble(dir: &Path, journal: SqliteJournal) -> Result<Self, StoreError> {
        let blobs = Blobs::open(dir.join(BLOBS))?;
        Ok(Self { dir: dir.to_owned(), journal, blobs })
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The journal.
    pub const fn journal(&self) -> &SqliteJournal {
        &self.journal
    }

    /// The blobs.
    pub const fn blobs(&self) -> &Blobs {
        &self.blobs
    }
}

/// Where the journal of the store in `dir` is.
pub(crate) fn journal_path(dir: &Path) -> PathBuf {
    dir.join(JOURNAL)
}

//! The journal as an SQLite database in a folder of its own.

mod append;
mod copy;
mod erase;
mod inbox;
mod lease;
mod pool;
mod read;
mod schema;
mod snapshot;
mod writer;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;
use shipway_core::journal::{Entry, Seq, StreamId, Version};

use crate::error::StoreError;
use crate::holder::Holder;
use crate::inbox::{Input, InputId, InputPos, InputStatus, SubmitError, Submitted};
use crate::journal::{
    AcquireError, AppendError, Batch, ChangeMark, Durability, Epoch, EraseError, Head, Held,
    Journal, OwnerError, Snapshot, StreamHead,
};

use pool::Pool;
pub use schema::FORMAT;
use writer::Writer;
pub(crate) use writer::log_of;

/// Tells the time that leases are judged by. Processes that share a journal
/// have to agree on it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How a journal is opened.
#[derive(Clone)]
pub struct Options {
    /// The system's clock unless a test turns its own.
    pub clock: Clock,
    /// Refuse to let the journal's file grow over this many pages of 4 KiB,
    /// as if the disk were full.
    pub max_pages: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self { clock: Arc::new(Timestamp::now), max_pages: None }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("max_pages", &self.max_pages).finish_non_exhaustive()
    }
}

/// A journal in an SQLite database (write-ahead log; one connection writes,
/// reads go beside it).
pub struct SqliteJournal {
    path: PathBuf,
    id: String,
    clock: Clock,
    // Before the writer, so that they end first: a long log is folded into the file
    // by the writer alone, when it is the last to close.
    readers: Pool,
    writer: Writer,
}

impl SqliteJournal {
    /// Makes a journal at `path`, which must not exist.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`]; when the folder cannot be written.
    pub fn create(path: &Path, options: Options) -> Result<Self, StoreError> {
        if schema::inspect(path)? == schema::Found::Journal {
            return Err(StoreError::AlreadyExists { path: path.to_owned() });
        }
        schema::create(path)?;
        Self::open(path, options)
    }

    /// Opens the journal at `path`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NewerFormat`] (then the file
    /// was not touched), [`StoreError::NotAJournal`], [`StoreError::Damaged`],
    /// [`StoreError::ReadOnly`].
    pub fn open(path: &Path, options: Options) -> Result<Self, StoreError> {
        if schema::inspect(path)? == schema::Found::Nothing && !log_exists(path) {
            return Err(StoreError::NotFound { path: path.to_owned() });
        }
        let db = schema::open_writer(path)?;
        let failed = |error| StoreError::sqlite(path, &error);
        if let Some(pages) = options.max_pages {
            db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
                .map_err(failed)?;
        }
        let id = db.query_row("SELECT id FROM journal", [], |row| row.get(0)).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            id,
            clock: options.clock,
            readers: Pool::new(path)?,
            writer: Writer::start(path, db)?,
        })
    }

    /// The database's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn read_with<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.readers.with(work)
    }
}

impl fmt::Debug for SqliteJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteJournal").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Whether there is a log beside the file that may hold all of it: the making
/// was cut short after the first commit.
fn log_exists(path: &Path) -> bool {
    std::fs::metadata(log_of(path)).is_ok_and(|log| log.len() > 0)
}

impl Journal for SqliteJournal {
    fn id(&self) -> &str {
        &self.id
    }

    fn acquire(&self, holder: &Holder, ttl: Duration) -> Result<Epoch, AcquireError> {
        let (at, holder, now) = (self.path.clone(), holder.clone(), (self.clock)());
        self.writer.write(Durability::Grouped, move |db| lease::acquire(&at, db, &holder, now, ttl))
    }

    fn renew(&self, epoch: Epoch, ttl: Duration) -> Result<(), OwnerError> {
        let (at, now) = (self.path.clone(), (self.clock)());
        self.writer.write(Durability::Grouped, move |db| lease::renew(&at, db, epoch, now, ttl))
    }

    fn release(&self, epoch: Epoch) -> Result<(), OwnerError> {
        let at = self.path.clone();
        self.writer.write(Durability::Grouped, move |db| lease::release(&at, db, epoch))
    }

    fn owner(&self) -> Result<Option<Held>, StoreError> {
        self.read_with(|db| lease::owner(&self.path, db))
    }

    fn append(
        &self,
        epoch: Epoch,
        batch: Batch,
        durability: Durability,
    ) -> Result<Vec<Entry>, AppendError> {
        let at = self.path.clone();
        self.writer.write(durability, move |db| append::append(&at, db, epoch, batch))
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.writer.write(Durability::Durable, |_| Ok(()))
    }

    fn head(&self) -> Result<Head, StoreError> {
        self.read_with(|db| read::head(&self.path, db))
    }

    fn streams(&self) -> Result<Vec<StreamHead>, StoreError> {
        self.read_with(|db| read::streams(&self.path, db))
    }

    fn read(&self, from: Seq, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.read_with(|db| read::from_seq(&self.path, db, from, limit))
    }

    fn read_stream(&self, stream: &StreamId, from: Version) -> Result<Vec<Entry>, StoreError> {
        self.read_with(|db| read::of_stream(&self.path, db, stream, from))
    }

    fn last_at_or_before(&self, at: Timestamp) -> Result<Option<Entry>, StoreError> {
        self.read_with(|db| read::last_at_or_before(&self.path, db, at))
    }

    fn change_mark(&self) -> Result<ChangeMark, StoreError> {
        self.readers.data_version().map(ChangeMark::new)
    }

    fn submit(&self, input: &Input) -> Result<Submitted, SubmitError> {
        let (at, input) = (self.path.clone(), input.clone());
        self.writer.write(Durability::Durable, move |db| inbox::submit(&at, db, &input))
    }

    fn take_inputs(
        &self,
        after: InputPos,
        limit: usize,
    ) -> Result<Vec<(InputPos, Input)>, StoreError> {
        self.read_with(|db| inbox::take(&self.path, db, after, limit))
    }

    fn input_status(&self, id: &InputId) -> Result<Option<InputStatus>, StoreError> {
        self.read_with(|db| inbox::status(&self.path, db, id))
    }

    fn put_snapshot(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let (at, snapshot) = (self.path.clone(), snapshot.clone());
        self.writer.write(Durability::Grouped, move |db| snapshot::put(&at, db, &snapshot))
    }

    fn get_snapshot(&self, view: &str, schema: u32) -> Result<Option<Snapshot>, StoreError> {
        self.read_with(|db| snapshot::get(&self.path, db, view, schema))
    }

    fn drop_snapshots(&self) -> Result<(), StoreError> {
        let at = self.path.clone();
        self.writer.write(Durability::Grouped, move |db| snapshot::drop_all(&at, db))
    }

    fn erase(&self, epoch: Epoch, seq: Seq) -> Result<(), EraseError> {
        let at = self.path.clone();
        self.writer.write(Durability::Durable, move |db| erase::erase(&at, db, epoch, seq))?;
        Ok(erase::purge_log(&self.path)?)
    }
}

//! What a journal can do: the trait that every store implements.

use std::time::Duration;

use jiff::Timestamp;
use shipway_core::digest::Digest;
use shipway_core::journal::{Entry, NewEntry, Seq, StreamId, Version};

use crate::error::StoreError;
use crate::holder::Holder;
use crate::inbox::{Input, InputId, InputPos, InputStatus, Settled, SubmitError, Submitted};

/// An append-only, hash-chained log with an owner and an inbox.
///
/// Methods block; call them where blocking is allowed. One process owns the
/// journal (by [`acquire`](Self::acquire)) and appends; any other may read
/// and [`submit`](Self::submit) inputs.
pub trait Journal: Send + Sync {
    /// The journal's name, random, given when it was made. Checkpoints carry
    /// it.
    fn id(&self) -> &str;

    /// Takes the ownership for `ttl`. A lease whose time is over, or whose
    /// holder is known to be dead, is taken over at once. As durable as what
    /// its holder appends: a power failure before that has ended the holder,
    /// and nobody has seen its epoch.
    ///
    /// # Errors
    /// [`AcquireError::Held`] while another holder has it.
    fn acquire(&self, holder: &Holder, ttl: Duration) -> Result<Epoch, AcquireError>;

    /// Makes the lease last for `ttl` from now.
    ///
    /// # Errors
    /// [`OwnerError::Lost`] if the lease was released or taken over.
    fn renew(&self, epoch: Epoch, ttl: Duration) -> Result<(), OwnerError>;

    /// Gives the ownership back.
    ///
    /// # Errors
    /// [`OwnerError::Lost`] if the lease was released or taken over.
    fn release(&self, epoch: Epoch) -> Result<(), OwnerError>;

    /// Who holds the journal, if anyone: also a holder that is dead or late,
    /// until another takes over.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn owner(&self) -> Result<Option<Held>, StoreError>;

    /// Appends the whole batch in one transaction, or nothing of it, and
    /// settles the inputs it follows from in the same transaction.
    ///
    /// # Errors
    /// [`AppendError::Lost`] when `epoch` no longer owns the journal,
    /// [`AppendError::Conflict`] when a stream is not at the version the
    /// caller expected: read it and decide anew.
    fn append(
        &self,
        epoch: Epoch,
        batch: Batch,
        durability: Durability,
    ) -> Result<Vec<Entry>, AppendError>;

    /// Makes everything durable that can be read now, by whomever it was
    /// appended.
    ///
    /// # Errors
    /// When the store cannot be synced.
    fn flush(&self) -> Result<(), StoreError>;

    /// The last entry's place and hash.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn head(&self) -> Result<Head, StoreError>;

    /// Every stream with its version, by name.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn streams(&self) -> Result<Vec<StreamHead>, StoreError>;

    /// At most `limit` entries from `from` on, in order.
    ///
    /// # Errors
    /// When the store, or one of the entries, cannot be read.
    fn read(&self, from: Seq, limit: usize) -> Result<Vec<Entry>, StoreError>;

    /// The entries of one stream from version `from` on, in order.
    ///
    /// # Errors
    /// When the store, or one of the entries, cannot be read.
    fn read_stream(&self, stream: &StreamId, from: Version) -> Result<Vec<Entry>, StoreError>;

    /// The last entry, by place, that happened at `at` or before.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn last_at_or_before(&self, at: Timestamp) -> Result<Option<Entry>, StoreError>;

    /// A mark for [`changed_since`](Self::changed_since). Take it before
    /// reading, so that what comes in meanwhile is not missed. It means
    /// something only to the value it was taken from.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn change_mark(&self) -> Result<ChangeMark, StoreError>;

    /// Whether any process may have written anything (entries, inputs, the
    /// lease) since `mark`. Cheap enough to ask many times a second.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn changed_since(&self, mark: ChangeMark) -> Result<bool, StoreError> {
        Ok(self.change_mark()? != mark)
    }

    /// Puts an input into the inbox, durably. Open to every process. An input
    /// that comes again is recognised by its id.
    ///
    /// # Errors
    /// [`SubmitError::IdTaken`] when another input has this id.
    fn submit(&self, input: &Input) -> Result<Submitted, SubmitError>;

    /// At most `limit` inputs after `after` that are still pending, in the
    /// order they came. They stay pending until an [`append`](Self::append)
    /// settles them.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn take_inputs(
        &self,
        after: InputPos,
        limit: usize,
    ) -> Result<Vec<(InputPos, Input)>, StoreError>;

    /// What became of an input; `None` if there is none with this id.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn input_status(&self, id: &InputId) -> Result<Option<InputStatus>, StoreError>;

    /// Keeps a view's state, in place of the one before. Not durable by
    /// itself: a snapshot may be lost, and the view is folded again.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn put_snapshot(&self, snapshot: &Snapshot) -> Result<(), StoreError>;

    /// The state kept for a view, if it has this schema version.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn get_snapshot(&self, view: &str, schema: u32) -> Result<Option<Snapshot>, StoreError>;

    /// Forgets every view's state.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn drop_snapshots(&self) -> Result<(), StoreError>;

    /// Removes an entry's payload for good, and that of the input it followed
    /// from, and all snapshots (they may hold it). The chain still verifies.
    /// Durable. Erasing twice is the same as once.
    ///
    /// # Errors
    /// [`EraseError::NoSuchEntry`], [`EraseError::Lost`].
    fn erase(&self, epoch: Epoch, seq: Seq) -> Result<(), EraseError>;
}

/// One ownership of a journal. A later one is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

/// Who holds a journal, and until when.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the journal is held by {by} until {until}")]
pub struct Held {
    /// The holder.
    pub by: Holder,
    /// When its lease ends unless it renews.
    pub until: Timestamp,
    /// Its epoch.
    pub epoch: Epoch,
}

/// The caller's epoch owns the journal no more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "this process no longer owns the journal (it had epoch {}, now is epoch {}{})",
    had.0,
    now.0,
    by.as_ref().map(|by| format!(", held by {by}")).unwrap_or_default()
)]
pub struct LostOwnership {
    /// The caller's epoch.
    pub had: Epoch,
    /// The newest epoch.
    pub now: Epoch,
    /// Who holds it, if anyone.
    pub by: Option<Holder>,
}

/// Why the ownership was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AcquireError {
    /// Another has it.
    #[error(transparent)]
    Held(Box<Held>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an owner's call was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OwnerError {
    /// The caller is not the owner any more.
    #[error(transparent)]
    Lost(Box<LostOwnership>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Entries for one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// The stream.
    pub stream: StreamId,
    /// How many entries the caller believes it to have.
    pub expected: Version,
    /// What to append, in order.
    pub entries: Vec<NewEntry>,
}

/// What is appended, and settled, together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// Entries by stream. A stream may come twice; the later expectation then
    /// counts the earlier entries.
    pub appends: Vec<Append>,
    /// The inputs that are settled by this.
    pub settled: Vec<Settled>,
}

impl Batch {
    /// Entries for one stream, settling nothing.
    pub fn of(stream: StreamId, expected: Version, entries: Vec<NewEntry>) -> Self {
        Self { appends: vec![Append { stream, expected, entries }], settled: Vec::new() }
    }
}

/// When an append may return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// On the disk: survives a power cut. Concurrent callers share a sync.
    Durable,
    /// Visible, in order, and safe from a crash of the process; on the disk
    /// with the next durable append, or after about 100 ms and a sync.
    Grouped,
}

/// Why nothing was appended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// A stream is not where the caller believed it to be.
    #[error("{stream} is at version {}, not {}", actual.0, expected.0)]
    Conflict {
        /// The stream.
        stream: StreamId,
        /// What the caller expected.
        expected: Version,
        /// What it is.
        actual: Version,
    },
    /// An input to be settled is not pending.
    #[error("the input {id} cannot be settled: {}", match status {
        None => "there is none with this id",
        Some(_) => "it has been settled before",
    })]
    NotPending {
        /// The input.
        id: InputId,
        /// What it is instead; `None` if there is no such input.
        status: Option<InputStatus>,
    },
    /// The caller is not the owner any more.
    #[error(transparent)]
    Lost(Box<LostOwnership>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a payload was not erased.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EraseError {
    /// There is no entry at this place.
    #[error("the journal has no entry {}", .0.0)]
    NoSuchEntry(Seq),
    /// The caller is not the owner any more.
    #[error(transparent)]
    Lost(Box<LostOwnership>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where a journal ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last entry's place; 0 when there is none.
    pub seq: Seq,
    /// The last entry's hash; zeros when there is none.
    pub hash: Digest,
}

/// Where a stream ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamHead {
    /// The stream.
    pub stream: StreamId,
    /// How many entries it has.
    pub version: Version,
}

/// A moment in the life of a store, for [`Journal::changed_since`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeMark(pub(crate) i64);

impl ChangeMark {
    /// A mark made of a number that differs after every change.
    pub const fn new(mark: i64) -> Self {
        Self(mark)
    }
}

/// A view's state as of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The view's name.
    pub view: String,
    /// The version of the view's code and layout.
    pub schema: u32,
    /// The last entry folded into it.
    pub seq: Seq,
    /// The state, in a form of the view's own.
    pub bytes: Vec<u8>,
}

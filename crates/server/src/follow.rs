//! Reading along: the journal's entries as they come, folded into views. The
//! engine's own process reads the same way as any other.

use shipway_core::journal::{Entry, Seq};
use shipway_core::stream::Record;
use shipway_core::view::{HistoryView, Live, UnreadableEntry};
use shipway_store::{ChangeMark, Journal, Snapshot, Store, StoreError};
use tokio::sync::mpsc::UnboundedReceiver;

/// The snapshot's name in the store.
const VIEW: &str = "views";
/// Raised whenever what is stored changes its form: older ones are folded anew.
const SCHEMA: u32 = 4;
/// Entries read at once.
const PAGE: usize = 1000;
/// After as many entries folded it is worth keeping a snapshot.
const WORTH_KEEPING: u64 = 200;

/// The views, up to the last entry read.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Views {
    /// Streams in which something may still happen.
    pub live: Live,
    /// Every deployment.
    pub history: HistoryView,
}

/// What an engine appends, as it appends it.
pub type News = UnboundedReceiver<(Entry, Record)>;

/// Why the views could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An entry does not fit.
    #[error("{0}; run `shipway audit verify` to find out whether the journal was changed")]
    Entry(#[from] UnreadableEntry),
    /// The views cannot be written as JSON.
    #[error("the views cannot be kept: {0}")]
    Json(#[from] serde_json::Error),
}

impl Views {
    /// Folds the next entry and returns what it says.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn apply(&mut self, entry: &Entry) -> Result<Option<Record>, UnreadableEntry> {
        let record = self.live.apply(entry)?;
        self.history.apply(entry, record.as_ref());
        Ok(record)
    }

    /// Folds the next entry, which this process wrote: it says `record`.
    ///
    /// # Errors
    /// When it does not fit.
    pub(crate) fn fold(&mut self, entry: &Entry, record: &Record) -> Result<(), UnreadableEntry> {
        // Were it read as something else, the next process would go on otherwise.
        debug_assert_eq!(
            entry
                .payload
                .as_ref()
                .and_then(|text| serde_json::from_str::<Record>(text).ok())
                .as_ref(),
            Some(record)
        );
        self.live.fold(entry, record)?;
        self.history.apply(entry, Some(record));
        Ok(())
    }

    /// The views as they are now: from the last snapshot, and the entries
    /// since.
    ///
    /// # Errors
    /// When the store cannot be read or an entry does not fit.
    pub fn load(store: &Store) -> Result<Self, FollowError> {
        let journal = store.journal();
        let kept = journal.get_snapshot(VIEW, SCHEMA)?;
        // A snapshot that cannot be read is thrown away: it is only a view.
        let mut views: Self = kept
            .and_then(|snapshot| serde_json::from_slice(&snapshot.bytes).ok())
            .unwrap_or_default();
        let from = views.live.seq;
        views.catch_up(store, |_, _| {})?;
        if views.live.seq.0 - from.0 >= WORTH_KEEPING {
            // A reader who may not write still gets the answer.
            drop(views.keep(store));
        }
        Ok(views)
    }

    /// Keeps the views, so that the next process need not fold all entries.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn keep(&self, store: &Store) -> Result<(), FollowError> {
        let bytes = serde_json::to_vec(self)?;
        let snapshot =
            Snapshot { view: VIEW.to_owned(), schema: SCHEMA, seq: self.live.seq, bytes };
        Ok(store.journal().put_snapshot(&snapshot)?)
    }

    /// Folds what has come since; `each` sees every entry.
    ///
    /// # Errors
    /// When the store cannot be read or an entry does not fit.
    pub fn catch_up(
        &mut self,
        store: &Store,
        mut each: impl FnMut(&Entry, Option<&Record>),
    ) -> Result<(), FollowError> {
        loop {
            let from = Seq(self.live.seq.0 + 1);
            let entries = store.journal().read(from, PAGE)?;
            for entry in &entries {
                let record = self.apply(entry)?;
                each(entry, record.as_ref());
            }
            if entries.len() < PAGE {
                return Ok(());
            }
        }
    }
}

/// A process that reads along.
pub struct Follower {
    /// The views as of the last look.
    pub views: Views,
    mark: Option<ChangeMark>,
}

impl Follower {
    /// Begins at the present.
    ///
    /// # Errors
    /// As [`Views::load`].
    pub fn new(store: &Store) -> Result<Self, FollowError> {
        Ok(Self { views: Views::load(store)?, mark: None })
    }

    /// As [`Follower::look`], where the engine is in this process and tells what it
    /// appends: nothing is read.
    ///
    /// # Errors
    /// When an entry does not fit.
    pub fn hear(&mut self, news: &mut News) -> Result<Vec<(Entry, Option<Record>)>, FollowError> {
        let mut heard = Vec::new();
        while let Ok((entry, record)) = news.try_recv() {
            self.views.fold(&entry, &record)?;
            heard.push((entry, Some(record)));
        }
        Ok(heard)
    }

    /// What has come since the last look, oldest first. Cheap when nothing has.
    ///
    /// # Errors
    /// As [`Views::catch_up`].
    pub fn look(&mut self, store: &Store) -> Result<Vec<(Entry, Option<Record>)>, FollowError> {
        let mark = store.journal().change_mark()?;
        if self.mark == Some(mark) {
            return Ok(Vec::new());
        }
        let mut news = Vec::new();
        self.views.catch_up(store, |entry, record| news.push((entry.clone(), record.cloned())))?;
        self.mark = Some(mark);
        Ok(news)
    }
}

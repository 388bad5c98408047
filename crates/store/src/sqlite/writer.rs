//! The one connection that writes, shared so that concurrent callers share a
//! transaction and a sync.
//!
//! Callers queue their jobs. One of them leads: it runs everything that is
//! queued, answers the others, and hands the lead to one that came meanwhile.
//! A caller that is alone changes no thread.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::schema;
use crate::error::StoreError;
use crate::journal::Durability;

/// After so long the disk is asked to keep a grouped append.
const FLUSH_AFTER: Duration = Duration::from_millis(100);

/// A longer log is not left to the next process, which has to read all of it.
const LONG_LOG: u64 = 512 << 10;

/// Takes jobs, and waits until they are done.
pub(super) struct Writer {
    path: PathBuf,
    queue: Mutex<Queue>,
    worker: Mutex<Worker>,
    flusher: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Queue {
    jobs: Vec<Box<dyn Job>>,
    /// Whether a caller leads: it, or one it hands the lead to, will run what
    /// is queued.
    led: bool,
}

/// What a caller hears.
enum Answer<T, E> {
    /// Its job was done.
    Done(Result<T, E>),
    /// It is to run what is queued, its own job among it.
    Lead,
}

impl Writer {
    pub(super) fn start(path: &Path, db: Connection) -> Result<Self, StoreError> {
        let (unsynced, told) = channel();
        let log = Arc::new(Log::of(path));
        let flushed = Arc::clone(&log);
        let flusher = thread::Builder::new()
            .name("journal-flush".to_owned())
            .spawn(move || flush_in_time(&told, &flushed))
            .map_err(|error| StoreError::io("starting the flusher of", path, &error))?;
        let worker = Worker { path: path.to_owned(), db, unsynced: Some(unsynced), log };
        let (path, queue) = (path.to_owned(), Mutex::default());
        Ok(Self { path, queue, worker: Mutex::new(worker), flusher: Some(flusher) })
    }

    /// Runs `work` inside a transaction, and returns what it returned once
    /// that is committed (and, if asked, durable). An error undoes what
    /// `work` did, and only that.
    pub(super) fn write<T, E, F>(&self, durability: Durability, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let (reply, answer) = sync_channel(2);
        let job = Work { durability, work: Some(work), result: None, reply };
        let leads = {
            let mut queue = lock(&self.queue);
            queue.jobs.push(Box::new(job));
            !std::mem::replace(&mut queue.led, true)
        };
        if leads {
            self.lead();
        }
        loop {
            match answer.recv() {
                Ok(Answer::Done(result)) => return result,
                Ok(Answer::Lead) => self.lead(),
                // Another's job panicked in the same transaction.
                Err(_) => return Err(StoreError::Closed { path: self.path.clone() }.into()),
            }
        }
    }

    /// Runs what is queued, and hands the lead on.
    fn lead(&self) {
        let _hand_on = HandOn(&self.queue);
        let jobs = std::mem::take(&mut lock(&self.queue).jobs);
        lock(&self.worker).transact(jobs);
    }
}

/// Hands the lead on when the leader is done, also by a panic.
struct HandOn<'a>(&'a Mutex<Queue>);

impl Drop for HandOn<'_> {
    fn drop(&mut self) {
        let mut queue = lock(self.0);
        match queue.jobs.first() {
            Some(next) => next.lead(),
            None => queue.led = false,
        }
    }
}

impl Drop for Writer {
    /// Syncs, and ends the thread. A log that has grown is folded into the file
    /// when nobody else has it open.
    fn drop(&mut self) {
        lock(&self.worker).unsynced = None;
        if let Some(flusher) = self.flusher.take()
            && flusher.join().is_err()
        {
            tracing::error!(path = %self.path.display(), "the journal's flusher panicked");
        }
        let worker = lock(&self.worker);
        let long = std::fs::metadata(log_of(&self.path)).is_ok_and(|log| log.len() > LONG_LOG);
        if let Err(error) = schema::leave_log(&worker.db, !long) {
            tracing::debug!(%error, "the log stays beside the journal");
        }
    }
}

/// The log beside the journal at `path`.
pub(crate) fn log_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    PathBuf::from(log)
}

/// Syncs what nobody waits for, a while after it was written, and at the end.
fn flush_in_time(told: &Receiver<()>, log: &Log) {
    while told.recv().is_ok() {
        let due = Instant::now() + FLUSH_AFTER;
        while told.recv_timeout(due.saturating_duration_since(Instant::now())).is_ok() {}
        log.flush();
    }
    log.flush();
}

/// A panic in a job rolls its transaction back: there is no state that it
/// could leave half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One caller's part of a transaction.
trait Job: Send {
    fn durability(&self) -> Durability;
    /// Does the work. `false` asks to undo it.
    fn run(&mut self, db: &Connection) -> bool;
    /// Tells the caller that it leads.
    fn lead(&self);
    /// Tells the caller what came of it.
    fn finish(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Work<T, E, F> {
    durability: Durability,
    work: Option<F>,
    result: Option<Result<T, E>>,
    reply: SyncSender<Answer<T, E>>,
}

impl<T, E, F> Job for Work<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: FnOnce(&Connection) -> Result<T, E> + Send,
{
    fn durability(&self) -> Durability {
        self.durability
    }

    fn run(&mut self, db: &Connection) -> bool {
        self.result = self.work.take().map(|work| work(db));
        matches!(self.result, Some(Ok(_)))
    }

    fn lead(&self) {
        // Its caller waits for an answer, so there is one to hear it.
        drop(self.reply.send(Answer::Lead));
    }

    fn finish(self: Box<Self>, committed: Result<(), StoreError>) {
        let answer = match (self.result, committed) {
            (Some(Err(own)), _) => Err(own),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (_, Err(error)) => Err(error.into()),
            // Never run and yet committed: dropping the channel tells the
            // caller that nothing was done.
            (None, Ok(())) => return,
        };
        // Its caller waits for an answer, so there is one to hear it.
        drop(self.reply.send(Answer::Done(answer)));
    }
}

struct Worker {
    path: PathBuf,
    db: Connection,
    /// Tells the flusher that there is something to sync.
    unsynced: Option<Sender<()>>,
    log: Arc<Log>,
}

impl Worker {
    /// Runs the jobs in one transaction.
    fn transact(&mut self, mut group: Vec<Box<dyn Job>>) {
        let committed = self.commit(&mut group);
        for job in group {
            job.finish(committed.clone());
        }
    }

    fn commit(&mut self, group: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        self.log.is_sound()?;
        let durable = group.iter().any(|job| job.durability() == Durability::Durable);
        run_group(&self.db, group)
            .map_err(|error| self.log.noted(StoreError::sqlite(&self.path, &error)))?;
        // A sync may have failed meanwhile.
        self.log.is_sound()?;
        if durable {
            // Also if nothing was written: what was committed before, by
            // whomever, is to be durable.
            return self.log.sync();
        }
        if !self.log.unsynced.swap(true, Ordering::AcqRel)
            && let Some(unsynced) = &self.unsynced
            && unsynced.send(()).is_err()
        {
            tracing::error!("the journal's flusher has ended");
        }
        Ok(())
    }
}

/// The log that commits were written to, and whether it is on the disk. It may be
/// written to while it is synced: what nobody waits for makes nobody wait.
struct Log {
    path: PathBuf,
    /// Something was written that nobody waits for and that was not synced since.
    unsynced: AtomicBool,
    /// One syncs at a time, so that of one failure everybody hears who comes later.
    synced: Mutex<Synced>,
    /// No sync has failed, to be looked at while somebody syncs.
    is_sound: AtomicBool,
}

#[derive(Default)]
struct Synced {
    /// The log, open from the first sync on: a failure to write is told once to each
    /// descriptor that was open then, and SQLite's own may hear it and say nothing.
    file: Option<File>,
    /// Set once a sync failed: what was written since the last one may be gone,
    /// although the system's cache still shows it.
    failed: Option<StoreError>,
}

impl Log {
    /// Of the journal at `path`.
    fn of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            unsynced: AtomicBool::new(false),
            synced: Mutex::default(),
            is_sound: AtomicBool::new(true),
        }
    }

    /// Whether every sync that is over went well.
    fn is_sound(&self) -> Result<(), StoreError> {
        if self.is_sound.load(Ordering::Acquire) {
            return Ok(());
        }
        lock(&self.synced).failed.clone().map_or(Ok(()), Err)
    }

    /// Syncs what nobody waits for.
    fn flush(&self) {
        if self.unsynced.load(Ordering::Acquire)
            && let Err(error) = self.sync()
        {
            tracing::error!(%error, "syncing the journal");
        }
    }

    /// Syncs the log: what SQLite would do in each commit (`synchronous` = `full`),
    /// but only where somebody waits, and with `fdatasync`, which a log that is
    /// written over and over needs less of the disk for. SQLite takes its locks on
    /// other files, so opening and closing this one is harmless.
    fn sync(&self) -> Result<(), StoreError> {
        let mut synced = lock(&self.synced);
        if let Some(failed) = &synced.failed {
            return Err(failed.clone());
        }
        // Before it begins: what is written from here on may be too late for it.
        self.unsynced.swap(false, Ordering::AcqRel);
        match synced.sync(&self.path) {
            Ok(()) => Ok(()),
            Err(error) => {
                let (path, why) = (self.path.clone(), error.to_string());
                Err(self.note(&mut synced, StoreError::SyncFailed { path, why }))
            }
        }
    }

    /// Notes an error of SQLite, if a sync of its own failed.
    fn noted(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::SyncFailed { .. } => self.note(&mut lock(&self.synced), error),
            error => error,
        }
    }

    fn note(&self, synced: &mut Synced, error: StoreError) -> StoreError {
        synced.failed = Some(error.clone());
        self.is_sound.store(false, Ordering::Release);
        error
    }
}

impl Synced {
    fn sync(&mut self, journal: &Path) -> std::io::Result<()> {
        if self.file.is_none() {
            match File::open(log_of(journal)) {
                Ok(log) => self.file = Some(log),
                // All of it is in the journal's file, and synced there.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.file.as_ref().map_or(Ok(()), File::sync_data)
    }
}

/// Runs every job between savepoints and commits those that succeeded. When
/// the database itself gave the transaction up (a full disk does that), none
/// has been done.
fn run_group(db: &Connection, group: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let undo = Undo(db);
    for job in group.iter_mut() {
        db.prepare_cached("SAVEPOINT job")?.execute([])?;
        if !job.run(db) {
            if db.is_autocommit() {
                return Err(gave_up());
            }
            db.prepare_cached("ROLLBACK TO job")?.execute([])?;
        }
        db.prepare_cached("RELEASE job")?.execute([])?;
    }
    db.prepare_cached("COMMIT")?.execute([])?;
    drop(undo);
    Ok(())
}

fn gave_up() -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT_ROLLBACK);
    let why = "another write in the same transaction failed, and nothing of it was done";
    rusqlite::Error::SqliteFailure(code, Some(why.to_owned()))
}

/// Rolls back what is not committed when the group ends.
struct Undo<'a>(&'a Connection);

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit()
            && let Err(error) = self.0.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "rolling back in the journal");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insert(db: &Connection) -> Result<(), StoreError> {
        db.execute("INSERT INTO t VALUES (1)", []).unwrap();
        Ok(())
    }

    fn writer(path: &Path, dir: &Path) -> Writer {
        let db = Connection::open(dir.join("t.db")).unwrap();
        db.execute_batch("PRAGMA journal_mode = wal; CREATE TABLE IF NOT EXISTS t (n)").unwrap();
        Writer::start(path, db).unwrap()
    }

    fn rows(dir: &Path) -> i64 {
        let db = Connection::open(dir.join("t.db")).unwrap();
        db.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn after_a_failed_sync_nothing_is_acknowledged_any_more() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), "").unwrap();
        // A log whose path leads through a file cannot be opened.
        let writer = writer(&dir.path().join("file/t.db"), dir.path());
        writer.write(Durability::Grouped, insert).unwrap();
        let sync: Result<(), StoreError> = writer.write(Durability::Durable, |_| Ok(()));
        assert_eq!(sync.unwrap_err().code(), "store.sync_failed");
        for durability in [Durability::Grouped, Durability::Durable] {
            assert_eq!(writer.write(durability, insert).unwrap_err().code(), "store.sync_failed");
        }
        assert_eq!(rows(dir.path()), 1);
    }

    #[test]
    fn what_nobody_waits_for_is_synced_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), "").unwrap();
        let writer = writer(&dir.path().join("file/t.db"), dir.path());
        writer.write(Durability::Grouped, insert).unwrap();
        // Here a sync fails, and so can be seen.
        let deadline = Instant::now() + Duration::from_secs(10);
        let log = Arc::clone(&lock(&writer.worker).log);
        while log.is_sound().is_ok() {
            assert!(Instant::now() < deadline, "it was never synced");
            thread::yield_now();
        }
    }

    #[test]
    fn who_needs_no_disk_does_not_wait_while_another_syncs() {
        let dir = tempfile::tempdir().unwrap();
        let writer = writer(&dir.path().join("t.db"), dir.path());
        let log = Arc::clone(&lock(&writer.worker).log);
        let syncing = lock(&log.synced);
        std::thread::scope(|scope| {
            let (told, written) = channel();
            let writer = &writer;
            scope.spawn(move || told.send(writer.write(Durability::Grouped, insert)));
            let written = written.recv_timeout(Duration::from_secs(10));
            drop(syncing);
            written.expect("it waits for the sync").unwrap();
        });
        assert_eq!(rows(dir.path()), 1);
    }

    #[test]
    fn what_was_asked_before_the_end_is_done() {
        let dir = tempfile::tempdir().unwrap();
        let writer = writer(&dir.path().join("t.db"), dir.path());
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| writer.write(Durability::Grouped, insert).unwrap());
            }
        });
        drop(writer);
        assert_eq!(rows(dir.path()), 20);
    }

    #[test]
    fn a_short_log_is_left_and_a_long_one_is_folded() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.db");
        for (rows_of_a_kilobyte, is_left) in [(10, true), (2000, false)] {
            let writer = writer(&path, dir.path());
            let filled: Result<(), StoreError> = writer.write(Durability::Durable, move |db| {
                for _ in 0..rows_of_a_kilobyte {
                    db.execute("INSERT INTO t VALUES (hex(zeroblob(512)))", []).unwrap();
                }
                Ok(())
            });
            filled.unwrap();
            drop(writer);
            assert_eq!(log_of(&path).exists(), is_left, "{rows_of_a_kilobyte}");
        }
        assert_eq!(rows(dir.path()), 2010);
    }

    #[test]
    fn a_failed_job_undoes_only_itself() {
        let dir = tempfile::tempdir().unwrap();
        let writer = writer(&dir.path().join("t.db"), dir.path());
        let failed: Result<(), StoreError> = writer.write(Durability::Durable, |db| {
            insert(db)?;
            Err(StoreError::Busy { path: PathBuf::new() })
        });
        assert_eq!(failed.unwrap_err().code(), "store.busy");
        writer.write(Durability::Durable, insert).unwrap();
        assert_eq!(rows(dir.path()), 1);
    }
}

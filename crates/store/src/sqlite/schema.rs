//! The database: its tables, its format's number, how connections are set up.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, params};

use crate::error::StoreError;

/// The newest format that this build reads and the one it writes.
pub const FORMAT: u32 = 1;

/// Marks the file as a journal of Shipway's ("Shpw"), in SQLite's header.
const APPLICATION_ID: i32 = 0x5368_7077;

/// How long a writer waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

const TABLES: &str = "
CREATE TABLE journal (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  id TEXT NOT NULL,
  created INTEGER NOT NULL
) STRICT;

CREATE TABLE entries (
  seq INTEGER PRIMARY KEY,
  stream TEXT NOT NULL,
  version INTEGER NOT NULL,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  cause TEXT,
  payload TEXT,
  payload_hash BLOB NOT NULL,
  prev_hash BLOB NOT NULL,
  hash BLOB NOT NULL,
  UNIQUE (stream, version)
) STRICT;

CREATE TABLE lease (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  epoch INTEGER NOT NULL,
  holder TEXT,
  until INTEGER NOT NULL
) STRICT;

CREATE TABLE inputs (
  pos INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  payload TEXT,
  payload_hash BLOB NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'handled', 'refused')),
  reason TEXT
) STRICT;
CREATE INDEX inputs_pending ON inputs (pos) WHERE status = 'pending';

CREATE TABLE snapshots (
  view TEXT PRIMARY KEY,
  schema INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;
";

/// Makes a new journal at `path`, or completes one whose making was cut short.
pub(super) fn create(path: &Path) -> Result<(), StoreError> {
    let failed = |error| StoreError::sqlite(path, &error);
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|error| StoreError::Io {
        doing: "drawing random bytes for",
        path: path.to_owned(),
        why: error.to_string(),
    })?;
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();

    let mut db = connect(path, OpenFlags::SQLITE_OPEN_CREATE).map_err(failed)?;
    set_up_writer(path, &db)?;
    let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate);
    let tx = tx.map_err(failed)?;
    let format: u32 =
        tx.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
    if format == 0 {
        refuse_other_tables(path, &tx)?;
        tx.execute_batch(TABLES).map_err(failed)?;
        let now = nanoseconds(Timestamp::now())?;
        tx.execute("INSERT INTO journal VALUES (1, ?1, ?2)", params![id, now]).map_err(failed)?;
        tx.execute("INSERT INTO lease VALUES (1, 0, NULL, 0)", []).map_err(failed)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
        tx.pragma_update(None, "user_version", FORMAT).map_err(failed)?;
    }
    tx.commit().map_err(failed)
}

/// A database of another program may have no numbers of its own either.
fn refuse_other_tables(path: &Path, db: &Connection) -> Result<(), StoreError> {
    let other: bool = db
        .query_row("SELECT count(*) > 0 FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|error| StoreError::sqlite(path, &error))?;
    if !other {
        return Ok(());
    }
    let why = "it is a database of another program".to_owned();
    Err(StoreError::NotAJournal { path: path.to_owned(), why })
}

/// What a look at the file says, before the database may touch it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// No file, or one whose making was cut short before its first byte.
    Nothing,
    /// A journal of a format that this build reads.
    Journal,
}

/// Looks at the file's header (SQLite's file format, section 1.3) without
/// opening it as a database, so that nothing is touched that is not ours.
pub(super) fn inspect(path: &Path) -> Result<Found, StoreError> {
    let mut header = [0; 100];
    match File::open(path).and_then(|mut file| file.read_exact(&mut header)) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return empty_or_torn(path);
        }
        Err(error) => return Err(StoreError::io("reading", path, &error)),
    }
    let not_ours =
        |why: &str| StoreError::NotAJournal { path: path.to_owned(), why: why.to_owned() };
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(not_ours("it has another kind of file's header"));
    }
    let number = |at: usize| {
        u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    check_format(path, number(68).cast_signed(), number(60))
}

fn empty_or_torn(path: &Path) -> Result<Found, StoreError> {
    let length = std::fs::metadata(path).map_err(|e| StoreError::io("reading", path, &e))?.len();
    if length == 0 {
        return Ok(Found::Nothing);
    }
    let why = format!("it has only {length} bytes");
    Err(StoreError::Damaged { path: path.to_owned(), why })
}

fn check_format(path: &Path, application: i32, format: u32) -> Result<Found, StoreError> {
    match (application, format) {
        // The tables are in the log beside the file, or were never made.
        (0, 0) => Ok(Found::Nothing),
        (APPLICATION_ID, 1..=FORMAT) => Ok(Found::Journal),
        (APPLICATION_ID, found) => {
            Err(StoreError::NewerFormat { path: path.to_owned(), found, known: FORMAT })
        }
        _ => Err(StoreError::NotAJournal {
            path: path.to_owned(),
            why: "it is a database of another program".to_owned(),
        }),
    }
}

/// Checks what an open connection sees, the log beside the file included.
pub(super) fn check(path: &Path, db: &Connection) -> Result<Found, StoreError> {
    let number = |name| {
        db.pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .map_err(|error| StoreError::sqlite(path, &error))
    };
    let narrow = |_| StoreError::NotAJournal {
        path: path.to_owned(),
        why: "its format's number is out of range".to_owned(),
    };
    let application = i32::try_from(number("application_id")?).map_err(narrow)?;
    let format = u32::try_from(number("user_version")?).map_err(narrow)?;
    check_format(path, application, format)
}

/// A connection that can write.
pub(super) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let failed = |error| StoreError::sqlite(path, &error);
    let db = connect(path, OpenFlags::empty()).map_err(failed)?;
    if check(path, &db)? == Found::Nothing {
        return Err(StoreError::NotFound { path: path.to_owned() });
    }
    if db.is_readonly("main").map_err(failed)? {
        // SQLite opens it all the same where its log is there, too.
        let why = "the system lets it be read only".to_owned();
        return Err(StoreError::ReadOnly { path: path.to_owned(), why });
    }
    set_up_writer(path, &db)?;
    leave_log(&db, true).map_err(failed)?;
    Ok(db)
}

/// Whether the log stays as it is when the last connection closes: to fold it into
/// the file and to begin another waits for the disk three times, which is more than
/// a short command does itself.
pub(super) fn leave_log(db: &Connection, leave: bool) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, leave).map(drop)
}

/// A connection that only reads.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let db = connect(path, OpenFlags::empty())?;
    db.pragma_update(None, "query_only", true)?;
    leave_log(&db, true)?;
    Ok(db)
}

fn connect(path: &Path, extra: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | extra;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    // What is asked again and again is not planned anew for each value.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

fn set_up_writer(path: &Path, db: &Connection) -> Result<(), StoreError> {
    let failed = |error| StoreError::sqlite(path, &error);
    let mode: String = db
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .map_err(failed)?;
    if mode != "wal" {
        let why = format!("its file system has no shared memory (journal_mode is {mode})");
        return Err(StoreError::Database { path: path.to_owned(), why });
    }
    let set = || {
        // Commits are ordered by this; the writer itself syncs the log.
        db.pragma_update(None, "synchronous", "normal")?;
        // Erased payloads leave no copy in free pages.
        db.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
        // Pages of 4 KiB: the log is folded into the file after 16 MiB, and
        // cut back to 64 MiB if a slow reader let it grow.
        db.pragma_update_and_check(None, "wal_autocheckpoint", 4096, |_| Ok(()))?;
        db.pragma_update_and_check(None, "journal_size_limit", 64 << 20, |_| Ok(()))
    };
    set().map_err(failed)
}

/// A time as the database keeps it.
pub(super) fn nanoseconds(at: Timestamp) -> Result<i64, StoreError> {
    i64::try_from(at.as_nanosecond()).map_err(|_| StoreError::Unfit {
        what: "a time",
        why: format!("{at} is before 1678 or after 2262"),
    })
}

/// A place or version as the database keeps it.
pub(super) fn number(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value)
        .map_err(|_| StoreError::Unfit { what: "a number", why: format!("{value} is too great") })
}

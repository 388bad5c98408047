//! The log of what the engine had applied: one JSON value a line, so that a
//! repeated effect is seen.

use std::io::{self, Write as _};
use std::path::PathBuf;

use serde::Serialize;

use crate::log_file;
use crate::protocol::Apply;

/// Bytes after which the log is moved aside.
const CALLS_MAX: u64 = 4 * 1024 * 1024;

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(super) enum Outcome {
    Applied,
    Refused { reason: String },
}

#[derive(Serialize)]
struct Call<'a> {
    at: jiff::Timestamp,
    app: &'a str,
    effect: &'a str,
    generation: u64,
    outcome: &'a Outcome,
}

/// Where calls are noted.
#[derive(Debug)]
pub(super) struct Calls {
    path: PathBuf,
}

impl Calls {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Notes a call. A line that cannot be written is an error in the log and
    /// changes nothing else: the record of the app is what counts.
    pub(super) fn note(&self, apply: &Apply, outcome: &Outcome) {
        if let Err(error) = self.try_note(apply, outcome) {
            tracing::error!(%error, path = %self.path.display(), "a call could not be noted");
        }
    }

    fn try_note(&self, apply: &Apply, outcome: &Outcome) -> io::Result<()> {
        let call = Call {
            at: jiff::Timestamp::now(),
            app: &apply.app.0,
            effect: &apply.effect,
            generation: apply.generation,
            outcome,
        };
        let mut line = serde_json::to_vec(&call)?;
        line.push(b'\n');
        log_file::bound(&self.path, CALLS_MAX)?;
        log_file::open(&self.path)?.write_all(&line)
    }
}

//! What an expression is evaluated against.

use super::object::Object;
use super::value::Value;

/// How much memory the strings made by one evaluation may take, in bytes as the runner counts
/// them (two a character).
pub const DEFAULT_MEMORY: usize = 10 << 20;

/// How things stand, for `success()` and its like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Status {
    /// Everything before succeeded.
    #[default]
    Success,
    /// Something before failed.
    Failure,
    /// The run was cancelled.
    Cancelled,
    /// Nothing failed, but something before was skipped (jobs only).
    Skipped,
}

/// The world outside of an expression.
pub trait Context {
    /// The context of this name, such as `github`; names ignore case. Nothing is null.
    fn get(&self, name: &str) -> Option<Value>;

    /// How things stand: of the job so far in a step's `if`; in a job's `if`, of all jobs that
    /// it needs, directly or not, or of the `jobs` named in `success('a', 'b')`.
    fn status(&self, jobs: &[String]) -> Status {
        let _ = jobs;
        Status::Success
    }

    /// The SHA-256 of the files that match the patterns, in hex; empty when none does.
    ///
    /// # Errors
    /// Why it cannot be computed.
    fn hash_files(&self, patterns: &[String]) -> Result<String, String> {
        let _ = patterns;
        Err("hashFiles is not available here".into())
    }

    /// See [`DEFAULT_MEMORY`].
    fn max_memory(&self) -> usize {
        DEFAULT_MEMORY
    }
}

/// The plainest context: an object of contexts and a status.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    /// The contexts by name.
    pub contexts: Object,
    /// How things stand.
    pub status: Status,
}

impl Variables {
    /// These contexts, with everything so far a success.
    #[must_use]
    pub fn new(contexts: Object) -> Self {
        Self { contexts, status: Status::Success }
    }
}

impl Context for Variables {
    fn get(&self, name: &str) -> Option<Value> {
        self.contexts.get(name).cloned()
    }

    fn status(&self, _: &[String]) -> Status {
        self.status
    }
}

//! What a file refers to: handed in, because this crate reads no files.

use crate::model::Uses;

/// A file that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Its text.
    Text(String),
    /// There is no such file, or it is no text.
    Missing,
    /// Nobody can say: nothing is reported about it.
    Unknown,
}

/// The repository around a file, and what else is known on this machine.
pub trait Surroundings {
    /// A file by its path from the root of the repository, with `/`.
    fn file(&self, path: &str) -> Found;

    /// The `action.yml` of an action of another repository, if it is at hand.
    fn action(&self, uses: &Uses) -> Found {
        let _ = uses;
        Found::Unknown
    }

    /// Whether there is a time zone of this name, if that is known.
    fn has_time_zone(&self, name: &str) -> Option<bool> {
        let _ = name;
        None
    }
}

/// Surroundings of which nothing is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nowhere;

impl Surroundings for Nowhere {
    fn file(&self, _: &str) -> Found {
        Found::Unknown
    }
}

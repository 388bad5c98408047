//! From the file's text to a [`Config`], or to every problem at once.
//!
//! Each type of the model has a function here that reads it from a node. A
//! function that finds a problem reports it and goes on with a stand-in, so
//! that the next problem is found as well; a stand-in never leaves [`read`],
//! because no configuration does once a problem was reported.

mod check;
pub mod code;
mod environment;
mod fields;
mod gates;
mod guard;
mod item;
mod layers;
mod path;
mod project;
mod service;
mod value;

use shipway_workflow::diagnostic::Diagnostic;
use shipway_workflow::yaml;

use self::item::{Item, Reader};
use super::Config;

/// What is in the repository, as far as a configuration speaks of it.
pub trait Facts {
    /// What is at `path`, written from the repository's root with `/`; `.` is
    /// the root itself.
    fn at(&self, path: &str) -> Option<PathKind>;

    /// The names in the folder at `path`, for suggestions.
    fn names_in(&self, path: &str) -> Vec<String>;

    /// What is wrong with the expression of a gate, as who evaluates it says.
    ///
    /// # Errors
    /// In a sentence, for people.
    fn expression(&self, text: &str) -> Result<(), String>;
}

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathKind {
    /// A file.
    File,
    /// A folder.
    Folder,
}

/// Reads `text`, the content of `file`, with every default filled in.
///
/// # Errors
/// Every problem that was found, in the order of the file, at least one.
pub fn read(file: &str, text: &str, facts: &dyn Facts) -> Result<Config, Vec<Diagnostic>> {
    let (root, problems) = yaml::read(file, text);
    let reader = Reader::new(file, facts, problems);
    let config = root.as_ref().and_then(|root| project::config(Item::root(&reader, root)));
    reader.finish(config)
}

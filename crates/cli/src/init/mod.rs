//! `shipway init`: looks at a repository and writes a first `shipway.yaml` and
//! a first workflow. What it cannot tell stands there as a comment that says
//! what to fill in. It never overwrites a file.

mod detect;
mod folder;
mod kind;
mod render;
mod tree;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use detect::detect;
pub(crate) use tree::Tree;
pub(crate) use write::{Written, write};

/// What a repository seems to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Detected {
    /// The project's id, from the folder's name.
    pub(crate) project: String,
    /// The branch that the first environment follows.
    pub(crate) branch: String,
    /// What is built and run. At least one.
    pub(crate) services: Vec<Found>,
    /// Whether there are workflows already: then none is written.
    pub(crate) has_workflows: bool,
}

/// A service that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its name, unique in the project.
    pub(crate) name: String,
    /// Its folder from the repository's root.
    pub(crate) path: String,
    /// What it is, for people: `a Rust program`.
    pub(crate) what: &'static str,
    /// Folders of the repository that it is made of besides its own.
    pub(crate) uses: Vec<String>,
    /// How it is built, if anything is to be built.
    pub(crate) build: Option<Recipe>,
    /// The command that starts it, if it could be told.
    pub(crate) run: Option<String>,
    /// Whether it answers requests.
    pub(crate) listens: bool,
    /// The path that says that it is healthy, if it could be told.
    pub(crate) health: Option<&'static str>,
    /// A folder of migrations, and how they are applied if that could be told.
    pub(crate) migrations: Option<(&'static str, Option<String>)>,
    /// The commands that test it.
    pub(crate) tests: Vec<String>,
    /// What a person should know or look at.
    pub(crate) notes: Vec<String>,
}

/// How a service is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recipe {
    /// The command.
    pub(crate) run: String,
    /// What the release consists of; empty for the whole folder.
    pub(crate) outputs: Vec<String>,
}

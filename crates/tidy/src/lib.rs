//! Test only: the repository tests its own tidiness.
//!
//! A rule is a function from a [`Tree`] or [`Graph`] to findings, so that it
//! is itself tested with small trees that break it. `tests/it` applies every
//! rule to the repository.

pub mod code;
pub mod dependencies;
pub mod finding;
pub mod graph;
pub mod links;
pub mod modules;
pub mod purity;
pub mod sources;
pub mod tree;
pub mod words;

pub use finding::Finding;
pub use graph::Graph;
pub use tree::Tree;

//! YAML as a tree with a position for every node and key.
//!
//! As GitHub reads it: YAML 1.2's core schema (`yes` and `on` are strings), anchors and aliases,
//! no merge keys (`<<` is a key like any other), one document a file. A key that is defined
//! twice is an error with both positions. Depth, size and the growth by aliases are limited.

mod load;
mod node;
mod scalar;
mod source_map;

pub use node::{Entry, Mapping, Node, NodeKind};
pub use scalar::{Resolved, Scalar, Style};
pub(crate) use source_map::SourceMap;

use crate::diagnostic::Diagnostic;

/// Bytes that a file may have.
pub const MAX_BYTES: usize = 4 << 20;
/// How deep collections may be nested, aliases followed.
pub const MAX_DEPTH: usize = 64;
/// How many nodes a file may have, aliases followed.
pub const MAX_NODES: usize = 200_000;

/// Codes of the problems found here.
pub mod code {
    /// The text is not YAML.
    pub const SYNTAX: &str = "SW0101";
    /// A key is defined twice in one mapping.
    pub const DUPLICATE_KEY: &str = "SW0102";
    /// A limit on size, depth or aliases is exceeded.
    pub const LIMIT: &str = "SW0103";
    /// An alias has no anchor, or lies inside its own anchor.
    pub const ALIAS: &str = "SW0104";
    /// YAML that workflow and configuration files have no use for: tags of one's own, keys that
    /// are collections, a second document.
    pub const UNSUPPORTED: &str = "SW0105";
}

/// Reads one document; an empty text is a null scalar. `file` is named in the problems.
///
/// # Errors
/// Everything that is wrong with the text, at least one problem.
pub fn parse(file: &str, text: &str) -> Result<Node, Vec<Diagnostic>> {
    match read(file, text) {
        (Some(node), problems) if problems.is_empty() => Ok(node),
        (_, problems) => Err(problems),
    }
}

/// Like [`parse`], but keeps what could be read beside the problems, so that a caller can go on
/// and report its own problems together with these. Without a tree there is at least one problem.
#[must_use]
pub fn read(file: &str, text: &str) -> (Option<Node>, Vec<Diagnostic>) {
    load::load(file, text)
}

#[cfg(test)]
mod tests;

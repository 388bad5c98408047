//! Code that stands twice, in any language: found by the same tokens behind each other.
//!
//! White space and comments are no tokens, so that code which was only laid out anew is found;
//! names and values are, so that code which is merely alike is not. As SonarQube has it for
//! languages other than Java, at least [`Limits::tokens`] tokens over at least [`Limits::lines`]
//! lines have to be the same. Each line is counted once, however often it stands elsewhere.

mod clones;
mod tokens;

pub use clones::{Detector, Limits};

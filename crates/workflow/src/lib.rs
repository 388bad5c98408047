//! The GitHub Actions language: YAML with positions, expressions, the workflow model,
//! triggers, matrices and the graph of jobs.
//!
//! Pure: no clock, no files, no network. What an expression needs from outside (contexts, the
//! status of a job, `hashFiles`) is handed in through [`expr::Context`].
//!
//! | module | what it holds |
//! |---|---|
//! | [`yaml`] | a tree with a position for every node, under YAML 1.2's core schema |
//! | [`diagnostic`] | problems with a code, a position and help, and how they are printed |
//! | [`expr`] | `${{ … }}`: values, parser, evaluator, templates and conditions |
//! | [`model`] | workflow files and actions as types; every problem reported at once |
//! | [`trigger`] | which workflows an event starts |
//! | [`matrix`] | the jobs of a `strategy` |
//! | [`graph`] | the order of jobs, and what a job's needs mean for it |
//! | [`lint`] | what GitHub accepts and a team should not, known before anything runs |
//!
//! [`model`] refuses only what GitHub refuses. Everything else that can be known beforehand
//! (untrusted input in scripts, unpinned actions, outputs that nobody sets) is a rule of
//! [`lint`].

pub mod diagnostic;
pub mod expr;
pub mod graph;
pub mod lint;
pub mod matrix;
pub mod model;
mod span;
pub mod trigger;
pub mod yaml;

pub use diagnostic::{Diagnostic, Severity};
pub use span::{Pos, Span, Spanned};

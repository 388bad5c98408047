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
//!
//! What GitHub accepts and a team should not (untrusted input in scripts, unpinned actions) is
//! no business of [`model`], which refuses only what GitHub refuses: such rules belong into a
//! module `lint`, one file a rule, working on a [`model::Workflow`] that was read, and reporting
//! [`Diagnostic`]s under the codes `SW1xxx`.

pub mod diagnostic;
pub mod expr;
pub mod graph;
pub mod matrix;
pub mod model;
mod span;
pub mod trigger;
pub mod yaml;

pub use diagnostic::{Diagnostic, Severity};
pub use span::{Pos, Span, Spanned};

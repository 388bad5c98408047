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
//! | [`model`] | a workflow file as types; every problem reported at once |
//! | [`trigger`] | which workflows an event starts |
//! | [`matrix`] | the jobs of a `strategy` |
//! | [`graph`] | the order of jobs, and what a job's needs mean for it |

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

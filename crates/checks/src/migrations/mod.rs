//! Migration safety: which statements lose data, break what still runs, or block it.
//!
//! `sql` splits a stream into statements; `parse` recognises what they do ([`statement`]); the
//! [`rules`] judge that in a [`context`]; [`mod@file`] leads through one migration, [`sequence`]
//! through all of them.

pub mod approval;
pub mod context;
mod families;
pub mod file;
mod functions;
mod inside;
pub mod known;
pub mod layout;
pub mod locks;
mod name;
mod parse;
mod prepared;
mod report;
mod routines;
pub mod rules;
pub mod sequence;
pub mod statement;
mod undoing;
mod unread;

pub use approval::{Approval, Operation};
pub use file::{FileSummary, Options, judge_file, judge_file_within};
pub use known::Known;
pub use layout::{Layout, Migration, Part, Transaction, Version};
pub use locks::Lock;
pub use parse::{parse, statements_of_body};
pub use rules::{MigrationRule, Observed};
pub use sequence::{Status, judge_compensation, judge_sequence};
pub use undoing::is_compensation;
pub use unread::Unread;

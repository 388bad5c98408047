//! Bytes in, findings out: what gates are judged by.
//!
//! A check looks at some evidence (migrations, a diff, a report) and yields [`Finding`]s, each of
//! a [`Rule`], into a [`Sink`]. What could not be analysed is a finding too, [`Kind::Undecided`]:
//! a gate stays shut without evidence. [`render`] writes findings as people and programs read
//! them.
//!
//! Nothing here touches the network, the clock, files, threads or randomness.

pub mod check;
pub mod duplication;
pub mod finding;
pub mod migrations;
pub mod policy;
pub mod render;
pub mod reports;
pub mod rule;
pub mod secrets;
pub mod source_file;
pub mod sql;

pub use check::{Check, Sink, Tally};
pub use finding::{Allowed, Finding, Fingerprint, Kind, Pos, Severity, Span};
pub use rule::{Rule, RuleId};

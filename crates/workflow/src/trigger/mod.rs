//! Which workflows an event starts.

mod glob;

pub use glob::{Pattern, PatternError};

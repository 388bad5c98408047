//! Secrets: tokens, keys and passwords that stand where everybody can read them.
//!
//! One pass of an automaton over a file finds the places where a rule may match (its keywords);
//! the rule's regular expression looks at a few bytes around them. A match counts if nothing
//! around it belongs to it, if it is random enough, and if it is no placeholder. Nothing of what
//! was found is ever shown but its first and last characters.

mod archive;
mod baseline;
mod der;
mod encoded;
mod entropy;
pub mod example;
mod gitleaks;
mod identifier;
pub(crate) mod inline;
mod kind;
mod kinds;
mod packing;
mod rules;
mod scan;
mod text;

pub use archive::UNSEARCHED;
pub use baseline::{BadBaseline, Baseline};
pub use gitleaks::BadRules;
pub use kind::{Kind, Pattern};
pub use kinds::all as kinds;
pub use rules::Rules;

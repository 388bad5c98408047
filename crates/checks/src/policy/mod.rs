//! The policy: what was shown, held against what the gates of a place ask for.
//!
//! A gate is open only if evidence says so. Where there is none, or where it is broken, it is shut,
//! and the verdict says what would open it.

mod checklist;
mod expression;
mod figures;
mod judge;
mod ruling;
pub mod shown;
mod table;

pub use checklist::{Item, checklist};
pub use expression::{BadExpression, check as check_expression};
pub use figures::figures;
pub use judge::judge;
pub use shown::Shown;
pub use table::{markdown, text};

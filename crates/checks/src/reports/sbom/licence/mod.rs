//! Licences, judged by a list of those that are allowed.

mod allow;
mod judge;
mod names;

pub use allow::{AllowList, BadEntry};
pub use judge::{judge, rules, unused_waivers};

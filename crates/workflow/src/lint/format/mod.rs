//! How findings are written.

mod text;

pub use text::text;

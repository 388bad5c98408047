//! One connection to a backend.

/// An open connection.
#[derive(Debug)]
pub(crate) struct Upstream;

//! Which tests passed: JUnit in its dialects, TRX, TAP, `cargo test` and nextest.

/// How tests ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tests {
    /// That passed.
    pub passed: u64,
    /// That were not run.
    pub skipped: u64,
    /// That failed, or broke.
    pub failed: Vec<Failed>,
}

/// A test that failed, or broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Its name, with what it is in.
    pub name: String,
    /// What it said, shortened.
    pub message: String,
}

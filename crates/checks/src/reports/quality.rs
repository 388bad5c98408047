//! What a quality server says: SonarQube's quality gate and ratings.

use std::collections::BTreeMap;

/// What a quality server says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quality {
    /// The gate's own verdict, where the report has one.
    pub passed: Option<bool>,
    /// Conditions of the gate that are not met, in words.
    pub unmet: Vec<String>,
    /// Ratings by name: `reliability`, `security`, `maintainability`.
    pub ratings: BTreeMap<String, Rating>,
}

/// How good it is, the best first, as SonarQube defines it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "letters of a scale")]
pub enum Rating {
    A,
    B,
    C,
    D,
    E,
}

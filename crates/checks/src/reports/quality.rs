//! What a quality server says: SonarQube's quality gate, measures and ratings; Lighthouse's
//! scores.

use std::collections::BTreeMap;

/// What a quality server says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quality {
    /// The gate's own verdict, where the report has one.
    pub passed: Option<bool>,
    /// Conditions of the gate that are not met, in words.
    pub unmet: Vec<String>,
    /// Ratings by name: `reliability`, `security`, `maintainability`.
    pub ratings: BTreeMap<String, Rating>,
    /// Figures by the name that the report has for them, such as `coverage` or `new_bugs`
    /// (SonarQube's metric keys), `performance` (Lighthouse's categories, from 0 to 100).
    pub measures: BTreeMap<String, f64>,
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

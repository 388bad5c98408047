//! What a quality server says: SonarQube's quality gate, measures and ratings; Lighthouse's
//! scores.

mod lighthouse;
mod sonar;

use std::collections::BTreeMap;
use std::fmt;

use super::format::Format;

pub(super) const FORMATS: &[Format] = &[sonar::GATE, sonar::MEASURES, lighthouse::FORMAT];

/// What a quality server says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quality {
    /// The gate's own verdict, where the report has one.
    pub passed: Option<bool>,
    /// Conditions of the gate that are not met, in words.
    pub unmet: Vec<String>,
    /// Ratings by name: `reliability`, `security`, `maintainability`, `security_review`; those of
    /// new code with `new_` before it.
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

impl Rating {
    /// SonarQube's number for it: 1 is A, 5 is E.
    fn of(number: f64) -> Option<Self> {
        let all = [(1.0, Self::A), (2.0, Self::B), (3.0, Self::C), (4.0, Self::D), (5.0, Self::E)];
        #[expect(clippy::float_cmp, reason = "small whole numbers are exact")]
        all.into_iter().find(|(of, _)| *of == number).map(|(_, rating)| rating)
    }
}

impl fmt::Display for Rating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::E => "E",
        })
    }
}

//! A gate: a policy over evidence that opens or stays shut. Without evidence
//! it is shut. It is judged elsewhere; its verdict is recorded, and looked at
//! again before every step that needs it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A gate's verdict with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The gate, for example `workflows`.
    pub gate: String,
    /// Whether it is open, and why.
    pub position: Position,
    /// The evidence is good until then; `None`: as long as the release is.
    pub valid_until: Option<Timestamp>,
}

/// Whether a gate is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Position {
    /// What it asks for is shown by this evidence.
    Open {
        /// Runs, reports, digests: what was looked at.
        evidence: Vec<String>,
    },
    /// It is shut.
    Shut {
        /// Why, in a line.
        reason: String,
    },
}

/// The first gate that is shut at `now`, and why. No verdict at all is no
/// evidence: shut.
pub fn first_shut(verdicts: &[Verdict], now: Timestamp) -> Option<String> {
    if verdicts.is_empty() {
        return Some("no gate was judged: no evidence".to_owned());
    }
    verdicts.iter().find_map(|verdict| match &verdict.position {
        Position::Shut { reason } => Some(format!("gate `{}`: {reason}", verdict.gate)),
        Position::Open { .. } if verdict.valid_until.is_some_and(|until| until <= now) => {
            Some(format!("gate `{}`: its evidence is too old", verdict.gate))
        }
        Position::Open { .. } => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(valid_until: Option<Timestamp>) -> Verdict {
        let position = Position::Open { evidence: vec!["run 1".to_owned()] };
        Verdict { gate: "workflows".to_owned(), position, valid_until }
    }

    #[test]
    fn without_a_verdict_it_is_shut() {
        assert!(first_shut(&[], Timestamp::UNIX_EPOCH).is_some());
    }

    #[test]
    fn old_evidence_is_no_evidence() {
        let until = Timestamp::from_second(10).expect("a time");
        let earlier = Timestamp::from_second(9).expect("a time");
        assert_eq!(first_shut(&[open(Some(until))], earlier), None);
        assert!(first_shut(&[open(Some(until))], until).is_some());
        assert_eq!(first_shut(&[open(None)], until), None);
    }
}

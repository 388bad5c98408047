//! A gate: a policy over evidence that opens or stays shut. Without evidence
//! it is shut. It is judged elsewhere; its verdict is recorded, and looked at
//! again before every step that needs it.

mod ledger;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use ledger::{Agreed, Command, Event, FirstSeen, Judged, Ledger, Overridden, Role};

use crate::config::Level;
use crate::ids::EnvName;
use crate::journal::Actor;

/// A gate's verdict with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The gate, for example `workflows`.
    pub gate: String,
    /// What it means when it is shut.
    #[serde(default, skip_serializing_if = "is_required")]
    pub level: Level,
    /// What it asks for, in a few words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub wanted: String,
    /// What was found, in a few words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub found: String,
    /// What is worth knowing beside it, and decides nothing: waivers that cover nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Whether it is open, and why.
    pub position: Position,
    /// The evidence is good until then; `None`: as long as the release is.
    pub valid_until: Option<Timestamp>,
}

fn is_required(level: &Level) -> bool {
    *level == Level::Required
}

/// Where a change wants to go.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// Into the branch that it left.
    PullRequest,
    /// To an environment.
    Environment(EnvName),
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PullRequest => f.write_str("pull request"),
            Self::Environment(env) => write!(f, "{env}"),
        }
    }
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
        /// What would open it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opens: Option<String>,
        /// What was looked at all the same.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        evidence: Vec<String>,
    },
    /// It is shut, and a person let this through.
    Overridden {
        /// Who.
        by: Actor,
        /// When.
        at: Timestamp,
        /// Why.
        reason: String,
        /// Why it is shut.
        shut: String,
    },
}

impl Position {
    /// Shut, with nothing to show.
    #[must_use]
    pub fn shut(reason: impl Into<String>) -> Self {
        Self::Shut { reason: reason.into(), opens: None, evidence: Vec::new() }
    }
}

impl Verdict {
    /// A gate that has to be open, with evidence that does not age.
    #[must_use]
    pub fn required(gate: impl Into<String>, position: Position) -> Self {
        let (wanted, found) = (String::new(), String::new());
        let (gate, level, valid_until) = (gate.into(), Level::Required, None);
        Self { gate, level, wanted, found, notes: Vec::new(), position, valid_until }
    }

    /// Why nothing goes through it at `now`.
    #[must_use]
    pub fn shut(&self, now: Timestamp) -> Option<String> {
        if self.level != Level::Required {
            return None;
        }
        let gate = &self.gate;
        match &self.position {
            Position::Shut { reason, .. } => Some(format!("gate `{gate}`: {reason}")),
            Position::Open { .. } if self.valid_until.is_some_and(|until| until <= now) => {
                Some(format!("gate `{gate}`: its evidence is too old"))
            }
            Position::Open { .. } | Position::Overridden { .. } => None,
        }
    }
}

/// The gates that are shut at `now`, and why. No verdict at all is no
/// evidence: shut.
pub fn shut(verdicts: &[Verdict], now: Timestamp) -> Option<String> {
    if verdicts.is_empty() {
        return Some("no gate was judged: no evidence".to_owned());
    }
    let shut: Vec<String> = verdicts.iter().filter_map(|verdict| verdict.shut(now)).collect();
    (!shut.is_empty()).then(|| shut.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(valid_until: Option<Timestamp>) -> Verdict {
        let position = Position::Open { evidence: vec!["run 1".to_owned()] };
        Verdict { valid_until, ..Verdict::required("workflows", position) }
    }

    #[test]
    fn without_a_verdict_it_is_shut() {
        assert!(shut(&[], Timestamp::UNIX_EPOCH).is_some());
    }

    #[test]
    fn old_evidence_is_no_evidence() {
        let until = Timestamp::from_second(10).expect("a time");
        let earlier = Timestamp::from_second(9).expect("a time");
        assert_eq!(shut(&[open(Some(until))], earlier), None);
        assert!(shut(&[open(Some(until))], until).is_some());
        assert_eq!(shut(&[open(None)], until), None);
    }

    #[test]
    fn every_shut_gate_is_told_and_only_what_is_required_holds() {
        let of = |gate: &str, level| Verdict {
            level,
            ..Verdict::required(gate, Position::shut("no evidence"))
        };
        let all = [
            of("coverage", Level::Required),
            of("load", Level::Warning),
            of("tests", Level::Required),
        ];
        assert_eq!(
            shut(&all, Timestamp::UNIX_EPOCH).expect("shut"),
            "gate `coverage`: no evidence; gate `tests`: no evidence"
        );
        assert_eq!(shut(&all[1..2], Timestamp::UNIX_EPOCH), None);
        let overridden = Position::Overridden {
            by: Actor::Unverified { user: "ann".to_owned() },
            at: Timestamp::UNIX_EPOCH,
            reason: "seen".to_owned(),
            shut: "no evidence".to_owned(),
        };
        assert_eq!(shut(&[Verdict::required("x", overridden)], Timestamp::UNIX_EPOCH), None);
    }

    #[test]
    fn a_verdict_of_an_older_journal_is_read() {
        let text =
            r#"{"gate":"workflows","position":{"is":"shut","reason":"r"},"valid_until":null}"#;
        let read: Verdict = serde_json::from_str(text).expect("a verdict");
        assert_eq!(read, Verdict::required("workflows", Position::shut("r")));
        assert_eq!(serde_json::to_string(&read).expect("JSON"), text);
    }
}

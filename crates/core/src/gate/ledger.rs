//! What a project's gates have seen: agreements, overrides, and what was judged last. One stream
//! of a project.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Destination, Verdict};
use crate::approval::{self, Refusal};
use crate::config::People;
use crate::digest::Digest;
use crate::effect::{Effect, EffectId};
use crate::ids::CommitId;
use crate::journal::Actor;
use crate::machine::{Decision, Illegal, Input, Machine};

/// As many agreements and overrides are remembered; the journal has all of them.
const REMEMBERED: usize = 1_000;

/// As what somebody agrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A database administrator: to what migrations destroy.
    Dba,
    /// One who answers for the gates: to a change of them, their baselines and waivers.
    Gatekeeper,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dba => "dba",
            Self::Gatekeeper => "gatekeeper",
        })
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "dba" => Ok(Self::Dba),
            "gatekeeper" => Ok(Self::Gatekeeper),
            other => Err(format!("`{other}` is no role: dba or gatekeeper")),
        }
    }
}

/// Somebody agreed to something exact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// To what: the digests of statements, or of a change of the gates.
    pub subjects: Vec<Digest>,
    /// As what.
    pub role: Role,
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// What it was, for people.
    pub what: String,
}

/// Somebody let a commit through a gate that is shut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overridden {
    /// The gate.
    pub gate: String,
    /// On the way where.
    pub to: Destination,
    /// This commit alone.
    pub commit: CommitId,
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// What was judged on the way to one destination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// Where the commit wants to go.
    pub to: Destination,
    /// The commit.
    pub commit: CommitId,
    /// What it was compared with.
    pub base: Option<CommitId>,
    /// When.
    pub at: Timestamp,
    /// What the gates said.
    pub verdicts: Vec<Verdict>,
    /// Figures by name, such as `coverage.total`: what a trend is told by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub figures: BTreeMap<String, f64>,
    /// When each vulnerability that was ever there was first seen on the way there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<FirstSeen>,
}

/// When a vulnerability was first seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstSeen {
    /// The image it is in; left out: the project's dependencies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The package.
    pub package: String,
    /// Every name of the advisory.
    pub names: Vec<String>,
    /// When.
    pub first_seen: Timestamp,
}

/// What a project's gates have seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// Who agreed to what, in order.
    pub agreed: Vec<Agreed>,
    /// What was let through, in order.
    pub overridden: Vec<Overridden>,
    /// What was judged last, by destination.
    #[serde(with = "by_destination")]
    pub judged: BTreeMap<Destination, Judged>,
}

/// What the gates are told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Agree to something exact.
    Agree {
        /// To what.
        subjects: Vec<Digest>,
        /// As what.
        role: Role,
        /// What it is, for people.
        what: String,
        /// Who may.
        allowed: People,
    },
    /// Let a commit through a gate that is shut.
    Override {
        /// The gate.
        gate: String,
        /// On the way where.
        to: Destination,
        /// This commit alone.
        commit: CommitId,
        /// Why.
        reason: String,
        /// Who may.
        allowed: People,
    },
    /// Remember what was judged.
    Record {
        /// What.
        judged: Box<Judged>,
    },
}

/// What happened at the gates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Somebody agreed.
    Agreed(Agreed),
    /// Somebody let a commit through.
    Overridden(Overridden),
    /// The gates were judged.
    Judged(Box<Judged>),
}

impl Ledger {
    /// Who agreed to `subject` as `role`, and may by `allowed`.
    #[must_use]
    pub fn agreement(&self, subject: Digest, role: Role, allowed: &People) -> Option<&Agreed> {
        let counts = |agreed: &&Agreed| {
            agreed.subjects.contains(&subject)
                && agreed.role == role
                && approval::counts(&allowed.by, allowed.unverified, &agreed.by).is_ok()
        };
        self.agreed.iter().rev().find(counts)
    }

    /// The override of a gate for a commit on its way to `to`, by somebody who may.
    #[must_use]
    pub fn override_of(
        &self,
        gate: &str,
        to: &Destination,
        commit: &CommitId,
        allowed: &People,
    ) -> Option<&Overridden> {
        let counts = |of: &&Overridden| {
            of.gate == gate
                && of.to == *to
                && of.commit == *commit
                && approval::counts(&allowed.by, allowed.unverified, &of.by).is_ok()
        };
        self.overridden.iter().rev().find(counts)
    }

    /// When vulnerabilities were first seen, on whatever way.
    pub fn seen(&self) -> impl Iterator<Item = &FirstSeen> {
        self.judged.values().flat_map(|judged| &judged.seen)
    }

    /// Nothing was ever judged, agreed to or let through.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.agreed.is_empty() && self.overridden.is_empty() && self.judged.is_empty()
    }
}

fn refused(refusal: Refusal) -> Illegal {
    Illegal::new(refusal.to_string())
}

impl Machine for Ledger {
    type Command = Command;
    type Event = Event;

    fn decide(
        &self,
        input: &Input<Command>,
        at: Timestamp,
    ) -> Result<Vec<Decision<Event>>, Illegal> {
        let Input::Command { command, by } = input else { return Ok(Vec::new()) };
        let event = match command {
            Command::Agree { subjects, role, what, allowed } => {
                approval::counts(&allowed.by, allowed.unverified, by).map_err(refused)?;
                let mine = |subject: &Digest| {
                    self.agreement(*subject, *role, allowed).is_some_and(|of| of.by == *by)
                };
                if subjects.iter().all(mine) {
                    return Err(refused(Refusal::Twice(by.clone())));
                }
                let (subjects, role) = (subjects.clone(), *role);
                Event::Agreed(Agreed { subjects, role, by: by.clone(), at, what: what.clone() })
            }
            Command::Override { gate, to, commit, reason, allowed } => {
                approval::counts(&allowed.by, allowed.unverified, by).map_err(refused)?;
                if reason.trim().is_empty() {
                    return Err(Illegal::new("an override needs a reason"));
                }
                Event::Overridden(Overridden {
                    gate: gate.clone(),
                    to: to.clone(),
                    commit: commit.clone(),
                    by: by.clone(),
                    at,
                    reason: reason.clone(),
                })
            }
            Command::Record { judged } => Event::Judged(judged.clone()),
        };
        Ok(vec![Decision::Event(event)])
    }

    fn evolve(&mut self, event: &Event, _at: Timestamp) -> Result<(), Illegal> {
        match event {
            Event::Agreed(agreed) => keep(&mut self.agreed, agreed.clone()),
            Event::Overridden(of) => keep(&mut self.overridden, of.clone()),
            Event::Judged(judged) => {
                self.judged.insert(judged.to.clone(), (**judged).clone());
            }
        }
        Ok(())
    }

    fn began(&mut self, _: &EffectId, _: &Effect) {}

    fn wants(&self, _: &EffectId, _: &Effect) -> bool {
        false
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        None
    }
}

fn keep<T>(all: &mut Vec<T>, one: T) {
    all.push(one);
    if all.len() > REMEMBERED {
        all.remove(0);
    }
}

/// A list in JSON, whose keys are texts alone.
mod by_destination {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Destination, Judged};

    pub(super) fn serialize<S: Serializer>(
        all: &BTreeMap<Destination, Judged>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        all.values().collect::<Vec<_>>().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<Destination, Judged>, D::Error> {
        let all = Vec::<Judged>::deserialize(deserializer)?;
        Ok(all.into_iter().map(|judged| (judged.to.clone(), judged)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(user: &str) -> Actor {
        Actor::Unverified { user: user.to_owned() }
    }

    fn told(ledger: &mut Ledger, command: Command, by: &str) -> Result<(), Illegal> {
        let now = Timestamp::UNIX_EPOCH;
        for decision in ledger.decide(&Input::Command { command, by: person(by) }, now)? {
            if let Decision::Event(event) = decision {
                ledger.evolve(&event, now)?;
            }
        }
        Ok(())
    }

    fn dbas(unverified: bool) -> People {
        People { by: vec!["dora".to_owned()], unverified }
    }

    #[test]
    fn an_agreement_is_for_these_statements_by_one_of_these_people() {
        let mut ledger = Ledger::default();
        let subject = Digest::of(b"DROP TABLE t");
        let agree = |allowed| Command::Agree {
            subjects: vec![subject],
            role: Role::Dba,
            what: "DROP TABLE t".to_owned(),
            allowed,
        };
        assert!(told(&mut ledger, agree(dbas(true)), "eve").is_err(), "not in the list");
        assert!(told(&mut ledger, agree(dbas(false)), "dora").is_err(), "unverified");
        told(&mut ledger, agree(dbas(true)), "dora").expect("allowed");
        assert!(told(&mut ledger, agree(dbas(true)), "dora").is_err(), "twice");
        assert!(ledger.agreement(subject, Role::Dba, &dbas(true)).is_some());
        // What counted once does not count under a stricter list, for another role or statement.
        assert!(ledger.agreement(subject, Role::Dba, &dbas(false)).is_none());
        assert!(ledger.agreement(subject, Role::Gatekeeper, &dbas(true)).is_none());
        let changed = Digest::of(b"DROP TABLE u");
        assert!(ledger.agreement(changed, Role::Dba, &dbas(true)).is_none());
    }

    #[test]
    fn an_override_needs_a_reason_and_is_for_one_commit() {
        let mut ledger = Ledger::default();
        let commit = CommitId::new("a".repeat(40)).expect("a commit");
        let to = Destination::PullRequest;
        let command = |reason: &str| Command::Override {
            gate: "coverage".to_owned(),
            to: to.clone(),
            commit: commit.clone(),
            reason: reason.to_owned(),
            allowed: dbas(true),
        };
        assert!(told(&mut ledger, command(" "), "dora").is_err());
        assert!(told(&mut ledger, command("it burns"), "eve").is_err());
        told(&mut ledger, command("it burns"), "dora").expect("allowed");
        assert!(ledger.override_of("coverage", &to, &commit, &dbas(true)).is_some());
        let other = CommitId::new("b".repeat(40)).expect("a commit");
        assert!(ledger.override_of("coverage", &to, &other, &dbas(true)).is_none());
        let text = serde_json::to_string(&ledger).expect("JSON");
        assert_eq!(serde_json::from_str::<Ledger>(&text).expect("a ledger"), ledger);
    }
}

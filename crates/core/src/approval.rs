//! Who may agree to a deployment. An agreement is for one deployment's
//! identity, and for a while.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::Approval as Rule;
use crate::journal::Actor;

/// Somebody agreed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// Why an agreement does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The rule wants people who have proved who they are.
    #[error(
        "{0}: nobody proved who this is, and only verified people count here (allow it with `unverified: true`)"
    )]
    Unverified(Actor),
    /// Not in the list.
    #[error("{0} is not among the approvers: {1}")]
    NotListed(Actor, String),
    /// Whoever shipped it may not approve it.
    #[error(
        "{0} shipped this, and nobody approves their own here (allow it with `self: true` under `approval`)"
    )]
    Own(Actor),
    /// The engine does not approve.
    #[error("the engine approves nothing")]
    Engine,
    /// Has agreed already.
    #[error("{0} has approved already")]
    Twice(Actor),
}

/// Whether `who` is one of these people, proved as well as is asked for. An empty list is anybody.
///
/// # Errors
/// Why not.
pub fn counts(by: &[String], unverified: bool, who: &Actor) -> Result<(), Refusal> {
    let user = match who {
        Actor::Engine => return Err(Refusal::Engine),
        Actor::Unverified { .. } if !unverified => return Err(Refusal::Unverified(who.clone())),
        Actor::Unverified { user } => user,
    };
    if !by.is_empty() && !by.contains(user) {
        return Err(Refusal::NotListed(who.clone(), by.join(", ")));
    }
    Ok(())
}

/// Whether `who` may agree to what `asker` asked for.
///
/// # Errors
/// Why not.
pub fn allows(rule: &Rule, who: &Actor, asker: &Actor, given: &[Given]) -> Result<(), Refusal> {
    counts(&rule.by, rule.unverified, who)?;
    if !rule.self_approval && who == asker {
        return Err(Refusal::Own(who.clone()));
    }
    if given.iter().any(|earlier| earlier.by == *who) {
        return Err(Refusal::Twice(who.clone()));
    }
    Ok(())
}

/// Whether `who` alone may agree to what they shipped themselves: then a
/// prompt on their terminal is enough.
pub fn can_be_met_by(rule: &Rule, who: &Actor) -> bool {
    rule.required <= 1 && allows(rule, who, who, &[]).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Rule {
        Rule {
            required: 1,
            by: Vec::new(),
            self_approval: false,
            unverified: true,
            expires: std::time::Duration::from_secs(60),
        }
    }

    fn person(user: &str) -> Actor {
        Actor::Unverified { user: user.to_owned() }
    }

    #[test]
    fn each_rule_refuses_and_allows() {
        let (ann, bob) = (person("ann"), person("bob"));
        let given = [Given { by: bob.clone(), at: Timestamp::UNIX_EPOCH }];
        assert_eq!(allows(&rule(), &bob, &ann, &[]), Ok(()));
        assert_eq!(allows(&rule(), &ann, &ann, &[]), Err(Refusal::Own(ann.clone())));
        assert_eq!(allows(&rule(), &bob, &ann, &given), Err(Refusal::Twice(bob.clone())));
        assert_eq!(allows(&rule(), &Actor::Engine, &ann, &[]), Err(Refusal::Engine));
        let verified = Rule { unverified: false, ..rule() };
        assert_eq!(allows(&verified, &bob, &ann, &[]), Err(Refusal::Unverified(bob.clone())));
        let listed = Rule { by: vec!["eve".to_owned()], ..rule() };
        assert!(matches!(allows(&listed, &bob, &ann, &[]), Err(Refusal::NotListed(..))));
        let own = Rule { self_approval: true, ..rule() };
        assert_eq!(allows(&own, &ann, &ann, &[]), Ok(()));
    }
}

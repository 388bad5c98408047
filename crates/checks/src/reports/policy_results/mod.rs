//! What policies of another engine say: conftest and OPA.

mod conftest;
mod opa;

use std::collections::BTreeMap;

use super::format::Format;
use crate::finding::Finding;

pub(super) const FORMATS: &[Format] = &[conftest::FORMAT, opa::FORMAT];

/// The rules of what policies say.
pub mod rules {
    use crate::finding::Severity::{High, Medium};
    use crate::rule::Rule;

    /// A policy denies something.
    pub const VIOLATION: Rule = Rule::new(
        "policy-violation",
        High,
        "a policy denies it",
        "",
        "see the policy that says so",
    );
    /// A policy warns of something.
    pub const WARNING: Rule = Rule::new(
        "policy-warning",
        Medium,
        "a policy warns of it",
        "",
        "see the policy that says so",
    );
    /// A policy was not evaluated.
    pub const SKIPPED: Rule = Rule::new(
        "policy-not-evaluated",
        High,
        "a policy was not evaluated",
        "What was not looked at is not known to be right.",
        "see the engine's own output, mend what stopped it and run it again",
    );

    /// All of them.
    pub const ALL: &[&Rule] = &[&VIOLATION, &WARNING, &SKIPPED];
}

/// What policies say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyResults {
    /// The engine that says so.
    pub engine: String,
    /// How many answers were given.
    pub evaluated: u64,
    /// What they deny, warn of, or could not say.
    pub findings: Vec<Finding>,
    /// Numbers they give, by the rule's name.
    pub figures: BTreeMap<String, f64>,
}

impl PolicyResults {
    /// How many answers say what is right or wrong. A figure does not.
    #[must_use]
    pub fn judged(&self) -> u64 {
        self.evaluated.saturating_sub(self.figures.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Report, read};

    #[test]
    fn a_figure_judges_nothing() {
        let judged = |value: &str| {
            let text = format!(
                r#"{{"result": [{{"expressions": [{{"value": {value}, "text": "data.main"}}]}}]}}"#
            );
            match read("r", &mut text.as_bytes()).unwrap().report {
                Report::PolicyResults(results) => (results.evaluated, results.judged()),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(judged(r#"{"count": 3}"#), (1, 0));
        assert_eq!(judged(r#"{"count": 3, "deny": []}"#), (2, 1));
        assert_eq!(judged(r#"{"allow": true}"#), (1, 1));
    }
}

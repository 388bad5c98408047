//! The checklist of a deployment, filled in from what is known: each item cites its evidence.

use shipway_core::gate::{Position, Verdict};

/// An item of the checklist.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Item {
    /// What is asked.
    pub what: String,
    /// What shows it; nothing if it is missing.
    pub evidence: Option<String>,
    /// Why it is missing.
    pub missing: Option<String>,
    /// Whether a missing one holds the deployment.
    pub blocks: bool,
}

impl Item {
    /// One that something shows.
    #[must_use]
    pub fn shown(what: impl Into<String>, evidence: impl Into<String>) -> Self {
        let (what, evidence) = (what.into(), Some(evidence.into()));
        Self { what, evidence, missing: None, blocks: false }
    }

    /// One that nothing shows.
    #[must_use]
    pub fn missing(what: impl Into<String>, why: impl Into<String>, blocks: bool) -> Self {
        let (what, missing) = (what.into(), Some(why.into()));
        Self { what, evidence: None, missing, blocks }
    }
}

/// What people want to know before a deployment, and the gates that answer it.
const ASKED: &[(&str, &[&str])] = &[
    ("workflows passed", &["workflows"]),
    ("tests passed", &["tests"]),
    ("coverage is good enough", &["coverage"]),
    ("code was analysed", &["analysis", "sonarqube"]),
    ("no secret is in the code", &["secrets"]),
    ("dependencies are safe", &["vulnerabilities"]),
    ("images are safe", &["images"]),
    ("licences are allowed", &["licences"]),
    ("migrations are safe", &["migrations"]),
    ("it is fast enough", &["load"]),
    ("dashboards show it", &["dashboards"]),
    ("projections can be rebuilt", &["projection_rebuilds"]),
];

/// The checklist: what the gates say, then what the project says of itself.
#[must_use]
pub fn checklist(verdicts: &[Verdict], own: Vec<Item>) -> Vec<Item> {
    let known = |gate: &str| ASKED.iter().any(|(_, gates)| gates.contains(&gate));
    let mut items: Vec<Item> = Vec::new();
    for (what, gates) in ASKED {
        let of: Vec<_> = verdicts.iter().filter(|v| gates.contains(&v.gate.as_str())).collect();
        if of.is_empty() {
            items.push(Item::missing(*what, "no gate asks for it", false));
        }
        items.extend(of.into_iter().map(|verdict| item(what, verdict)));
    }
    let others = verdicts.iter().filter(|verdict| !known(&verdict.gate));
    items.extend(others.map(|verdict| item(&format!("gate {}", verdict.gate), verdict)));
    items.extend(own);
    items
}

fn item(what: &str, verdict: &Verdict) -> Item {
    let blocks = verdict.level == shipway_core::config::Level::Required;
    match &verdict.position {
        Position::Open { evidence } if evidence.is_empty() => {
            Item::shown(what, verdict.found.clone())
        }
        Position::Open { evidence } if verdict.found.is_empty() => {
            Item::shown(what, evidence.join(", "))
        }
        Position::Open { evidence } => {
            Item::shown(what, format!("{}: {}", verdict.found, evidence.join(", ")))
        }
        Position::Overridden { by, reason, .. } => {
            Item::shown(what, format!("let through by {by}: {reason}"))
        }
        Position::Shut { reason, .. } => Item::missing(what, reason.clone(), blocks),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_cites_its_evidence_and_a_missing_one_blocks() {
        let open = Position::Open { evidence: vec!["run p1.ci".to_owned()] };
        let verdicts = [
            Verdict::required("workflows", open),
            Verdict::required("secrets", Position::shut("a.py:1: a token")),
            Verdict::required("dashboards", Position::shut("no evidence")),
            Verdict::required("runbook", Position::shut("no evidence")),
        ];
        let own = vec![Item::shown("a way back", "production.3 served before")];
        let list = checklist(&verdicts, own);
        let of = |what: &str| list.iter().find(|item| item.what == what).unwrap();
        assert_eq!(of("workflows passed").evidence.as_deref(), Some("run p1.ci"));
        assert!(of("no secret is in the code").blocks);
        assert!(of("dashboards show it").blocks && of("gate runbook").blocks);
        assert!(!of("projections can be rebuilt").blocks, "nobody asked for it");
        assert!(!of("it is fast enough").blocks && of("it is fast enough").missing.is_some());
        assert!(of("a way back").evidence.is_some());
    }
}

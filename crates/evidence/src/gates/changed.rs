//! What a change does to what it is judged by: the gates themselves, baselines, waivers, rules, the
//! folders of services whose coverage is asked for.

use serde_json::{Map, Value};
use shipway_checks::policy::shown::GatesChanged;
use shipway_core::config::{GateSet, Gates};
use shipway_core::digest::Digest;
use shipway_core::gate::Role;

use super::{Look, LookError};
use crate::git;

/// What is changed; nothing if all of it is as it was, or only more is asked for.
pub(super) fn gates(look: &Look<'_>) -> Result<Option<GatesChanged>, LookError> {
    let (Some(judge), Some(before)) = (look.judge, look.gates.before) else { return Ok(None) };
    if before.is_unsaid() {
        return Ok(None);
    }
    let after = look.gates.after;
    let failed = |error: serde_json::Error| LookError::Judge(error.to_string());
    let (was, is) = (json(before).map_err(failed)?, json(after).map_err(failed)?);
    let mut what: Vec<String> = changed_keys("gates", &was, &is);
    what.extend(new_environments(&was, &is));
    let mut material = vec![serde_json::to_vec(&is).map_err(failed)?];
    for name in look.services.moved(look.asked) {
        what.push(format!("services.{name}.path"));
        material.push(name.as_bytes().to_vec());
        material.push(look.services.after.get(name).cloned().unwrap_or_default().into_bytes());
    }
    for path in files(look.asked) {
        let (was, is) = (git::content_at(look.root, judge, path)?, look.own_file(path)?);
        if was != is {
            what.push(path.to_owned());
            material.push(path.as_bytes().to_vec());
            material.push(is.unwrap_or_default());
        }
    }
    if what.is_empty() {
        return Ok(None);
    }
    let digests: Vec<Digest> = material.iter().map(|part| Digest::of(part)).collect();
    let subject = Digest::of_json(&digests).map_err(failed)?;
    let agreed = look.ledger.agreement(subject, Role::Gatekeeper, &before.changes);
    let agreed = agreed.map(|agreed| (agreed.by.clone(), agreed.at));
    Ok(Some(GatesChanged { what, subject, agreed }))
}

fn json(gates: &Gates) -> Result<Map<String, Value>, serde_json::Error> {
    match serde_json::to_value(gates)? {
        Value::Object(map) => Ok(map),
        _ => Ok(Map::new()),
    }
}

/// The files that say what counts.
fn files(asked: &GateSet) -> impl Iterator<Item = &str> {
    let secrets = asked.secrets.iter();
    let secrets = secrets.flat_map(|of| [Some(of.baseline.as_str()), of.rules.as_deref()]);
    let audits = asked.vulnerabilities.iter().chain(&asked.images);
    let waivers = audits.map(|of| Some(of.waivers.as_str()));
    let mut all: Vec<&str> = secrets.chain(waivers).flatten().collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter()
}

/// The keys that say something else than before, by path. What is new asks for more, and is none.
fn changed_keys(at: &str, was: &Map<String, Value>, is: &Map<String, Value>) -> Vec<String> {
    let mut changed = Vec::new();
    for (key, before) in was {
        let path = format!("{at}.{key}");
        let after = is.get(key).unwrap_or(&Value::Null);
        match (before, after) {
            (before, after) if before == after => {}
            // Who may let through what is shut is not asking for more.
            (Value::Null, _) if key == "overrides" => changed.push(path),
            (Value::Null, _) => {}
            // Sets of gates by name: the gates in them are compared.
            (Value::Object(before), Value::Object(after)) if holds_gates(key, at) => {
                changed.extend(changed_keys(&path, before, after));
            }
            (_, _) => changed.push(path.replace("gates.everywhere.", "gates.")),
        }
    }
    changed.sort();
    changed.dedup();
    changed
}

/// What new environments do without that is asked for everywhere: it is the change that says so.
fn new_environments(was: &Map<String, Value>, is: &Map<String, Value>) -> Vec<String> {
    let members = |of: &Map<String, Value>, key: &str| {
        of.get(key).and_then(Value::as_object).cloned().unwrap_or_default()
    };
    let (known, everywhere) = (members(was, "environments"), members(is, "everywhere"));
    let all = members(is, "environments").into_iter();
    let new = all.filter(|(name, _)| !known.contains_key(name));
    new.flat_map(|(name, gates)| {
        let gates = gates.as_object().cloned().unwrap_or_default();
        changed_keys(&format!("gates.environments.{name}"), &everywhere, &gates)
    })
    .collect()
}

/// Whether a key's members are gates, or sets of them, to which others may be added.
fn holds_gates(key: &str, at: &str) -> bool {
    matches!(key, "everywhere" | "pull_request" | "environments" | "rules" | "checklist")
        || at.ends_with(".environments")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn changed(was: Value, is: Value) -> Vec<String> {
        let map = |value: Value| value.as_object().cloned().unwrap_or_default();
        changed_keys("gates", &map(was), &map(is))
    }

    #[test]
    fn asking_for_more_is_no_change_of_the_judge() {
        let was = json!({"everywhere": {"coverage": {"total": "80%"}, "secrets": null}});
        let more =
            json!({"everywhere": {"coverage": {"total": "80%"}, "secrets": {"rules": null}}});
        assert!(changed(was.clone(), more).is_empty());
        let less = json!({"everywhere": {"coverage": {"total": "70%"}, "secrets": null}});
        assert_eq!(changed(was.clone(), less), ["gates.coverage"]);
        let gone = json!({"everywhere": {"coverage": null, "secrets": null}});
        assert_eq!(changed(was, gone), ["gates.coverage"]);
    }

    #[test]
    fn who_may_override_is_no_more_that_is_asked_for() {
        let people = json!({"overrides": {"by": ["m"], "unverified": true}});
        assert_eq!(changed(json!({"overrides": null}), people), ["gates.overrides"]);
    }

    #[test]
    fn a_new_environment_that_does_without_a_gate_is_told() {
        let of = |environments: Value| {
            json!({"everywhere": {"secrets": {"rules": null}, "load": null},
                                              "environments": environments})
        };
        let (secrets, load) = (json!({"rules": null}), json!({"p95": "1s"}));
        let was = of(json!({"production": {"secrets": secrets, "load": null}}));
        let added = |gates: Value| {
            let is = of(json!({"production": {"secrets": secrets, "load": null}, "new": gates}));
            let map = |value: &Value| value.as_object().cloned().unwrap_or_default();
            new_environments(&map(&was), &map(&is))
        };
        assert!(added(json!({"secrets": secrets, "load": load})).is_empty(), "all, and more");
        assert_eq!(
            added(json!({"secrets": null, "load": null})),
            ["gates.environments.new.secrets"]
        );
    }

    #[test]
    fn one_environment_is_told_from_another() {
        let of = |p95: &str| {
            json!({"environments": {"staging": {"load": null},
                                    "production": {"load": {"p95": p95}}}})
        };
        assert_eq!(changed(of("100ms"), of("1s")), ["gates.environments.production.load"]);
        let of = |rules: Value| json!({"everywhere": {"rules": rules}});
        let rule = |text: &str| json!({"open_if": text});
        assert!(
            changed(of(json!({"a": rule("x")})), of(json!({"a": rule("x"), "b": rule("y")})))
                .is_empty()
        );
        assert_eq!(
            changed(of(json!({"a": rule("x")})), of(json!({"a": rule("true")}))),
            ["gates.rules.a"]
        );
    }
}

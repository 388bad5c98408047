//! What several scanners found, each vulnerability once.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::{Audit, Subject, Vulnerability};

/// One audit for each thing that was looked at.
///
/// Two vulnerabilities are one if they are of one package and share a name of the advisory, also by
/// way of a third. The worst severity counts; a known one counts more than an unknown one.
#[must_use]
pub fn merge(audits: impl IntoIterator<Item = Audit>) -> Vec<Audit> {
    let mut merged: BTreeMap<Subject, Audit> = BTreeMap::new();
    for audit in audits {
        let Audit { tools, subject, packages, found, also } = audit;
        let of =
            merged.entry(subject.clone()).or_insert_with(|| Audit { subject, ..Audit::default() });
        add_all(&mut of.tools, tools);
        of.packages = of.packages.max(packages);
        of.found.extend(found);
        of.also.extend(also);
    }
    let mut audits: Vec<Audit> = merged.into_values().collect();
    for audit in &mut audits {
        audit.found = once(std::mem::take(&mut audit.found));
    }
    audits
}

/// Each vulnerability once, in the order in which they were first told.
pub(in crate::reports) fn once(found: Vec<Vulnerability>) -> Vec<Vulnerability> {
    let mut kept: Vec<Option<Vulnerability>> = Vec::new();
    // Where in `kept` a package's advisory stands, by each of its names.
    let mut known: HashMap<(String, String), usize> = HashMap::new();
    for mut of in found {
        let package = package(&of.package).into_owned();
        let keys = |of: &Vulnerability| -> Vec<(String, String)> {
            of.names().map(|name| (package.clone(), name.to_ascii_uppercase())).collect()
        };
        let mut places: Vec<usize> =
            keys(&of).iter().filter_map(|key| known.get(key).copied()).collect();
        places.sort_unstable();
        places.dedup();
        // One that knows the names of two joins the two.
        for earlier in places.iter().rev().filter_map(|place| kept.get_mut(*place)?.take()) {
            of = join(earlier, of);
        }
        let place = places.first().copied().unwrap_or(kept.len());
        for key in keys(&of) {
            known.insert(key, place);
        }
        match kept.get_mut(place) {
            Some(free) => *free = Some(of),
            None => kept.push(Some(of)),
        }
    }
    kept.into_iter().flatten().collect()
}

/// The two as one; what is said once stays with the first.
fn join(mut one: Vulnerability, other: Vulnerability) -> Vulnerability {
    let names = other.names().map(str::to_owned).filter(|name| *name != one.advisory).collect();
    add_all(&mut one.aliases, names);
    add_all(&mut one.versions, other.versions);
    add_all(&mut one.fixed_in, other.fixed_in);
    add_all(&mut one.sources, other.sources);
    one.severity = one.severity.max(other.severity);
    if one.path.is_empty() {
        one.path = other.path;
    }
    if one.title.is_empty() {
        one.title = other.title;
    }
    one.advice = one.advice.or(other.advice);
    one.note = one.note.or(other.note);
    one
}

fn add_all(to: &mut Vec<String>, from: Vec<String>) {
    for text in from {
        if !to.contains(&text) {
            to.push(text);
        }
    }
}

/// A package's name as all scanners write it: small letters, one separator. PyPI takes `-`, `_` and
/// `.` for the same (PEP 503); Maven's group is set off by `:` or `/`.
pub(super) fn package(name: &str) -> Cow<'_, str> {
    let plain =
        name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if plain {
        return Cow::Borrowed(name);
    }
    let one =
        |c: char| if matches!(c, '_' | '.' | ':' | '/') { '-' } else { c.to_ascii_lowercase() };
    Cow::Owned(name.chars().map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    fn found(by: &str, package: &str, names: &[&str], severity: Option<Severity>) -> Audit {
        let mut names = names.iter().map(|name| (*name).to_owned());
        let vulnerability = Vulnerability {
            package: package.to_owned(),
            advisory: names.next().unwrap(),
            aliases: names.collect(),
            severity,
            fixed_in: vec![format!("by {by}")],
            sources: vec![by.to_owned()],
            ..Vulnerability::default()
        };
        Audit { tools: vec![by.to_owned()], found: vec![vulnerability], ..Audit::default() }
    }

    #[test]
    fn what_shares_a_name_is_one_and_the_worst_severity_counts() {
        let merged = merge([
            found("grype", "Foo_Bar", &["GHSA-1"], None),
            found("trivy", "foo-bar", &["CVE-1"], Some(Severity::Medium)),
            found("npm", "other", &["CVE-1"], Some(Severity::Critical)),
            found("osv", "foo.bar", &["ghsa-1", "CVE-1"], Some(Severity::High)),
        ]);
        let [audit] = merged.as_slice() else { panic!("{merged:?}") };
        assert_eq!(audit.tools, ["grype", "trivy", "npm", "osv"]);
        let [one, other] = audit.found.as_slice() else { panic!("{:?}", audit.found) };
        assert_eq!(one.severity, Some(Severity::High));
        assert_eq!(one.sources, ["grype", "trivy", "osv"]);
        assert_eq!(one.fixed_in, ["by grype", "by trivy", "by osv"]);
        assert!(one.names().any(|name| name == "CVE-1") && one.advisory == "GHSA-1", "{one:?}");
        assert_eq!(other.package, "other");
    }

    #[test]
    fn an_image_is_not_the_project() {
        let image = Audit {
            subject: Subject::Image("web:1".into()),
            ..found("trivy", "a", &["CVE-1"], None)
        };
        assert_eq!(merge([image, found("osv", "a", &["CVE-1"], None)]).len(), 2);
    }
}

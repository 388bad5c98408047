//! osv-scanner: `osv-scanner --format json`, whose vulnerabilities are of the OSV schema
//! (<https://ossf.github.io/osv-schema/>).
//!
//! It lists what is vulnerable alone (or, with `--all-packages`, everything), and writes no report
//! where it finds nothing to scan: an empty list is a clean one.

use serde::Deserialize;

use super::severity::word;
use super::{Audit, Subject, Vulnerability, cvss};
use crate::finding::Severity;
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::{Report, json};

pub(super) const FORMAT: Format = Format {
    name: "osv-scanner",
    recognise: |beginning| {
        let is_empty = |results: &[&str]| {
            beginning.has(results)
                && !beginning.has(&["results.[]"])
                && !beginning.has(&["version"])
        };
        beginning.has(&["results.[].packages", "results.[].source"])
            || is_empty(&["results", "experimental_config"])
            || is_empty(&["results", "image_metadata"])
    },
    read: |source| read(source).map(Report::Vulnerabilities),
};

#[derive(Deserialize)]
struct Document {
    results: Vec<Scanned>,
    image_metadata: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Scanned {
    source: Place,
    packages: Vec<Entry>,
}

#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    path: String,
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Deserialize)]
struct Entry {
    package: Package,
    vulnerabilities: Option<Vec<Osv>>,
    groups: Option<Vec<Group>>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: Option<String>,
}

/// Vulnerabilities that are one.
#[derive(Deserialize)]
struct Group {
    ids: Vec<String>,
    aliases: Option<Vec<String>>,
    max_severity: Option<String>,
}

/// A vulnerability of the OSV schema.
#[derive(Deserialize)]
pub(super) struct Osv {
    pub(super) id: String,
    pub(super) aliases: Option<Vec<String>>,
    #[serde(default)]
    pub(super) summary: String,
    severity: Option<Vec<Score>>,
    affected: Option<Vec<Affected>>,
    database_specific: Option<Database>,
}

#[derive(Deserialize)]
struct Score {
    score: String,
}

#[derive(Deserialize)]
struct Affected {
    package: Option<Package>,
    ranges: Option<Vec<Range>>,
}

#[derive(Deserialize)]
struct Range {
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    fixed: Option<String>,
}

#[derive(Deserialize)]
struct Database {
    severity: Option<String>,
}

impl Osv {
    /// How bad it is: the worst that its vectors or its database say.
    pub(super) fn severity(&self) -> Option<Severity> {
        let scores = self.severity.iter().flatten().filter_map(|of| cvss::severity(&of.score));
        let said = self.database_specific.as_ref().and_then(|of| word(of.severity.as_deref()?));
        scores.max().or(said)
    }

    /// The versions of a package that mend it.
    fn fixed_in(&self, package: &str) -> impl Iterator<Item = String> {
        let of = self.affected.iter().flatten().filter(move |affected| {
            affected.package.as_ref().is_none_or(|named| named.name == package)
        });
        let ranges = of.flat_map(|affected| affected.ranges.iter().flatten());
        ranges.flat_map(|range| &range.events).filter_map(|event| event.fixed.clone())
    }
}

fn read(source: &mut Source<'_>) -> Result<Audit, Fault> {
    let report: Document = json::document(source)?;
    if !report.results.is_empty() && report.results.iter().all(|of| of.packages.is_empty()) {
        return Err(Fault::empty("no package is in what was scanned"));
    }
    let mut audit = Audit { tools: vec!["osv-scanner".into()], ..Audit::default() };
    if report.image_metadata.is_some() {
        audit.subject = Subject::Image(String::new());
    }
    for Scanned { source, packages } in report.results {
        if matches!(source.kind.as_str(), "docker" | "artifact") {
            audit.subject = Subject::Image(source.path.clone());
        }
        for entry in packages {
            audit.found.extend(of_package(&source.path, entry));
        }
    }
    Ok(audit)
}

fn of_package(path: &str, entry: Entry) -> Vec<Vulnerability> {
    let Entry { package, vulnerabilities, groups } = entry;
    let known = vulnerabilities.unwrap_or_default();
    let alone = |osv: &Osv| Group { ids: vec![osv.id.clone()], aliases: None, max_severity: None };
    let mut groups = groups.unwrap_or_default();
    let is_grouped = |osv: &&Osv| groups.iter().any(|group| group.ids.contains(&osv.id));
    let others: Vec<Group> = known.iter().filter(|osv| !is_grouped(osv)).map(alone).collect();
    groups.extend(others);
    let of_group = |group: Group| {
        let members: Vec<&Osv> = known.iter().filter(|osv| group.ids.contains(&osv.id)).collect();
        let score = group.max_severity.as_deref().and_then(|score| score.parse().ok());
        let aliases = members.iter().flat_map(|osv| osv.aliases.clone().unwrap_or_default());
        let mut names: Vec<String> = group.ids.to_vec();
        for name in group.aliases.into_iter().flatten().chain(aliases) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let mut names = names.into_iter();
        let mut fixed_in: Vec<String> =
            members.iter().flat_map(|osv| osv.fixed_in(&package.name)).collect();
        fixed_in.dedup();
        Vulnerability {
            package: package.name.clone(),
            versions: package.version.iter().cloned().collect(),
            advisory: names.next().unwrap_or_default(),
            aliases: names.collect(),
            // The group's is of vectors alone: the worst that anybody says counts.
            severity: score
                .and_then(cvss::rating)
                .into_iter()
                .chain(members.iter().filter_map(|osv| osv.severity()))
                .max(),
            fixed_in,
            path: vec![path.to_owned()],
            title: members
                .iter()
                .map(|osv| osv.summary.clone())
                .find(|text| !text.is_empty())
                .unwrap_or_default(),
            sources: vec!["osv-scanner".into()],
            ..Vulnerability::default()
        }
    };
    groups.into_iter().map(of_group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_hide_nothing() {
        let found = |groups: &str| {
            let text = format!(
                r#"{{"results": [{{"source": {{}}, "packages": [{{"package": {{"name": "a"}},
                "vulnerabilities": [{{"id": "X", "database_specific": {{"severity": "CRITICAL"}}}},
                {{"id": "Y"}}], "groups": {groups}}}]}}]}}"#
            );
            let audit = read(&mut Source::new(&mut text.as_bytes()).unwrap()).unwrap();
            audit.found.into_iter().map(|of| (of.advisory, of.severity)).collect::<Vec<_>>()
        };
        let all = [("X".to_owned(), Some(Severity::Critical)), ("Y".to_owned(), None)];
        for groups in ["null", "[]", r#"[{"ids": ["X"], "max_severity": "2.0"}]"#] {
            assert_eq!(found(groups), all, "{groups}");
        }
        assert_eq!(found(r#"[{"ids": ["X", "Y"], "max_severity": ""}]"#), all[..1]);
    }
}

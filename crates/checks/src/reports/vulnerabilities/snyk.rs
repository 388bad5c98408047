//! Snyk: `snyk test --json` and `snyk container test --json`, of one project or, with
//! `--all-projects`, a list of them.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::findings::{named, not_audited, rules};
use super::severity::word;
use super::{Audit, Subject, Vulnerability, cvss};
use crate::finding::{Severity, Span};
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::{Report, json};

pub(super) const FORMAT: Format = Format {
    name: "Snyk",
    recognise: |beginning| {
        let is_project = |at: &str| {
            let has = |key: &str| beginning.has(&[&format!("{at}{key}")]);
            has("ok") && (has("vulnerabilities") || has("dependencyCount") || has("error"))
        };
        is_project("") || is_project("[].")
    },
    read: |source| read(source).map(Report::Vulnerabilities),
};

/// One project, or a list of them.
struct Projects(Vec<Project>);

impl<'de> Deserialize<'de> for Projects {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Projects;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a project or a list of projects")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Projects, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Projects)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Projects, A::Error> {
                let project = Project::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Projects(vec![project]))
            }
        }
        from.deserialize_any(Either)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Project {
    error: Option<String>,
    vulnerabilities: Option<Vec<Issue>>,
    dependency_count: Option<u64>,
    display_target_file: Option<String>,
    docker: Option<serde::de::IgnoredAny>,
    path: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issue {
    id: String,
    #[serde(default)]
    title: String,
    severity: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    package_name: Option<String>,
    module_name: Option<String>,
    version: Option<String>,
    #[serde(default)]
    from: Vec<String>,
    #[serde(default)]
    fixed_in: Vec<String>,
    #[serde(default)]
    identifiers: BTreeMap<String, Vec<String>>,
    #[serde(rename = "CVSSv3")]
    vector: Option<String>,
}

fn read(source: &mut Source<'_>) -> Result<Audit, Fault> {
    let Projects(projects) = json::document(source)?;
    let mut audit = Audit { tools: vec!["Snyk".into()], ..Audit::default() };
    let mut failed = Vec::new();
    let mut audited = false;
    for project in projects {
        let name = project.display_target_file.or_else(|| project.path.clone()).unwrap_or_default();
        if let Some(error) = project.error {
            failed.push(format!(
                "Snyk did not audit {name}: {}",
                error.lines().next().unwrap_or_default()
            ));
            continue;
        }
        let Some(issues) = project.vulnerabilities.filter(|_| project.dependency_count != Some(0))
        else {
            failed.push(format!("Snyk found no dependency in {name}"));
            continue;
        };
        audited = true;
        if project.docker.is_some() {
            audit.subject = Subject::Image(project.path.unwrap_or_default());
        }
        if let Some(count) = project.dependency_count {
            audit.packages = Some(audit.packages.unwrap_or(0).saturating_add(count));
        }
        for issue in issues {
            take(issue, &name, &mut audit);
        }
    }
    if !audited {
        return Err(Fault::empty(
            failed.into_iter().next().unwrap_or_else(|| "no project was audited".into()),
        ));
    }
    audit.also.extend(failed.iter().map(|said| not_audited(&rules::NOT_AUDITED, said)));
    audit.found = super::merge::once(audit.found);
    Ok(audit)
}

fn take(issue: Issue, file: &str, audit: &mut Audit) {
    let package = issue.package_name.or(issue.module_name).unwrap_or_default();
    let severity = issue.severity.as_deref().and_then(word);
    if issue.kind.as_deref() == Some("license") {
        let said = format!("{package} {}: {}", issue.version.unwrap_or_default(), issue.title);
        let severity = severity.unwrap_or(Severity::High);
        audit.also.push(named(issue.id, severity, file, Span::FILE, &said));
        return;
    }
    let of = |kind: &str| issue.identifiers.get(kind).into_iter().flatten().cloned();
    audit.found.push(Vulnerability {
        package,
        versions: issue.version.into_iter().collect(),
        aliases: of("CVE").chain(of("GHSA")).collect(),
        advisory: issue.id,
        severity: severity.or_else(|| issue.vector.as_deref().and_then(cvss::severity)),
        fixed_in: issue.fixed_in,
        path: issue.from,
        title: issue.title,
        sources: vec!["Snyk".into()],
        ..Vulnerability::default()
    });
}

//! Yarn: `yarn audit --json` of Yarn 1 (a line an event, the last one a summary) and
//! `yarn npm audit --json` of Yarn 4 (a line an advisory).
//!
//! Yarn 4 writes nothing where nothing is vulnerable, which cannot be told from an audit that did
//! not run: it is no evidence.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::npm::{Advisory, below, ghsa};
use super::severity::word;
use super::{Audit, Vulnerability};
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::{Report, json};

pub(super) const CLASSIC: Format = Format {
    name: "yarn audit",
    recognise: |beginning| {
        let kind = beginning.json().and_then(|outline| outline.scalar("type"));
        let of_yarn = |kind| {
            matches!(
                kind,
                "auditAdvisory" | "auditSummary" | "auditAction" | "error" | "warning" | "info"
            )
        };
        kind.is_some_and(of_yarn) && beginning.has(&["data"])
    },
    read: |source| read_classic(source).map(Report::Vulnerabilities),
};

pub(super) const BERRY: Format = Format {
    name: "yarn npm audit",
    recognise: |beginning| beginning.has(&["value", "children.Severity"]),
    read: |source| read_berry(source).map(Report::Vulnerabilities),
};

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    data: Box<RawValue>,
}

#[derive(Deserialize)]
struct AdvisoryEvent {
    resolution: Option<Resolution>,
    advisory: Advisory,
}

#[derive(Deserialize)]
struct Resolution {
    path: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    total_dependencies: u64,
}

fn read_classic(source: &mut Source<'_>) -> Result<Audit, Fault> {
    let mut found = Vec::new();
    let mut summary = None;
    json::documents(source, |event: Event| {
        match event.kind.as_str() {
            "auditAdvisory" => {
                let AdvisoryEvent { resolution, advisory } = part(&event.data)?;
                let mut vulnerability = advisory.vulnerability("yarn")?;
                if let Some(path) = resolution.and_then(|resolution| resolution.path) {
                    vulnerability.path = path.split('>').map(str::to_owned).collect();
                }
                found.push(vulnerability);
            }
            "auditSummary" => summary = Some(part::<Summary>(&event.data)?),
            "error" => {
                let said = event.data.get().trim_matches('"');
                return Err(Fault::empty(format!(
                    "the audit failed: {}",
                    crate::reports::shortened(said)
                )));
            }
            // Warnings, hints and actions that it would take.
            _ => {}
        }
        Ok(())
    })?;
    let summary = summary.ok_or_else(|| {
        Fault::malformed("it has no summary (`auditSummary`), the last line of a whole report")
    })?;
    if summary.total_dependencies == 0 {
        return Err(Fault::empty("no dependency was audited"));
    }
    let packages = Some(summary.total_dependencies);
    Ok(Audit { tools: vec!["yarn".into()], packages, found, ..Audit::default() })
}

fn part<T: serde::de::DeserializeOwned>(data: &RawValue) -> Result<T, Fault> {
    serde_json::from_str(data.get())
        .map_err(|error| Fault::malformed(crate::reports::shortened(&error.to_string())))
}

#[derive(Deserialize)]
struct Line {
    value: String,
    children: Children,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Children {
    #[serde(rename = "ID")]
    id: Option<Box<RawValue>>,
    issue: Option<String>,
    #[serde(rename = "URL")]
    url: Option<String>,
    severity: Option<String>,
    #[serde(rename = "Vulnerable Versions")]
    vulnerable: Option<String>,
    #[serde(rename = "Tree Versions", default)]
    versions: Vec<String>,
    #[serde(default)]
    dependents: Vec<String>,
}

fn read_berry(source: &mut Source<'_>) -> Result<Audit, Fault> {
    let mut found = Vec::new();
    json::documents(source, |Line { value, children }: Line| {
        let number = children.id.map(|id| format!("npm:{}", id.get().trim_matches('"')));
        let mut names =
            children.url.as_deref().and_then(ghsa).map(str::to_owned).into_iter().chain(number);
        found.push(Vulnerability {
            package: value,
            versions: children.versions,
            advisory: names.next().unwrap_or_default(),
            aliases: names.collect(),
            severity: children.severity.as_deref().and_then(word),
            fixed_in: children
                .vulnerable
                .as_deref()
                .and_then(below)
                .map(str::to_owned)
                .into_iter()
                .collect(),
            path: children.dependents,
            title: children.issue.unwrap_or_default(),
            sources: vec!["yarn".into()],
            ..Vulnerability::default()
        });
        Ok(())
    })?;
    Ok(Audit { tools: vec!["yarn".into()], found, ..Audit::default() })
}

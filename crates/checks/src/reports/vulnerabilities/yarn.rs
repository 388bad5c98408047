//! Yarn: `yarn audit --json` of Yarn 1 (a line an event, the last one a summary) and
//! `yarn npm audit --json` of Yarn 4 (a line an advisory).
//!
//! What `--level` and `--summary` leave out is counted in Yarn 1's summary all the same: a severity
//! that it counts and no advisory has is no whole report.
//!
//! Yarn 4 writes nothing where nothing is vulnerable, which cannot be told from an audit that did
//! not run: it is no evidence.

use std::collections::BTreeMap;

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
    #[serde(default)]
    vulnerabilities: BTreeMap<String, u64>,
    total_dependencies: u64,
}

/// A severity that the summary counts and no advisory has.
fn left_out(summary: &Summary, found: &[Vulnerability]) -> Option<Fault> {
    let is_told = |name: &str| found.iter().any(|of| of.severity == word(name));
    let counted = summary.vulnerabilities.iter().filter(|(_, count)| **count > 0);
    counted.into_iter().find(|(name, _)| !is_told(name)).map(|(name, count)| {
        Fault::malformed(format!(
            "its summary counts {count} of severity `{name}`, and it tells of none: run it without \
             `--level` and `--summary`"
        ))
    })
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
    if let Some(fault) = left_out(&summary, &found) {
        return Err(fault);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_level_left_out_is_no_evidence() {
        let read = |lines: &str, counts: &str| {
            let summary = format!(
                r#"{{"type":"auditSummary","data":{{"vulnerabilities":{{{counts}}},"totalDependencies":9}}}}"#
            );
            let text = format!("{lines}{summary}\n");
            read_classic(&mut Source::new(&mut text.as_bytes()).unwrap())
        };
        let advisory = concat!(
            r#"{"type":"auditAdvisory","data":{"resolution":{"id":1,"path":"a>b"},"advisory":"#,
            r#"{"id":1,"module_name":"b","severity":"moderate","title":"t","#,
            r#""vulnerable_versions":"<2.0.0","patched_versions":">=2.0.0","url":"https://x"}}}"#,
            "\n"
        );
        assert_eq!(read(advisory, r#""low":0,"moderate":1,"high":0"#).unwrap().found.len(), 1);
        assert_eq!(read("", r#""low":0,"moderate":0"#).unwrap().found.len(), 0);
        for (lines, counts, severity) in
            [("", r#""high":2"#, "`high`"), (advisory, r#""low":3,"moderate":1"#, "`low`")]
        {
            let said = read(lines, counts).unwrap_err().why.to_string();
            assert!(said.contains(severity), "{said}");
        }
    }
}

//! Trivy: `trivy … --format json`, `SchemaVersion` 2.

use std::borrow::Cow;

use serde::Deserialize;

use super::findings::{left_out, named, not_audited, rules};
use super::severity::word;
use super::{Audit, Subject, Vulnerability};
use crate::finding::{Finding, Pos, Severity, Span};
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::{Report, json};

pub(super) const FORMAT: Format = Format {
    name: "Trivy",
    recognise: |beginning| beginning.has(&["SchemaVersion", "ArtifactName"]),
    read: |source| read(source).map(Report::Vulnerabilities),
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    artifact_name: String,
    artifact_type: Option<String>,
    metadata: Option<Metadata>,
    results: Option<Vec<Target>>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "OS")]
    system: Option<System>,
}

#[derive(Deserialize)]
struct System {
    #[serde(rename = "Family", default)]
    family: String,
    #[serde(rename = "Name", default)]
    name: String,
    #[serde(rename = "EOSL", default)]
    is_out_of_support: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Target {
    target: String,
    class: Option<String>,
    packages: Option<Vec<serde::de::IgnoredAny>>,
    vulnerabilities: Option<Vec<Entry>>,
    misconfigurations: Option<Vec<Misconfiguration>>,
    secrets: Option<Vec<Secret>>,
    /// What its configuration or VEX leave out (`--show-suppressed`).
    #[serde(rename = "ExperimentalModifiedFindings", alias = "ModifiedFindings", default)]
    modified: Vec<Modified>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Modified {
    finding: Hidden,
}

#[derive(Deserialize)]
struct Hidden {
    #[serde(rename = "VulnerabilityID")]
    id: Option<String>,
    #[serde(rename = "PkgName", default)]
    package: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(rename = "VulnerabilityID")]
    id: String,
    #[serde(rename = "VendorIDs", default)]
    vendor_ids: Vec<String>,
    pkg_name: String,
    #[serde(default)]
    pkg_path: String,
    installed_version: Option<String>,
    fixed_version: Option<String>,
    severity: Option<String>,
    #[serde(default)]
    title: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Misconfiguration {
    #[serde(rename = "ID")]
    id: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    resolution: String,
    severity: Option<String>,
    status: Option<String>,
    cause_metadata: Option<Lines>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Secret {
    #[serde(rename = "RuleID")]
    id: String,
    #[serde(default)]
    title: String,
    severity: Option<String>,
    #[serde(flatten)]
    lines: Lines,
}

#[derive(Deserialize)]
struct Lines {
    #[serde(rename = "StartLine")]
    start: Option<usize>,
    #[serde(rename = "EndLine")]
    end: Option<usize>,
}

impl Lines {
    fn span(&self) -> Span {
        let of =
            |line: Option<usize>| line.filter(|line| *line > 0).map(|line| Pos { line, column: 1 });
        let start = of(self.start).unwrap_or(Pos::START);
        Span { start, end: of(self.end).unwrap_or(start).max(start) }
    }
}

fn read(source: &mut Source<'_>) -> Result<Audit, Fault> {
    let report: Document = json::document(source)?;
    let targets = report.results.unwrap_or_default();
    let is_of_packages = |target: &Target| {
        target.vulnerabilities.is_some()
            || matches!(target.class.as_deref(), Some("os-pkgs" | "lang-pkgs"))
    };
    if !targets.iter().any(is_of_packages) {
        return Err(Fault::empty(
            "Trivy found no packages to look at (no result of class `os-pkgs` or `lang-pkgs`)",
        ));
    }
    let mut audit = Audit { tools: vec!["Trivy".into()], ..Audit::default() };
    if report.artifact_type.as_deref() == Some("container_image") {
        audit.subject = Subject::Image(report.artifact_name);
    }
    if let Some(System { family, name, is_out_of_support: true }) =
        report.metadata.and_then(|metadata| metadata.system)
    {
        let said =
            format!("{family} {name} is no longer supported: nobody writes advisories for it");
        audit.also.push(not_audited(&rules::NOT_AUDITED, &said));
    }
    for target in targets {
        take(target, &mut audit);
    }
    Ok(audit)
}

fn take(target: Target, audit: &mut Audit) {
    if let Some(packages) = &target.packages {
        audit.packages = Some(audit.packages.unwrap_or(0) + packages.len() as u64);
    }
    let hidden = target.modified.into_iter().map(|of| of.finding);
    let hidden: Vec<String> =
        hidden.filter_map(|of| Some(format!("{} {}", of.package, of.id?))).collect();
    audit.also.extend(left_out("Trivy", &hidden));
    let file = target.target;
    for entry in target.vulnerabilities.into_iter().flatten() {
        audit.found.push(Vulnerability {
            package: entry.pkg_name,
            versions: entry.installed_version.into_iter().collect(),
            advisory: entry.id,
            aliases: entry.vendor_ids,
            severity: entry.severity.as_deref().and_then(word),
            fixed_in: entry
                .fixed_version
                .iter()
                .flat_map(|of| of.split(", "))
                .map(str::to_owned)
                .collect(),
            path: [file.clone(), entry.pkg_path].into_iter().filter(|of| !of.is_empty()).collect(),
            title: entry.title,
            sources: vec!["Trivy".into()],
            ..Vulnerability::default()
        });
    }
    for of in target.misconfigurations.into_iter().flatten() {
        // What passed is listed as well, on request.
        if of.status.as_deref().is_none_or(|status| status == "FAIL") {
            let said = if of.message.is_empty() { of.title } else { of.message };
            let span = of.cause_metadata.map_or(Span::FILE, |lines| lines.span());
            let help = (!of.resolution.is_empty()).then_some(of.resolution);
            audit.also.push(other(of.id, of.severity.as_deref(), &file, span, said, help));
        }
    }
    for of in target.secrets.into_iter().flatten() {
        let span = of.lines.span();
        audit.also.push(other(of.id, of.severity.as_deref(), &file, span, of.title, None));
    }
}

/// What Trivy found besides vulnerabilities, under its own name.
fn other(
    id: String,
    severity: Option<&str>,
    file: &str,
    span: Span,
    said: String,
    help: Option<String>,
) -> Finding {
    let severity = severity.and_then(word).unwrap_or(Severity::High);
    Finding { help: help.map(Cow::Owned), ..named(id, severity, file, span, &said) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_told() {
        let text = r#"{"SchemaVersion": 2, "ArtifactName": ".", "Results": [{"Target": "p",
            "Class": "lang-pkgs", "ExperimentalModifiedFindings": [{"Type": "vulnerability",
            "Status": "ignored", "Finding": {"VulnerabilityID": "CVE-1", "PkgName": "a"}},
            {"Type": "license", "Finding": {"Name": "GPL-3.0"}}]}]}"#;
        let audit = read(&mut Source::new(&mut text.as_bytes()).unwrap()).unwrap();
        let [finding] = &audit.also[..] else { panic!("{audit:?}") };
        assert_eq!(finding.message, "Trivy leaves out by rules of its own: a CVE-1");
    }
}

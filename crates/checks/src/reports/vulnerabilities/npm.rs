//! npm and pnpm: `npm audit --json` (npm 7 and newer: `auditReportVersion` 2; npm 6: `advisories`,
//! which pnpm and Yarn 2 and 3 write as well).
//!
//! Source: npm's documentation of `npm audit` and the `toJSON` of its packages `npm-audit-report`
//! and `@npmcli/metavuln-calculator`.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::severity::word;
use super::{Audit, Vulnerability, cvss};
use crate::reports::beginning::Beginning;
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::{Report, json};

pub(super) const CURRENT: Format = Format {
    name: "npm audit",
    recognise: |beginning| beginning.has(&["auditReportVersion"]),
    read: |source| read_current(source).map(Report::Vulnerabilities),
};

pub(super) const OLD: Format = Format {
    name: "npm 6 or pnpm audit",
    recognise: |beginning| beginning.has(&["advisories", "metadata"]),
    read: |source| read_old(source).map(Report::Vulnerabilities),
};

/// What npm and pnpm write instead of a report when they cannot audit.
pub(super) const FAILED: Format = Format {
    name: "npm audit",
    recognise: is_failure,
    read: |source| read_failed(source).map(Report::Vulnerabilities),
};

fn is_failure(beginning: &Beginning) -> bool {
    let has_error = beginning.has(&["error.code"]) || beginning.has(&["error.summary"]);
    has_error && !beginning.has(&["advisories"])
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Current {
    audit_report_version: u64,
    vulnerabilities: BTreeMap<String, Package>,
    metadata: Metadata,
    /// What went wrong, where something did.
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Package {
    name: Option<String>,
    severity: Option<String>,
    via: Vec<Via>,
    #[serde(default)]
    nodes: Vec<String>,
    #[serde(rename = "fixAvailable")]
    fix: Option<Fix>,
}

/// Why a package is vulnerable: an advisory of its own, or the name of a package it depends on.
enum Via {
    Advisory(Box<ViaAdvisory>),
    Package,
}

impl<'de> Deserialize<'de> for Via {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Via;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an advisory or the name of a package")
            }

            fn visit_str<E>(self, _: &str) -> Result<Via, E> {
                Ok(Via::Package)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Via, A::Error> {
                let advisory = ViaAdvisory::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Via::Advisory(Box::new(advisory)))
            }
        }
        from.deserialize_any(Either)
    }
}

#[derive(Deserialize)]
struct ViaAdvisory {
    source: Option<Box<RawValue>>,
    name: Option<String>,
    title: Option<String>,
    url: Option<String>,
    severity: Option<String>,
    range: Option<String>,
    cvss: Option<Cvss>,
}

#[derive(Deserialize)]
struct Cvss {
    #[serde(rename = "vectorString")]
    vector: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Fix {
    Update { name: String, version: String },
    Said(IgnoredAny),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    vulnerabilities: Option<BTreeMap<String, u64>>,
    dependencies: Option<Count>,
    total_dependencies: Option<u64>,
}

/// How many packages: npm 7 says of which kind.
#[derive(Deserialize)]
#[serde(untagged)]
enum Count {
    ByKind(BTreeMap<String, u64>),
    All(u64),
}

impl Metadata {
    /// How many packages were looked at; an audit of none is no evidence.
    fn packages(&self) -> Result<Option<u64>, Fault> {
        let dependencies = match &self.dependencies {
            Some(Count::ByKind(kinds)) => kinds.get("total").copied(),
            Some(Count::All(count)) => Some(*count),
            None => None,
        };
        match self.total_dependencies.or(dependencies) {
            Some(0) => Err(Fault::empty("no dependency was audited")),
            count => Ok(count),
        }
    }

    /// Whether as many packages are told as were counted.
    fn counts(&self, told: u64) -> Result<(), Fault> {
        match self.counted() {
            counted if counted > told => Err(Fault::malformed(format!(
                "it counts {counted} vulnerabilities and tells {told} of them"
            ))),
            _ => Ok(()),
        }
    }

    /// Vulnerabilities of every severity.
    fn counted(&self) -> u64 {
        let all = self.vulnerabilities.iter().flatten().filter(|(kind, _)| *kind != "total");
        all.fold(0, |sum, (_, of)| sum.saturating_add(*of))
    }

    /// Whether what was counted is also told.
    fn agrees(&self, told: bool) -> Result<(), Fault> {
        match self.counted() {
            counted @ 1.. if !told => Err(Fault::malformed(format!(
                "it counts {counted} vulnerabilities and tells none of them"
            ))),
            _ => Ok(()),
        }
    }
}

fn read_current(source: &mut Source<'_>) -> Result<Audit, Fault> {
    let report: Current = json::document(source)?;
    if report.audit_report_version != 2 {
        let version = report.audit_report_version;
        return Err(Fault::malformed(format!("version {version} of npm's report is not known")));
    }
    if report.error.is_some() {
        return Err(Fault::empty("the audit failed: an `error` stands beside it"));
    }
    let packages = report.metadata.packages()?;
    if packages.is_none() {
        return Err(Fault::empty("it does not say how many dependencies were audited"));
    }
    report.metadata.counts(report.vulnerabilities.len() as u64)?;
    let mut found = Vec::new();
    for (key, package) in report.vulnerabilities {
        let name = package.name.clone().unwrap_or(key);
        // A package that is vulnerable by another is told with that one.
        for via in &package.via {
            if let Via::Advisory(advisory) = via {
                found.push(of_package(&name, &package, advisory));
            }
        }
    }
    report.metadata.agrees(!found.is_empty())?;
    Ok(Audit { tools: vec!["npm".into()], packages, found, ..Audit::default() })
}

fn of_package(name: &str, package: &Package, advisory: &ViaAdvisory) -> Vulnerability {
    let number =
        advisory.source.as_ref().map(|number| format!("npm:{}", number.get().trim_matches('"')));
    let name = advisory.name.as_deref().unwrap_or(name);
    let vector = advisory.cvss.as_ref().and_then(|cvss| cvss.vector.as_deref());
    let said = advisory.severity.as_deref().or(package.severity.as_deref());
    let mut fixed_in: Vec<String> =
        advisory.range.as_deref().and_then(below).into_iter().map(str::to_owned).collect();
    match &package.fix {
        Some(Fix::Update { name: of, version }) if of == name && fixed_in.is_empty() => {
            fixed_in.push(version.clone());
        }
        Some(Fix::Update { .. } | Fix::Said(_)) | None => {}
    }
    Vulnerability {
        package: name.to_owned(),
        advisory: advisory
            .url
            .as_deref()
            .and_then(ghsa)
            .map(str::to_owned)
            .or(number)
            .unwrap_or_default(),
        severity: said.and_then(word).or_else(|| vector.and_then(cvss::severity)),
        fixed_in,
        path: package.nodes.clone(),
        title: advisory.title.clone().unwrap_or_default(),
        sources: vec!["npm".into()],
        ..Vulnerability::default()
    }
}

/// The advisory's name in GitHub's database: the end of its address.
pub(super) fn ghsa(url: &str) -> Option<&str> {
    url.rsplit('/').next().filter(|name| name.starts_with("GHSA-"))
}

/// The version that a range of vulnerable ones ends before: `>=1.0.0 <1.2.3`.
pub(super) fn below(range: &str) -> Option<&str> {
    let last = range.rsplit(' ').next()?;
    last.strip_prefix('<').filter(|version| version.starts_with(|c: char| c.is_ascii_digit()))
}

#[derive(Deserialize)]
struct Old {
    advisories: BTreeMap<String, Advisory>,
    metadata: Metadata,
}

/// An advisory in the shape of npm 6, which Yarn 1 writes as well.
#[derive(Deserialize)]
pub(super) struct Advisory {
    id: Option<Box<RawValue>>,
    module_name: Option<String>,
    severity: Option<String>,
    title: Option<String>,
    url: Option<String>,
    github_advisory_id: Option<String>,
    #[serde(default)]
    cves: Vec<String>,
    patched_versions: Option<String>,
    cvss: Option<Cvss>,
    #[serde(default)]
    findings: Vec<Place>,
}

#[derive(Deserialize)]
struct Place {
    version: Option<String>,
    #[serde(default)]
    paths: Vec<String>,
}

impl Advisory {
    pub(super) fn vulnerability(self, tool: &str) -> Result<Vulnerability, Fault> {
        let package = self
            .module_name
            .ok_or_else(|| Fault::malformed("an advisory names no package (`module_name`)"))?;
        let github = self.github_advisory_id.filter(|id| !id.is_empty());
        let github = github.or_else(|| self.url.as_deref().and_then(ghsa).map(str::to_owned));
        let number = self.id.map(|id| format!("npm:{}", id.get().trim_matches('"')));
        let mut names = github.into_iter().chain(self.cves).chain(number);
        let vector = self.cvss.as_ref().and_then(|cvss| cvss.vector.as_deref());
        let fixed = self.patched_versions.as_deref().and_then(|range| range.strip_prefix(">="));
        let mut versions: Vec<String> =
            self.findings.iter().filter_map(|place| place.version.clone()).collect();
        versions.dedup();
        let path = self.findings.into_iter().flat_map(|place| place.paths).next();
        Ok(Vulnerability {
            package,
            versions,
            advisory: names.next().unwrap_or_default(),
            aliases: names.collect(),
            severity: self
                .severity
                .as_deref()
                .and_then(word)
                .or_else(|| vector.and_then(cvss::severity)),
            fixed_in: fixed.map(|version| version.trim().to_owned()).into_iter().collect(),
            path: path
                .iter()
                .flat_map(|path| path.split('>'))
                .map(|of| of.trim().to_owned())
                .collect(),
            title: self.title.unwrap_or_default(),
            sources: vec![tool.to_owned()],
            ..Vulnerability::default()
        })
    }
}

fn read_old(source: &mut Source<'_>) -> Result<Audit, Fault> {
    let report: Old = json::document(source)?;
    let packages = report.metadata.packages()?;
    let found = report.advisories.into_values().map(|advisory| advisory.vulnerability("npm"));
    let found: Vec<Vulnerability> = found.collect::<Result<_, _>>()?;
    report.metadata.agrees(!found.is_empty())?;
    Ok(Audit { tools: vec!["npm".into()], packages, found, ..Audit::default() })
}

#[derive(Deserialize)]
struct Failed {
    /// What happened, where the audit's server could not be asked.
    message: Option<String>,
    error: Failure,
}

#[derive(Deserialize)]
struct Failure {
    code: Option<String>,
    #[serde(alias = "message")]
    summary: Option<String>,
}

fn read_failed(source: &mut Source<'_>) -> Result<Audit, Fault> {
    let Failed { message, error } = json::document(source)?;
    let said = [error.code, error.summary, message].into_iter().flatten();
    let said: Vec<String> = said.filter(|text| !text.trim().is_empty()).collect();
    Err(Fault::empty(format!("the audit failed: {}", said.join(": "))))
}

//! cargo-audit: `cargo audit --json`, as `rustsec::Report` is written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::findings::{below_threshold, left_out, rules};
use super::{Audit, Vulnerability, cvss};
use crate::finding::{Finding, Span};
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::{Report, json};

pub(super) const FORMAT: Format = Format {
    name: "cargo audit",
    recognise: |beginning| beginning.has(&["lockfile.dependency-count", "database"]),
    read: |source| read(source).map(Report::Vulnerabilities),
};

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    settings: Settings,
    lockfile: Lockfile,
    vulnerabilities: Vulnerabilities,
    #[serde(default)]
    warnings: BTreeMap<String, Vec<Entry>>,
}

/// What it was told to leave out.
#[derive(Default, Deserialize)]
struct Settings {
    severity: Option<String>,
    #[serde(default)]
    ignore: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Lockfile {
    dependency_count: u64,
}

#[derive(Deserialize)]
struct Vulnerabilities {
    count: u64,
    list: Vec<Entry>,
}

/// An advisory and the package that it is about; what was yanked has no advisory.
#[derive(Deserialize)]
struct Entry {
    advisory: Option<Advisory>,
    versions: Option<Versions>,
    package: Package,
}

#[derive(Deserialize)]
struct Advisory {
    id: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    aliases: Vec<String>,
    cvss: Option<String>,
}

#[derive(Deserialize)]
struct Versions {
    #[serde(default)]
    patched: Vec<String>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
}

fn read(source: &mut Source<'_>) -> Result<Audit, Fault> {
    let report: Document = json::document(source)?;
    let packages = report.lockfile.dependency_count;
    if packages == 0 {
        return Err(Fault::empty("the lock file names no package"));
    }
    let Vulnerabilities { count, list } = report.vulnerabilities;
    if count != list.len() as u64 {
        let told = list.len();
        return Err(Fault::malformed(format!(
            "it counts {count} vulnerabilities and tells {told}"
        )));
    }
    let found = list.into_iter().map(vulnerability).collect::<Result<_, _>>()?;
    let warnings = report.warnings.into_iter();
    let also = warnings
        .flat_map(|(kind, entries)| entries.into_iter().map(move |entry| warning(&kind, &entry)));
    let Settings { severity, ignore } = report.settings;
    let threshold = severity.filter(|of| of != "none");
    let threshold = threshold.map(|of| below_threshold("cargo-audit", &of));
    let also = also.chain(threshold).chain(left_out("cargo-audit", &ignore)).collect();
    let tools = vec!["cargo-audit".into()];
    Ok(Audit { tools, packages: Some(packages), found, also, ..Audit::default() })
}

fn vulnerability(entry: Entry) -> Result<Vulnerability, Fault> {
    let Entry { advisory, versions, package } = entry;
    let advisory = advisory.ok_or_else(|| {
        Fault::malformed(format!("a vulnerability of {} has no advisory", package.name))
    })?;
    let patched = versions.map(|versions| versions.patched).unwrap_or_default();
    Ok(Vulnerability {
        package: package.name,
        versions: vec![package.version],
        advisory: advisory.id,
        aliases: advisory.aliases,
        severity: advisory.cvss.as_deref().and_then(cvss::severity),
        fixed_in: patched
            .iter()
            .map(|range| range.trim_start_matches(">=").trim().to_owned())
            .collect(),
        title: advisory.title,
        sources: vec!["cargo-audit".into()],
        ..Vulnerability::default()
    })
}

/// What is no vulnerability: unmaintained, unsound, yanked, or only noted.
fn warning(kind: &str, Entry { advisory, package, .. }: &Entry) -> Finding {
    let rule = match kind {
        "unsound" => &rules::UNSOUND,
        "unmaintained" => &rules::UNMAINTAINED,
        "yanked" => &rules::YANKED,
        _ => &rules::NOTICE,
    };
    let Package { name, version } = package;
    let said = advisory.as_ref().map_or_else(
        || format!("{name} {version}: {kind}"),
        |Advisory { id, title, .. }| format!("{name} {version}: {id}: {title}"),
    );
    Finding::new(rule, "", Span::FILE, said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Kind;

    #[test]
    fn what_its_settings_leave_out_is_told() {
        let also = |settings: &str| {
            let text = format!(
                r#"{{"settings": {settings}, "lockfile": {{"dependency-count": 3}},
                    "database": {{}}, "vulnerabilities": {{"count": 0, "list": []}}}}"#
            );
            read(&mut Source::new(&mut text.as_bytes()).unwrap()).unwrap().also
        };
        assert_eq!(also(r#"{"severity": null, "ignore": []}"#), []);
        let [finding] = &also(r#"{"severity": null, "ignore": ["RUSTSEC-2020-0001"]}"#)[..] else {
            panic!("nothing is told")
        };
        assert!(finding.message.ends_with("rules of its own: RUSTSEC-2020-0001"), "{finding:?}");
        let [finding] = &also(r#"{"severity": "high", "ignore": []}"#)[..] else {
            panic!("nothing is told")
        };
        assert_eq!(finding.kind, Kind::Undecided);
        assert!(finding.message.ends_with("less severe than `high`"), "{finding:?}");
    }
}

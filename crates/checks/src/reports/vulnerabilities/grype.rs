//! Grype: `grype … -o json`.

use serde::Deserialize;
use serde_json::Value;

use super::findings::left_out;
use super::severity::word;
use super::{Audit, Subject, Vulnerability};
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::{Report, json};

pub(super) const FORMAT: Format = Format {
    name: "Grype",
    recognise: |beginning| {
        beginning.has(&["matches.[].vulnerability", "matches.[].artifact"])
            || beginning.has(&["matches", "source", "descriptor"])
    },
    read: |source| read(source).map(Report::Vulnerabilities),
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    matches: Vec<Match>,
    /// What its configuration leaves out, VEX and `--only-fixed` included.
    #[serde(default)]
    ignored_matches: Vec<Match>,
    source: Option<Scanned>,
    descriptor: Option<Descriptor>,
}

#[derive(Deserialize)]
struct Scanned {
    #[serde(rename = "type")]
    kind: String,
    target: Option<Value>,
}

#[derive(Deserialize)]
struct Descriptor {
    db: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Match {
    vulnerability: Advisory,
    #[serde(default)]
    related_vulnerabilities: Vec<Related>,
    artifact: Artifact,
}

#[derive(Deserialize)]
struct Advisory {
    id: String,
    severity: Option<String>,
    description: Option<String>,
    fix: Option<Fix>,
}

#[derive(Deserialize)]
struct Fix {
    #[serde(default)]
    versions: Vec<String>,
}

#[derive(Deserialize)]
struct Related {
    id: String,
    description: Option<String>,
}

#[derive(Deserialize)]
struct Artifact {
    name: String,
    version: Option<String>,
    #[serde(default)]
    locations: Vec<Location>,
}

#[derive(Deserialize)]
struct Location {
    path: String,
}

fn read(source: &mut Source<'_>) -> Result<Audit, Fault> {
    let report: Document = json::document(source)?;
    let scanned =
        report.source.ok_or_else(|| Fault::empty("it does not say what was scanned (`source`)"))?;
    let database = report.descriptor.and_then(|descriptor| descriptor.db);
    let error = database.as_ref().and_then(|db| {
        [db.pointer("/error"), db.pointer("/status/error")]
            .into_iter()
            .flatten()
            .find_map(Value::as_str)
    });
    if let Some(error) = error.filter(|error| !error.is_empty()) {
        return Err(Fault::empty(format!("Grype's database could not be used: {error}")));
    }
    let invalid = database.as_ref().is_some_and(|db| {
        let said = [db.pointer("/valid"), db.pointer("/status/valid")];
        said.into_iter().flatten().any(|valid| *valid == Value::Bool(false))
    });
    if invalid {
        return Err(Fault::empty("Grype's database is not valid"));
    }
    let subject = match scanned.kind.as_str() {
        "image" => {
            let name = scanned.target.as_ref().and_then(|of| of.get("userInput")?.as_str());
            Subject::Image(name.unwrap_or_default().to_owned())
        }
        _ => Subject::Dependencies,
    };
    let found = report.matches.into_iter().map(vulnerability).collect();
    let ignored = report.ignored_matches.iter();
    let ignored: Vec<String> =
        ignored.map(|of| format!("{} {}", of.artifact.name, of.vulnerability.id)).collect();
    let also = left_out("Grype", &ignored).into_iter().collect();
    Ok(Audit { tools: vec!["Grype".into()], subject, found, also, ..Audit::default() })
}

fn vulnerability(of: Match) -> Vulnerability {
    let Match { vulnerability, related_vulnerabilities, artifact } = of;
    let related = related_vulnerabilities.iter().find_map(|of| of.description.clone());
    let said = vulnerability.description.or(related).unwrap_or_default();
    Vulnerability {
        package: artifact.name,
        versions: artifact.version.into_iter().collect(),
        aliases: related_vulnerabilities
            .into_iter()
            .map(|of| of.id)
            .filter(|id| *id != vulnerability.id)
            .collect(),
        advisory: vulnerability.id,
        severity: vulnerability.severity.as_deref().and_then(word),
        fixed_in: vulnerability.fix.map(|fix| fix.versions).unwrap_or_default(),
        path: artifact.locations.into_iter().map(|of| of.path).collect(),
        title: said.lines().next().unwrap_or_default().to_owned(),
        sources: vec!["Grype".into()],
        ..Vulnerability::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audit(rest: &str) -> Result<Audit, Fault> {
        let text = format!(r#"{{"matches": [], "source": {{"type": "directory"}}, {rest}}}"#);
        read(&mut Source::new(&mut text.as_bytes()).unwrap())
    }

    #[test]
    fn what_is_left_out_is_told() {
        let one = r#"{"vulnerability": {"id": "CVE-1"}, "artifact": {"name": "a"}}"#;
        let said = |ignored: &str| {
            let audit = audit(&format!(r#""ignoredMatches": [{ignored}]"#)).unwrap();
            audit.also.iter().map(|of| of.message.clone()).collect::<Vec<_>>()
        };
        assert_eq!(said(""), [""; 0]);
        assert_eq!(said(one), ["Grype leaves out by rules of its own: a CVE-1"]);
        let two = format!("{one}, {one}");
        assert_eq!(said(&two), ["Grype leaves out by rules of its own: a CVE-1 and 1 more"]);
    }

    #[test]
    fn a_database_that_is_not_valid_finds_nothing() {
        assert!(audit(r#""descriptor": {"db": {"status": {"valid": true}}}"#).is_ok());
        for db in [r#"{"status": {"valid": false}}"#, r#"{"valid": false}"#] {
            assert!(audit(&format!(r#""descriptor": {{"db": {db}}}"#)).is_err(), "{db}");
        }
    }
}

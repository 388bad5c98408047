//! Snyk: `snyk test --json` and `snyk container test --json`, of one project or, with
//! `--all-projects`, a list of them. What a container has beside its system's packages stands in its
//! `applications`.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::findings::{below_threshold, left_out, named, not_audited, rules};
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
    ok: bool,
    error: Option<Failure>,
    vulnerabilities: Option<Vec<Issue>>,
    dependency_count: Option<u64>,
    display_target_file: Option<String>,
    docker: Option<serde::de::IgnoredAny>,
    path: Option<String>,
    #[serde(default)]
    applications: Vec<Project>,
    filtered: Option<Filtered>,
    /// `--severity-threshold`.
    severity_threshold: Option<String>,
}

/// What `.snyk` leaves out.
#[derive(Deserialize)]
struct Filtered {
    #[serde(default)]
    ignore: Vec<Issue>,
}

/// Why a project was not looked at: a text, or a problem of Snyk's service.
#[derive(Deserialize)]
#[serde(untagged)]
enum Failure {
    Text(String),
    Problem { message: Option<String>, title: Option<String> },
}

impl Failure {
    /// Its first line.
    fn line(&self) -> &str {
        let said = match self {
            Self::Text(text) => Some(text),
            Self::Problem { message, title } => message.as_ref().or(title.as_ref()),
        };
        said.and_then(|said| said.lines().next()).unwrap_or("it does not say why")
    }
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

impl Issue {
    fn package(&self) -> &str {
        self.package_name.as_deref().or(self.module_name.as_deref()).unwrap_or_default()
    }
}

fn read(source: &mut Source<'_>) -> Result<Audit, Fault> {
    let Projects(projects) = json::document(source)?;
    let mut reader = Reader::default();
    projects.into_iter().for_each(|project| reader.project(project));
    reader.end()
}

#[derive(Default)]
struct Reader {
    audit: Audit,
    /// Whether some project was looked at, and those that were not.
    audited: bool,
    failed: Vec<String>,
}

impl Reader {
    fn project(&mut self, project: Project) {
        let Project { ok, error, vulnerabilities, dependency_count, applications, .. } = project;
        let name = project.display_target_file.or_else(|| project.path.clone()).unwrap_or_default();
        if let Some(error) = error {
            self.failed.push(format!("Snyk did not audit {name}: {}", error.line()));
        } else if let Some(issues) = vulnerabilities.filter(|_| dependency_count != Some(0)) {
            self.audited = true;
            // Its applications may be what is not right.
            if !ok && issues.is_empty() && applications.iter().all(|of| of.ok) {
                let said = format!("Snyk says that {name} is not `ok`, and not why");
                self.failed.push(said);
            }
            if project.docker.is_some() {
                self.audit.subject = Subject::Image(project.path.unwrap_or_default());
            }
            if let Some(count) = dependency_count {
                let before = self.audit.packages.unwrap_or(0);
                self.audit.packages = Some(before.saturating_add(count));
            }
            let threshold = project.severity_threshold.filter(|of| of != "low");
            self.audit.also.extend(threshold.map(|of| below_threshold("Snyk", &of)));
            let ignored = project.filtered.iter().flat_map(|of| &of.ignore);
            let ignored: Vec<String> =
                ignored.map(|of| format!("{} {}", of.package(), of.id)).collect();
            self.audit.also.extend(left_out("Snyk", &ignored));
            issues.into_iter().for_each(|issue| take(issue, &name, &mut self.audit));
        } else {
            self.failed.push(format!("Snyk found no dependency in {name}"));
        }
        applications.into_iter().for_each(|application| self.project(application));
    }

    fn end(self) -> Result<Audit, Fault> {
        let Self { mut audit, audited, failed } = self;
        if !audited {
            let why = failed.into_iter().next();
            return Err(Fault::empty(why.unwrap_or_else(|| "no project was audited".into())));
        }
        audit.tools = vec!["Snyk".into()];
        audit.also.extend(failed.iter().map(|said| not_audited(&rules::NOT_AUDITED, said)));
        audit.found = super::merge::once(audit.found);
        Ok(audit)
    }
}

fn take(issue: Issue, file: &str, audit: &mut Audit) {
    let package = issue.package().to_owned();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Kind;

    fn audit(text: &str) -> Audit {
        read(&mut Source::new(&mut text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn what_is_not_ok_and_does_not_say_why_is_not_audited() {
        let one = |ok| {
            format!(r#"{{"ok": {ok}, "vulnerabilities": [], "dependencyCount": 3, "path": "a"}}"#)
        };
        assert_eq!(audit(&one(true)).also, []);
        let [finding] = &audit(&one(false)).also[..] else { panic!("nothing is told") };
        assert_eq!(finding.kind, Kind::Undecided);
        assert_eq!(finding.message, "Snyk says that a is not `ok`, and not why");
    }

    #[test]
    fn one_that_failed_among_others_is_told_however_it_says_so() {
        for (error, said) in [
            (r#""no lock file""#, "no lock file"),
            (r#"{"code": 401, "message": "who are you"}"#, "who are you"),
            ("{}", "it does not say why"),
        ] {
            let good = r#"{"ok": true, "vulnerabilities": [], "dependencyCount": 3}"#;
            let bad = format!(r#"{{"ok": false, "error": {error}, "path": "b"}}"#);
            let [finding] = &audit(&format!("[{good}, {bad}]")).also[..] else { panic!("{error}") };
            assert_eq!(finding.message, format!("Snyk did not audit b: {said}"));
        }
    }

    #[test]
    fn what_is_below_a_threshold_is_not_audited() {
        let with = |threshold: &str| {
            audit(&format!(
                r#"{{"ok": true, "vulnerabilities": [], "dependencyCount": 3,
                    "severityThreshold": "{threshold}"}}"#
            ))
        };
        assert_eq!(with("low").also, []);
        let [finding] = &with("high").also[..] else { panic!("nothing is told") };
        assert_eq!(finding.kind, Kind::Undecided);
        assert!(finding.message.ends_with("less severe than `high`"), "{finding:?}");
    }

    #[test]
    fn what_is_left_out_is_told() {
        let audit = audit(
            r#"{"ok": true, "vulnerabilities": [], "dependencyCount": 3, "filtered":
                {"ignore": [{"id": "S-1", "packageName": "a"}], "patch": []}}"#,
        );
        let [finding] = &audit.also[..] else { panic!("{audit:?}") };
        assert_eq!(finding.message, "Snyk leaves out by rules of its own: a S-1");
    }

    #[test]
    fn the_applications_of_an_image_count() {
        let issue = r#"{"id": "S-1", "packageName": "lodash", "version": "1", "severity": "high"}"#;
        let text = format!(
            r#"{{"ok": false, "vulnerabilities": [], "dependencyCount": 3, "docker": {{}},
                "path": "shop:1", "applications": [{{"ok": false, "vulnerabilities": [{issue}],
                "dependencyCount": 2, "displayTargetFile": "package.json"}}]}}"#
        );
        let audit = audit(&text);
        assert_eq!(audit.subject, Subject::Image("shop:1".into()));
        assert_eq!((audit.found.len(), audit.packages, audit.also.len()), (1, Some(5), 0));
    }
}

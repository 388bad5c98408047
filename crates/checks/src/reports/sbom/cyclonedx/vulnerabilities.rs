//! The vulnerabilities of a bill of materials (`vulnerabilities`), as an audit.
//!
//! Whatever is listed counts. What its author says of it (`analysis`, VEX: `not_affected`,
//! `false_positive`, `resolved`) is told and decides nothing: a waiver has an owner and an end, and
//! is read where the change began, while this file was made by what is judged.

use std::collections::HashMap;

use serde::Deserialize;

use super::{Bom, Component};
use crate::finding::Severity;
use crate::reports::shortened;
use crate::reports::vulnerabilities::{Audit, Subject, Vulnerability, cvss, once, word};

/// A vulnerability, as the file tells it.
#[derive(Default, Deserialize)]
pub(super) struct Told {
    #[serde(rename = "bom-ref")]
    pub(super) bom_ref: Option<String>,
    pub(super) id: Option<String>,
    pub(super) references: Option<Vec<Reference>>,
    pub(super) ratings: Option<Vec<Rating>>,
    pub(super) description: Option<String>,
    pub(super) recommendation: Option<String>,
    pub(super) analysis: Option<Analysis>,
    pub(super) affects: Option<Vec<Target>>,
}

/// The same vulnerability elsewhere.
#[derive(Default, Deserialize)]
pub(super) struct Reference {
    pub(super) id: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct Rating {
    pub(super) score: Option<f64>,
    pub(super) severity: Option<String>,
    pub(super) method: Option<String>,
    pub(super) vector: Option<String>,
}

/// What its author makes of it.
#[derive(Default, Deserialize)]
pub(super) struct Analysis {
    pub(super) state: Option<String>,
    pub(super) justification: Option<String>,
    pub(super) detail: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct Target {
    #[serde(rename = "ref")]
    pub(super) to: String,
    pub(super) versions: Option<Vec<Version>>,
}

#[derive(Default, Deserialize)]
pub(super) struct Version {
    pub(super) version: Option<String>,
    pub(super) status: Option<String>,
}

impl Bom {
    /// What it says of vulnerabilities. An empty list says nothing: Trivy writes one whether it
    /// looked for them or not.
    pub(super) fn audit(&self) -> Option<Audit> {
        if self.told.is_empty() {
            return None;
        }
        let known: HashMap<&str, &Component> = self
            .components
            .iter()
            .chain(&self.root)
            .filter_map(|of| Some((of.bom_ref.as_deref()?, of)))
            .collect();
        let mut found = Vec::new();
        for told in &self.told {
            match told.affects.as_deref().unwrap_or_default() {
                // One that is of nothing in particular is of all of it.
                [] => found.push(self.vulnerability(told, self.root.as_ref(), "", None)),
                targets => found.extend(targets.iter().map(|target| {
                    let component = known.get(inner_ref(&target.to)).copied();
                    self.vulnerability(told, component, &target.to, target.versions.as_deref())
                })),
            }
        }
        let packages = self.components.len() as u64;
        Some(Audit {
            tools: if self.is_looked_at() { self.tools() } else { Vec::new() },
            subject: self.subject(),
            packages: (packages > 0).then_some(packages),
            found: once(found),
            also: Vec::new(),
        })
    }

    /// Whether somebody looked: a list of vulnerabilities alone, kept by hand, names no tool and has
    /// nothing to look at.
    fn is_looked_at(&self) -> bool {
        !self.tools.is_empty() || !self.components.is_empty()
    }

    fn tools(&self) -> Vec<String> {
        if self.tools.is_empty() { vec!["CycloneDX".to_owned()] } else { self.tools.clone() }
    }

    fn subject(&self) -> Subject {
        match &self.root {
            Some(Component { kind, package, .. }) if kind == "container" => {
                Subject::Image(package.name.clone())
            }
            _ => Subject::Dependencies,
        }
    }

    fn vulnerability(
        &self,
        told: &Told,
        component: Option<&Component>,
        to: &str,
        versions: Option<&[Version]>,
    ) -> Vulnerability {
        let package = component.map(|component| &component.package);
        let with = |status: &str| -> Vec<String> {
            let of = versions.into_iter().flatten();
            let of = of.filter(|of| of.status.as_deref().unwrap_or("affected") == status);
            of.filter_map(|of| of.version.clone()).collect()
        };
        let (name, version) = match package {
            Some(package) => (package.name.clone(), package.version.clone()),
            None => elsewhere(inner_ref(to)),
        };
        let description = told.description.as_deref().unwrap_or_default();
        Vulnerability {
            package: name,
            versions: version.map_or_else(|| with("affected"), |own| vec![own]),
            advisory: told.name(),
            aliases: told.aliases(),
            severity: told.severity(),
            fixed_in: with("unaffected"),
            title: description.lines().next().unwrap_or_default().to_owned(),
            sources: self.tools(),
            advice: told.recommendation.clone().filter(|advice| !advice.is_empty()),
            note: told.analysis.as_ref().and_then(Analysis::said),
            ..Vulnerability::default()
        }
    }
}

/// What a reference points to in its file: behind `#` if it is one to another (BOM-Link).
fn inner_ref(to: &str) -> &str {
    match to.strip_prefix("urn:cdx:").and_then(|link| link.split_once('#')) {
        Some((_, inner)) => inner,
        None => to,
    }
}

/// What to call something that is not in the file, and its version: what its package URL says
/// (<https://github.com/package-url/purl-spec>), if it is one.
fn elsewhere(to: &str) -> (String, Option<String>) {
    /// Those whose namespace is a distribution, which no scanner counts as part of the name.
    const OF_DISTRIBUTIONS: &[&str] = &["apk", "deb", "rpm", "alpm"];
    let Some((kind, rest)) = to.strip_prefix("pkg:").and_then(|purl| purl.split_once('/')) else {
        let name = if to.is_empty() { "it as a whole".to_owned() } else { shortened(to) };
        return (name, None);
    };
    let path = rest.split(['?', '#']).next().unwrap_or(rest);
    // At the start of a segment it is of a scope that nobody encoded.
    let (name, version) = match path.rsplit_once('@') {
        Some((name, version)) if !name.is_empty() && !name.ends_with('/') => {
            (name, Some(shortened(version)))
        }
        _ => (path, None),
    };
    let name = match name.rsplit_once('/') {
        Some((_, name)) if OF_DISTRIBUTIONS.contains(&kind) => name,
        _ => name,
    };
    (shortened(&name.replace("%40", "@")), version)
}

impl Told {
    /// Its id, or what else it can be told by.
    fn name(&self) -> String {
        let id = self.id.as_ref().or_else(|| self.elsewhere().next()).or(self.bom_ref.as_ref());
        id.cloned().unwrap_or_else(|| "a vulnerability without an id".to_owned())
    }

    fn aliases(&self) -> Vec<String> {
        let name = self.name();
        self.elsewhere().filter(|id| **id != name).cloned().collect()
    }

    fn elsewhere(&self) -> impl Iterator<Item = &String> {
        self.references.iter().flatten().filter_map(|of| of.id.as_ref())
    }

    /// The worst of its ratings; nothing if none of them says.
    fn severity(&self) -> Option<Severity> {
        self.ratings.iter().flatten().filter_map(Rating::severity).max()
    }
}

impl Rating {
    /// Its word, else its vector, else its score if it is one of CVSS.
    fn severity(&self) -> Option<Severity> {
        let method = self.method.as_deref().unwrap_or_default();
        let of_score = || match method {
            "CVSSv2" => cvss::rating_of_version_2(self.score?),
            "CVSSv3" | "CVSSv31" | "CVSSv4" => cvss::rating(self.score?),
            _ => None,
        };
        let said = self.severity.as_deref().and_then(word);
        said.or_else(|| self.vector.as_deref().and_then(cvss::severity)).or_else(of_score)
    }
}

impl Analysis {
    /// `not_affected (code_not_reachable): nothing calls it`.
    fn said(&self) -> Option<String> {
        let mut said = self.state.clone()?;
        if let Some(justification) = &self.justification {
            said.push_str(&format!(" ({justification})"));
        }
        if let Some(detail) = self.detail.as_deref().filter(|detail| !detail.is_empty()) {
            said.push_str(&format!(": {}", shortened(detail)));
        }
        Some(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::{Report, read};

    const HEAD: &str = r#""bomFormat":"CycloneDX","components":[
        {"type":"library","bom-ref":"a","group":"g","name":"n","version":"1.0"}]"#;

    fn of(rest: &str) -> Report {
        let text = format!("{{{HEAD}{rest}}}");
        read("r", &mut text.as_bytes()).unwrap_or_else(|error| panic!("{error}")).report
    }

    /// The vulnerabilities of a bill that tells of one.
    fn found(told: &str) -> Vec<Vulnerability> {
        of(&format!(",\"vulnerabilities\":[{{{told}}}]")).audit().unwrap().found.clone()
    }

    #[test]
    fn an_empty_list_is_no_audit() {
        for rest in ["", ",\"vulnerabilities\":[]", ",\"vulnerabilities\":null"] {
            let report = of(rest);
            assert_eq!(report.audit(), None, "{rest}");
            assert!(matches!(report, Report::Sbom(_)), "{rest}");
        }
    }

    #[test]
    fn the_worst_rating_counts_and_one_that_nobody_knows_does_not() {
        for (ratings, severity) in [
            ("", None),
            (r#"{"severity":"unknown"}"#, None),
            (r#"{"severity":"none"}"#, Some(Severity::Low)),
            (r#"{"severity":"info"},{"severity":"high"}"#, Some(Severity::High)),
            (r#"{"score":9.9}"#, None),
            (r#"{"score":9.9,"method":"OWASP"}"#, None),
            (r#"{"score":9.9,"method":"CVSSv2"}"#, Some(Severity::High)),
            (r#"{"score":9.9,"method":"CVSSv4"}"#, Some(Severity::Critical)),
            (r#"{"score":99,"method":"CVSSv3"}"#, None),
            (
                r#"{"method":"CVSSv2","vector":"AV:N/AC:L/Au:S/C:P/I:P/A:P"}"#,
                Some(Severity::Medium),
            ),
            (r#"{"severity":"low","score":9.9,"method":"CVSSv31"}"#, Some(Severity::Low)),
        ] {
            let found = found(&format!(r#""id":"CVE-1","ratings":[{ratings}]"#));
            assert_eq!(found[0].severity, severity, "{ratings}");
        }
    }

    #[test]
    fn whatever_it_is_of_is_told() {
        let link = "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#a";
        for (affects, names) in [
            ("", vec!["it as a whole"]),
            (r#"{"ref":"a"}"#, vec!["g/n"]),
            (&format!(r#"{{"ref":"{link}"}}"#), vec!["g/n"]),
            (r#"{"ref":"b"},{"ref":"a"}"#, vec!["b", "g/n"]),
            (r#"{"ref":""}"#, vec!["it as a whole"]),
            (r#"{"ref":"pkg:npm/%40s/p@1.2"}"#, vec!["@s/p"]),
            (r#"{"ref":"pkg:npm/@s/p@1.2"}"#, vec!["@s/p"]),
            (r#"{"ref":"pkg:npm/@s/p"}"#, vec!["@s/p"]),
            (r#"{"ref":"urn:cdx:x/1#pkg:maven/org.a/b@1?type=jar"}"#, vec!["org.a/b"]),
            (r#"{"ref":"pkg:deb/debian/zlib1g@1?arch=amd64"}"#, vec!["zlib1g"]),
            (r#"{"ref":"pkg:cargo"}"#, vec!["pkg:cargo"]),
        ] {
            let found = found(&format!(r#""id":"CVE-1","affects":[{affects}]"#));
            let packages: Vec<_> = found.iter().map(|of| of.package.as_str()).collect();
            assert_eq!(packages, names, "{affects}");
        }
        assert_eq!(found(r#""affects":[{"ref":"pkg:npm/p@1.2"}]"#)[0].versions, ["1.2"]);
        assert_eq!(found("")[0].advisory, "a vulnerability without an id");
        assert_eq!(found(r#""bom-ref":"v1""#)[0].advisory, "v1");
        let named = &found(r#""references":[{"id":"GHSA-1"},{"id":"SNYK-1"}]"#)[0];
        assert_eq!(
            (named.advisory.as_str(), named.aliases.as_slice()),
            ("GHSA-1", &["SNYK-1".to_owned()][..])
        );
    }

    #[test]
    fn a_list_alone_says_not_that_somebody_looked() {
        let audit = |rest: &str| {
            let told = r#""vulnerabilities":[{"id":"CVE-1"}]"#;
            let text = format!(r#"{{"bomFormat":"CycloneDX",{told}{rest}}}"#);
            read("r", &mut text.as_bytes()).unwrap().report.audit().unwrap().clone()
        };
        let alone = audit("");
        assert!(!alone.is_of_a_scan(), "{alone:?}");
        assert_eq!(alone.found[0].advisory, "CVE-1");
        assert!(audit(r#","metadata":{"tools":[{"name":"t"}]}"#).is_of_a_scan());
        assert!(audit(r#","components":[{"type":"library","name":"a"}]"#).is_of_a_scan());
    }

    /// Nothing but its names and its kind is used, and much is left out or of another shape.
    #[test]
    fn metadata_is_read_as_far_as_it_can_be() {
        for (metadata, tools) in [
            ("7", ""),
            (r#"{"component":{"name":"a"},"tools":[{"vendor":"v"},{"name":"t"}]}"#, "t"),
            (r#"{"component":[],"tools":{"components":[{"name":"t"}],"services":7}}"#, "t"),
            (r#"{"component":{"type":"application"},"tools":["t"]}"#, ""),
            (r#"{"tools":{"components":{"name":"t"}}}"#, ""),
        ] {
            let told = r#""vulnerabilities":[{"id":"CVE-1"}]"#;
            let report = of(&format!(r#","metadata":{metadata},{told}"#));
            let audit = report.audit().unwrap();
            let expected = if tools.is_empty() { "CycloneDX" } else { tools };
            assert_eq!(audit.tools, [expected], "{metadata}");
        }
        let image = r#","metadata":{"component":{"type":"container","name":"shop","licenses":7}}"#;
        let report = of(&format!(r#"{image},"vulnerabilities":[{{"id":"CVE-1"}}]"#));
        assert_eq!(report.audit().unwrap().subject, Subject::Image("shop".to_owned()));
    }

    /// What an author says of the own vulnerabilities opens nothing.
    #[test]
    fn what_its_author_makes_of_it_is_told_and_decides_nothing() {
        for state in [
            "resolved",
            "resolved_with_pedigree",
            "exploitable",
            "in_triage",
            "false_positive",
            "not_affected",
            "of my own",
        ] {
            let told = format!(
                r#""id":"CVE-1","ratings":[{{"severity":"critical"}}],"affects":[{{"ref":"a"}}],
                "analysis":{{"state":"{state}","justification":"code_not_present","detail":"d"}}"#
            );
            let report = of(&format!(",\"vulnerabilities\":[{{{told}}}]"));
            let [finding] = &report.findings("r")[..] else { panic!("{report:?}") };
            assert_eq!((finding.severity, &finding.allowed), (Severity::Critical, &None));
            let said = format!("the report says {state} (code_not_present): d");
            assert!(finding.message.ends_with(&said), "{}", finding.message);
        }
    }
}

//! The register: since when each vulnerability is known, until when it has to be mended, and
//! whether somebody waived it. A pure function of what is handed in, `now` included.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::findings::rules;
use super::{Audit, Subject, Vulnerability, merge};
use crate::finding::{Allowed, Finding, Severity};
use crate::reports::waivers::{Covers, Waivers};

/// How long each severity has from when it was first seen. `None`: it is recorded, and never due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of severities")]
pub struct Due {
    pub critical: Option<SignedDuration>,
    pub high: Option<SignedDuration>,
    pub medium: Option<SignedDuration>,
    pub low: Option<SignedDuration>,
    /// Of those that nobody rates.
    pub unknown: Option<SignedDuration>,
}

/// Critical at once, high and unknown in a day, medium in a week, low never.
impl Default for Due {
    fn default() -> Self {
        let day = SignedDuration::from_hours(24);
        let week = SignedDuration::from_hours(7 * 24);
        let at_once = Some(SignedDuration::ZERO);
        Self {
            critical: at_once,
            high: Some(day),
            medium: Some(week),
            low: None,
            unknown: Some(day),
        }
    }
}

impl Due {
    fn after(&self, severity: Option<Severity>) -> Option<SignedDuration> {
        match severity {
            Some(Severity::Critical) => self.critical,
            Some(Severity::High) => self.high,
            Some(Severity::Medium) => self.medium,
            Some(Severity::Low) => self.low,
            None => self.unknown,
        }
    }
}

/// When a vulnerability was first seen: what is kept of a register for the next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The image it is in; left out: the project's dependencies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The package.
    pub package: String,
    /// Every name of the advisory.
    pub names: Vec<String>,
    /// When it was first seen.
    pub first_seen: Timestamp,
}

impl Record {
    fn is_of(&self, subject: &Subject, vulnerability: &Vulnerability) -> bool {
        let image = match subject {
            Subject::Dependencies => None,
            Subject::Image(image) => Some(repository(image)),
        };
        image == self.image.as_deref().map(repository)
            && merge::package(&self.package) == merge::package(&vulnerability.package)
            && vulnerability
                .names()
                .any(|name| self.names.iter().any(|of| of.eq_ignore_ascii_case(name)))
    }
}

/// An image without tag and digest: a new build of it is still the same image.
fn repository(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    }
}

/// What is known besides the audits.
#[derive(Clone, Copy, Debug)]
pub struct Known<'k> {
    /// Earlier registers' records.
    pub records: &'k [Record],
    /// The audits of the merge base, where there are some.
    pub base: Option<&'k [Audit]>,
    /// What is waived.
    pub waivers: &'k Waivers,
    /// How long each severity has.
    pub due: &'k Due,
}

/// Each vulnerability with what is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Register {
    /// The vulnerabilities, each once.
    pub entries: Vec<Entry>,
    /// Waivers that are over and needed, and what the audits say besides.
    pub also: Vec<Finding>,
    /// When it was made.
    now: Timestamp,
}

/// A vulnerability and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it was found in.
    pub subject: Subject,
    /// What it is.
    pub vulnerability: Vulnerability,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it has to be mended; `None`: never.
    pub due: Option<Timestamp>,
    /// Whether this change brings it; `None`: there is no audit of the merge base.
    pub is_new: Option<bool>,
    /// The waiver that counts for it.
    pub allowed: Option<Allowed>,
}

impl Entry {
    /// Whether it should have been mended by `now`.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.allowed.is_none() && self.due.is_some_and(|due| due <= now)
    }
}

impl Register {
    /// Of these audits.
    #[must_use]
    pub fn of(audits: &[Audit], known: &Known<'_>, now: Timestamp) -> Self {
        let mut register = Self { now, ..Self::default() };
        for Audit { subject, found, also, .. } in merge(audits.iter().cloned()) {
            register.also.extend(also);
            for vulnerability in found {
                register.entries.push(entry(subject.clone(), vulnerability, known, now));
            }
        }
        let open = || register.entries.iter().filter(|of| of.allowed.is_none());
        let is_needed = |of: &Covers| open().any(|entry| is_covered(of, &entry.vulnerability));
        let over = known.waivers.over(now, is_needed);
        register.also.extend(over);
        register
    }

    /// What to keep for the next register. What is gone stays: it is not new when it comes back.
    #[must_use]
    pub fn records(&self, earlier: &[Record]) -> Vec<Record> {
        let is_kept = |record: &&Record| {
            !self.entries.iter().any(|of| record.is_of(&of.subject, &of.vulnerability))
        };
        let gone = earlier.iter().filter(is_kept).cloned();
        let there =
            self.entries.iter().map(|Entry { subject, vulnerability, first_seen, .. }| Record {
                image: match subject {
                    Subject::Dependencies => None,
                    Subject::Image(image) => Some(image.clone()),
                },
                package: vulnerability.package.clone(),
                names: vulnerability.names().map(str::to_owned).collect(),
                first_seen: *first_seen,
            });
        gone.chain(there).collect()
    }

    /// All of it as findings of `file`, the report: each vulnerability, and again what is overdue.
    #[must_use]
    pub fn findings(&self, file: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        for entry in &self.entries {
            let Entry { subject, vulnerability, first_seen, due, is_new, allowed } = entry;
            let mut finding = vulnerability.finding(file, subject);
            if *is_new == Some(true) {
                finding.message.push_str("; new in this change");
            }
            finding.allowed.clone_from(allowed);
            findings.push(finding);
            if let Some(due) = due.filter(|_| entry.is_overdue(self.now)) {
                let mut finding = vulnerability.finding_of(&rules::OVERDUE, file, subject);
                finding.message.push_str(&format!("; seen since {first_seen}, due {due}"));
                findings.push(finding);
            }
        }
        findings.extend(self.also.iter().cloned());
        findings
    }

    /// Its figures, what is waived left out but for `vulnerabilities.waived`.
    #[must_use]
    pub fn figures(&self) -> BTreeMap<String, f64> {
        let open = || self.entries.iter().filter(|entry| entry.allowed.is_none());
        let of = |severity| open().filter(|entry| entry.vulnerability.severity == severity).count();
        let severities = Severity::ALL.into_iter().map(|of| (Some(of), of.as_str()));
        let by_severity = severities.chain([(None, "unknown")]);
        let counts = by_severity.map(|(severity, name)| (name, of(severity))).chain([
            ("total", open().count()),
            // Where nobody knows what was there before, all may be.
            ("new", open().filter(|entry| entry.is_new != Some(false)).count()),
            ("overdue", open().filter(|entry| entry.is_overdue(self.now)).count()),
            ("waived", self.entries.len() - open().count()),
        ]);
        #[expect(clippy::cast_precision_loss, reason = "no report has 2^52 vulnerabilities")]
        let figure =
            |(name, count): (&str, usize)| (format!("vulnerabilities.{name}"), count as f64);
        counts.map(figure).collect()
    }
}

/// The waivers that cover nothing in any of the registers, as findings.
#[must_use]
pub fn unused_waivers(registers: &[&Register], waivers: &Waivers, now: Timestamp) -> Vec<Finding> {
    let entries = || registers.iter().flat_map(|register| &register.entries);
    waivers.unused(now, Covers::is_vulnerability, |covers| {
        entries().any(|entry| is_covered(covers, &entry.vulnerability))
    })
}

fn entry(
    subject: Subject,
    vulnerability: Vulnerability,
    known: &Known<'_>,
    now: Timestamp,
) -> Entry {
    let seen = known.records.iter().filter(|record| record.is_of(&subject, &vulnerability));
    let first_seen = seen.map(|record| record.first_seen).min().unwrap_or(now);
    let due = known.due.after(vulnerability.severity);
    // What would be due after the end of time is never due.
    let due = due.and_then(|after| first_seen.checked_add(after).ok());
    let is_new = known.base.map(|audits| {
        let found = audits.iter().filter(|audit| audit.subject.is_like(&subject));
        !found.flat_map(|audit| &audit.found).any(|of| of.is(&vulnerability))
    });
    let allowed = known.waivers.allowance(now, |covers| is_covered(covers, &vulnerability));
    Entry { subject, vulnerability, first_seen, due, is_new, allowed }
}

fn is_covered(covers: &Covers, vulnerability: &Vulnerability) -> bool {
    let Covers::Vulnerability { advisory, package } = covers else { return false };
    let is_its =
        |package: &String| merge::package(package) == merge::package(&vulnerability.package);
    package.as_ref().is_none_or(is_its)
        && vulnerability.names().any(|name| name.eq_ignore_ascii_case(advisory))
}

impl Subject {
    /// Whether the other is the same, perhaps built anew.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dependencies, Self::Dependencies) => true,
            (Self::Image(one), Self::Image(other)) => repository(one) == repository(other),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-06-10T12:00:00Z";

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    fn vulnerability(name: &str, severity: Option<Severity>) -> Vulnerability {
        Vulnerability {
            package: "lodash".into(),
            versions: vec!["4.17.20".into()],
            advisory: name.into(),
            severity,
            fixed_in: vec!["4.17.21".into()],
            ..Vulnerability::default()
        }
    }

    fn audit(found: impl IntoIterator<Item = Vulnerability>) -> Audit {
        Audit { found: found.into_iter().collect(), ..Audit::default() }
    }

    fn record(name: &str, first_seen: &str) -> Record {
        let (package, names) = ("lodash".into(), vec![name.into()]);
        Record { image: None, package, names, first_seen: at(first_seen) }
    }

    fn register(audits: &[Audit], records: &[Record], waivers: &str) -> Register {
        let waivers = Waivers::read("w", waivers).unwrap();
        let known = Known { records, base: None, waivers: &waivers, due: &Due::default() };
        Register::of(audits, &known, at(NOW))
    }

    #[test]
    fn each_severity_has_its_time_from_when_it_was_first_seen() {
        use Severity::{Critical, High, Low, Medium};
        for (severity, first_seen, overdue) in [
            (Some(Critical), NOW, true),
            (Some(High), NOW, false),
            (Some(High), "2026-06-09T12:00:01Z", false),
            (Some(High), "2026-06-09T12:00:00Z", true),
            (Some(Medium), "2026-06-03T12:00:01Z", false),
            (Some(Medium), "2026-06-03T12:00:00Z", true),
            (Some(Low), "2020-01-01T00:00:00Z", false),
            (None, "2026-06-09T12:00:00Z", true),
            (None, NOW, false),
        ] {
            let audits = [audit([vulnerability("CVE-1", severity)])];
            let register = register(&audits, &[record("cve-1", first_seen)], "");
            let [entry] = register.entries.as_slice() else { panic!("{register:?}") };
            assert_eq!(entry.first_seen, at(first_seen));
            assert_eq!(entry.is_overdue(at(NOW)), overdue, "{severity:?} {first_seen}");
            let findings = register.findings("r.json");
            let has = findings.iter().any(|finding| finding.rule == "vulnerability-overdue");
            assert_eq!(has, overdue);
            assert_eq!(register.figures()["vulnerabilities.overdue"], f64::from(u8::from(overdue)));
        }
    }

    #[test]
    fn what_was_seen_is_kept_also_when_it_is_gone() {
        let audits = [audit([vulnerability("CVE-1", None)])];
        let earlier =
            [record("CVE-1", "2026-01-01T00:00:00Z"), record("CVE-2", "2026-02-01T00:00:00Z")];
        let records = register(&audits, &earlier, "").records(&earlier);
        assert_eq!(records, [earlier[1].clone(), earlier[0].clone()]);
        let written = serde_json::to_string(&records).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Record>>(&written).unwrap(), records);
    }

    #[test]
    fn a_waiver_allows_until_it_is_over() {
        let waiver = |expires: &str| {
            format!("[[vulnerability]]\nadvisory='CVE-1'\nowner='o'\nreason='r'\nexpires={expires}")
        };
        let audits = [audit([vulnerability("CVE-1", Some(Severity::Critical))])];
        let waived = register(&audits, &[], &waiver("2026-06-10"));
        assert!(waived.findings("f").iter().all(|finding| finding.allowed.is_some()));
        assert_eq!(waived.figures()["vulnerabilities.waived"], 1.0);
        assert_eq!(waived.figures()["vulnerabilities.critical"], 0.0);
        let over = register(&audits, &[], &waiver("2026-06-09"));
        let rules: Vec<_> = over.findings("f").iter().map(|of| of.rule.to_string()).collect();
        assert_eq!(rules, ["vulnerability", "vulnerability-overdue", "waiver-expired"]);
        // One that is over, and that nothing needs, is told as one that covers nothing.
        let other = [audit([vulnerability("CVE-2", Some(Severity::Low))])];
        let unneeded = register(&other, &[], &waiver("2026-06-09"));
        assert_eq!(unneeded.also, []);
        let waivers = Waivers::read("w", &waiver("2026-06-09")).unwrap();
        assert_eq!(unused_waivers(&[&over], &waivers, at(NOW)), []);
        let told = unused_waivers(&[&unneeded], &waivers, at(NOW));
        assert!(told[0].message.contains("over since 2026-06-09, and covers nothing"), "{told:?}");
        let (waived, other) = (waived, register(&other, &[], ""));
        let waivers = Waivers::read("w", &waiver("2026-06-10")).unwrap();
        assert_eq!(unused_waivers(&[&other, &waived], &waivers, at(NOW)), []);
        assert_eq!(unused_waivers(&[&other], &waivers, at(NOW)).len(), 1);
    }

    #[test]
    fn what_the_merge_base_has_is_not_new() {
        let audits = [audit([vulnerability("CVE-1", None), vulnerability("CVE-2", None)])];
        let base = [audit([vulnerability("CVE-2", None)])];
        let (waivers, due) = (Waivers::default(), Due::default());
        let known = Known { records: &[], base: Some(&base), waivers: &waivers, due: &due };
        let register = Register::of(&audits, &known, at(NOW));
        let new: Vec<_> = register.entries.iter().map(|entry| entry.is_new).collect();
        assert_eq!(new, [Some(true), Some(false)]);
        assert_eq!(register.figures()["vulnerabilities.new"], 1.0);
        insta::assert_snapshot!(register.findings("r.json")[0], @"r.json:1:1: high: lodash 4.17.20: CVE-1; nobody says how bad it is; new in this change [vulnerability]");
    }

    #[test]
    fn an_image_that_is_built_anew_is_the_same() {
        for (image, name) in [
            ("web:1", "web"),
            ("registry:5000/web", "registry:5000/web"),
            ("registry:5000/web:2@sha256:ab", "registry:5000/web"),
        ] {
            assert_eq!(repository(image), name);
        }
    }
}

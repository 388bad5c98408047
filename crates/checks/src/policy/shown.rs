//! What was shown for a commit: the figures that gates ask for, and where each comes from.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use shipway_core::config::{Rating, Severity};
use shipway_core::digest::Digest;
use shipway_core::gate::Agreed;
use shipway_core::journal::Actor;

use crate::reports::vulnerabilities::register::Register;

/// What was shown for a commit.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// Which lines ran.
    pub coverage: Seen<Coverage>,
    /// Which tests passed.
    pub tests: Seen<Tests>,
    /// Known vulnerabilities of dependencies.
    pub vulnerabilities: Seen<Vulnerabilities>,
    /// Known vulnerabilities of images.
    pub images: Seen<Vulnerabilities>,
    /// What analyses found.
    pub analysis: Seen<Analysis>,
    /// Tokens, keys and passwords.
    pub secrets: Seen<Findings>,
    /// What is wrong with migrations.
    pub migrations: Seen<Migrations>,
    /// The licences of dependencies.
    pub licences: Seen<Licences>,
    /// How it answered under load.
    pub load: Seen<Load>,
    /// What a quality server says.
    pub sonarqube: Seen<SonarQube>,
    /// How much stands twice.
    pub duplication: Seen<Share>,
    /// What conftest or OPA say.
    pub policies: Seen<Policies>,
    /// What shows the items of the checklist, by name.
    pub checklist: BTreeMap<String, Seen<Tried>>,
    /// What the change does to the gates themselves; nothing if it leaves them alone.
    pub gates_changed: Option<GatesChanged>,
}

/// Something that was looked for.
#[derive(Debug, Clone)]
pub struct Seen<T> {
    /// What was found out; nothing if there is no evidence.
    pub what: Option<T>,
    /// Where it comes from.
    pub sources: Vec<Source>,
    /// Evidence that is none: what is broken, and why.
    pub broken: Vec<String>,
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self { what: None, sources: Vec::new(), broken: Vec::new() }
    }
}

/// Where evidence comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file, or what was looked at.
    pub file: String,
    /// Its format, or who looked.
    pub tool: String,
    /// Where it was made: a run, or this machine.
    pub from: String,
    /// When.
    pub at: Option<Timestamp>,
    /// Its content, where it is a file.
    pub digest: Option<Digest>,
}

/// `coverage/lcov.info (lcov, run p1.ci, 2026-11-01T10:00:00Z, sha256:1234abcd…)`.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {}", self.file, self.tool, self.from)?;
        if let Some(at) = self.at {
            write!(f, ", {at:.0}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, ", sha256:{}", digest.short())?;
        }
        f.write_str(")")
    }
}

/// A part of a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// The part.
    pub part: u64,
    /// The whole.
    pub of: u64,
}

impl Share {
    /// In percent; nothing of nothing.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "for people, and for comparing by expressions")]
    pub fn percent(self) -> Option<f64> {
        (self.of > 0).then(|| self.part as f64 * 100.0 / self.of as f64)
    }
}

/// `81.4% (1203 of 1478)`, rounded down so that what is shown never looks better than it is.
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { part, of } = self;
        if *of == 0 {
            return f.write_str("0 of 0");
        }
        let tenths = u128::from(*part) * 1_000 / u128::from(*of);
        write!(f, "{}.{}% ({part} of {of})", tenths / 10, tenths % 10)
    }
}

/// Which lines ran.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Coverage {
    /// Of all lines that can run.
    pub total: Share,
    /// Of those that the change adds or changes; nothing if it is not known what changed.
    pub changed: Option<Share>,
    /// Changed files that belong to what is measured, and that no report speaks of.
    pub unmeasured: Vec<String>,
    /// By service.
    pub services: BTreeMap<String, Share>,
    /// By flag.
    pub flags: BTreeMap<String, Share>,
    /// The whole as it was last, in percent.
    pub before: Option<f64>,
}

/// Which tests passed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tests {
    /// That passed.
    pub passed: u64,
    /// That were not run.
    pub skipped: u64,
    /// That failed or broke, by name.
    pub failed: Vec<String>,
}

/// Known vulnerabilities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vulnerabilities {
    /// Each once, with what is known of it.
    pub register: Register,
    /// Waivers that nothing needs: `file:line: what`.
    pub idle: Vec<String>,
}

/// Findings by severity, and the worst in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Critical, high, medium, low.
    pub critical: u64,
    /// High.
    pub high: u64,
    /// Medium.
    pub medium: u64,
    /// Low.
    pub low: u64,
    /// What could not be analysed.
    pub undecided: u64,
    /// Allowed, with a reason.
    pub allowed: u64,
    /// The first of them, the worst first: `file:line: message`.
    pub shown: Vec<String>,
}

impl Findings {
    /// How many are this bad or worse.
    #[must_use]
    pub const fn from(&self, severity: Severity) -> u64 {
        match severity {
            Severity::Critical => self.critical,
            Severity::High => self.critical + self.high,
            Severity::Medium => self.critical + self.high + self.medium,
            Severity::Low => self.critical + self.high + self.medium + self.low,
        }
    }
}

/// What analyses found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Analysis {
    /// What they found.
    pub findings: Findings,
    /// Who looked.
    pub tools: Vec<String>,
}

/// What is wrong with migrations, and who agreed to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Migrations {
    /// What was found.
    pub findings: Findings,
    /// What it takes a database administrator for, and who agreed with `shipway approve`.
    pub statements: Vec<Statement>,
    /// What the pull request says; nothing if there is none.
    pub pull_request: Option<PullRequest>,
    /// Allowances in the files that nothing needs: `file:line: what`.
    pub idle: Vec<String>,
}

/// A statement that was found, and that a database administrator may let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What it is, for people: `file:line: message`.
    pub what: String,
    /// What is agreed to: the statement itself, wherever in the file it stands.
    pub subject: Digest,
    /// Who agreed.
    pub agreed: Option<Agreed>,
}

/// What a pull request says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PullRequest {
    /// Its labels.
    pub labels: Vec<String>,
    /// Who approved it as it is now.
    pub approved_by: Vec<String>,
    /// Whether the hosting service itself said so, rather than somebody who handed in a file.
    pub verified: bool,
    /// Who said so: the API's address, or a file.
    pub by: String,
}

/// The licences of dependencies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Licences {
    /// How many packages were looked at.
    pub packages: u64,
    /// Those that are not allowed: package and licence.
    pub refused: Vec<String>,
    /// Those whose licence is not known.
    pub unknown: Vec<String>,
    /// Waivers that nothing needs, or that are over: `file:line: what`.
    pub idle: Vec<String>,
}

/// How it answered under load. What no report says satisfies no limit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Load {
    /// The slowest p95 of the reports.
    pub p95: Option<Duration>,
    /// The slowest p99.
    pub p99: Option<Duration>,
    /// The worst error rate, from 0 to 1.
    pub error_rate: Option<f64>,
    /// The lowest rate, requests a second.
    pub requests_per_second: Option<f64>,
    /// The fewest users.
    pub users: Option<u64>,
    /// Limits of the tool's own that were crossed.
    pub crossed: Vec<String>,
}

/// What a quality server says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SonarQube {
    /// Its own gate.
    pub passed: Option<bool>,
    /// What of it is not met.
    pub unmet: Vec<String>,
    /// `reliability`, `security`, `maintainability`.
    pub ratings: BTreeMap<String, Rating>,
}

/// What conftest or OPA say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policies {
    /// How many rules were asked.
    pub asked: u64,
    /// What was denied.
    pub denied: Vec<String>,
    /// What was warned of.
    pub warned: Vec<String>,
    /// What would be denied, but for an exception that the policies name.
    pub excepted: Vec<String>,
}

/// What a job tried for an item of the checklist.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tried {
    /// How many tests passed and policies had nothing to say.
    pub passed: u64,
    /// What failed or was denied.
    pub failed: Vec<String>,
}

/// What the change does to the gates themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatesChanged {
    /// What: the files and sections.
    pub what: Vec<String>,
    /// What is agreed to.
    pub subject: Digest,
    /// Who agreed.
    pub agreed: Option<(Actor, Timestamp)>,
}

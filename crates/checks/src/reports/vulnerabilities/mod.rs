//! Which dependencies have known vulnerabilities: audits of package managers and scanners, in one
//! shape, each vulnerability once.

mod cargo_audit;
pub mod cvss;
mod findings;
mod govulncheck;
mod grype;
mod merge;
mod npm;
mod osv;
mod pip_audit;
pub mod register;
mod severity;
mod snyk;
mod trivy;
mod yarn;

use super::format::Format;
use crate::finding::{Finding, Severity};

pub use findings::rules;
pub use merge::merge;
pub(super) use merge::once;
pub(super) use severity::word;

pub(super) const FORMATS: &[Format] = &[
    npm::CURRENT,
    npm::OLD,
    npm::FAILED,
    yarn::CLASSIC,
    yarn::BERRY,
    cargo_audit::FORMAT,
    pip_audit::FORMAT,
    osv::FORMAT,
    trivy::FORMAT,
    grype::FORMAT,
    snyk::FORMAT,
    govulncheck::FORMAT,
];

/// What audits found in one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// The tools that looked; none if nobody says that one did.
    pub tools: Vec<String>,
    /// What was looked at.
    pub subject: Subject,
    /// How many packages were looked at, where a report says it.
    pub packages: Option<u64>,
    /// The vulnerabilities that were found.
    pub found: Vec<Vulnerability>,
    /// What else the reports say: packages that could not be looked at, are no longer maintained,
    /// or are wrongly configured.
    pub also: Vec<Finding>,
}

impl Audit {
    /// Whether somebody looked. A list of vulnerabilities alone tells of some, and not that there are
    /// no others.
    #[must_use]
    pub fn is_of_a_scan(&self) -> bool {
        !self.tools.is_empty()
    }
}

/// What was looked at: a policy may want more of one than of the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The dependencies of a project, or a folder.
    #[default]
    Dependencies,
    /// A container image, with its name.
    Image(String),
}

/// A known vulnerability of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vulnerability {
    /// The package.
    pub package: String,
    /// The versions that are there, where the report says them.
    pub versions: Vec<String>,
    /// Its advisory (`CVE-…`, `GHSA-…`, `RUSTSEC-…`).
    pub advisory: String,
    /// Other names of the same advisory.
    pub aliases: Vec<String>,
    /// How bad it is; `None`: nobody says, which is a class of its own.
    pub severity: Option<Severity>,
    /// The versions that mend it.
    pub fixed_in: Vec<String>,
    /// How the package came to be there, or the file that names it.
    pub path: Vec<String>,
    /// What it is, in a line.
    pub title: String,
    /// The tools that found it.
    pub sources: Vec<String>,
    /// What its report says to do.
    pub advice: Option<String>,
    /// What the author of its report makes of it. It decides nothing.
    pub note: Option<String>,
}

impl Vulnerability {
    /// Every name of its advisory.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.advisory.as_str()).chain(self.aliases.iter().map(String::as_str))
    }

    /// Whether the two are the same: one package, and an advisory that goes by one name at least.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        merge::package(&self.package) == merge::package(&other.package)
            && self.names().any(|name| other.names().any(|of| of.eq_ignore_ascii_case(name)))
    }
}

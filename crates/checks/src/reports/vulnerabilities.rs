//! Which dependencies have known vulnerabilities: audits of package managers and scanners, in one
//! shape, each vulnerability once.

use crate::finding::Severity;

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// The tool that says so.
    pub tool: String,
    /// What was looked at: dependencies of a project, or an image.
    pub subject: String,
    /// What it found.
    pub found: Vec<Vulnerability>,
}

/// A known vulnerability of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vulnerability {
    /// The package.
    pub package: String,
    /// The version that is there, where the report says it.
    pub version: Option<String>,
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
}

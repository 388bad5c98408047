//! What is in it, and under which licences: CycloneDX, which may be an audit as well, and SPDX, and what package managers say of
//! licences (`cargo metadata`, license-checker, pip-licenses).

mod cargo_metadata;
mod cyclonedx;
pub mod licence;
mod license_checker;
mod pip_licenses;
mod spdx_json;
mod spdx_tag_value;

use super::format::Format;
use super::no_evidence::Fault;
use super::vulnerabilities::Audit;

pub(super) const FORMATS: &[Format] = &[
    cyclonedx::JSON,
    cyclonedx::XML,
    spdx_json::FORMAT,
    spdx_tag_value::FORMAT,
    cargo_metadata::FORMAT,
    license_checker::FORMAT,
    pip_licenses::FORMAT,
];

/// What is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sbom {
    /// The packages, those of the project itself left out.
    pub packages: Vec<Package>,
    /// What it says of known vulnerabilities, where it does (CycloneDX).
    pub audit: Option<Audit>,
}

/// A package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version, where it is said.
    pub version: Option<String>,
    /// Its package URL, where it is said.
    pub purl: Option<String>,
    /// Its licences, which hold together: each an SPDX expression or in the report's words. None:
    /// nobody says.
    pub licences: Vec<String>,
}

impl Sbom {
    /// One that lists packages; one that lists none is no evidence.
    fn of(packages: Vec<Package>) -> Result<Self, Fault> {
        if packages.is_empty() {
            return Err(Fault::empty("it lists no package"));
        }
        Ok(Self { packages, audit: None })
    }
}

/// A licence, unless it is a way of saying that none is known.
fn said(licence: &str) -> Option<String> {
    const NOBODY_SAYS: &[&str] = &["", "NOASSERTION", "NONE", "UNKNOWN"];
    let licence = licence.trim();
    let is_none = NOBODY_SAYS.iter().any(|none| licence.eq_ignore_ascii_case(none));
    (!is_none).then(|| licence.to_owned())
}

//! What is in it, and under which licences: CycloneDX and SPDX.

/// What is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sbom {
    /// The packages.
    pub packages: Vec<Package>,
}

/// A package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version, where it is said.
    pub version: Option<String>,
    /// Its package URL, where it is said.
    pub purl: Option<String>,
    /// Its licence as an SPDX expression or in the report's words; `None`: nobody says.
    pub licence: Option<String>,
}

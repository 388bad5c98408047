//! CycloneDX 1.2 to 1.7 (ECMA-424), JSON and XML: what is in it, and since 1.4 which vulnerabilities
//! it is known to have.

mod json;
mod vulnerabilities;
mod xml;

use super::{Package, Sbom};
use crate::reports::Report;
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;

pub(super) const JSON: Format = Format {
    name: "CycloneDX",
    recognise: |beginning| {
        beginning.json().and_then(|outline| outline.scalar("bomFormat")) == Some("CycloneDX")
    },
    read: |source| json::read(source)?.report(),
};

pub(super) const XML: Format = Format {
    name: "CycloneDX XML",
    recognise: |beginning| {
        let space = beginning.root("bom").and_then(|root| root.text("xmlns").ok()?);
        space.is_some_and(|space| space.contains("cyclonedx"))
    },
    read: |source| xml::read(source)?.report(),
};

/// Kinds of component that are no packages and have no licence of their own.
const NO_PACKAGES: &[&str] = &["file", "operating-system", "device", "cryptographic-asset", "data"];

/// A bill of materials, in either syntax.
#[derive(Default)]
struct Bom {
    /// What it is all about (`metadata.component`).
    root: Option<Component>,
    /// Who wrote it (`metadata.tools`).
    tools: Vec<String>,
    /// What is in it, in the order of the file.
    components: Vec<Component>,
    /// Which vulnerabilities it tells of.
    told: Vec<vulnerabilities::Told>,
}

#[derive(Default)]
struct Component {
    kind: String,
    /// What others of the file call it.
    bom_ref: Option<String>,
    package: Package,
}

impl Bom {
    /// Both an SBOM and an audit. One that tells of vulnerabilities alone is an audit.
    fn report(mut self) -> Result<Report, Fault> {
        let audit = self.audit();
        let components = std::mem::take(&mut self.components).into_iter();
        let packages = components.filter(|of| !NO_PACKAGES.contains(&of.kind.as_str()));
        let packages: Vec<Package> = packages.map(|of| of.package).collect();
        match audit {
            Some(audit) if packages.is_empty() => Ok(Report::Vulnerabilities(audit)),
            audit => Ok(Report::Sbom(Sbom { audit, ..Sbom::of(packages)? })),
        }
    }
}

fn full_name(group: Option<String>, name: String) -> String {
    match group.filter(|group| !group.is_empty()) {
        Some(group) => format!("{group}/{name}"),
        None => name,
    }
}

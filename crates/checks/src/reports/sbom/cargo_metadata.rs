//! `cargo metadata --format-version 1`.

use serde::Deserialize;

use super::{Package, Sbom, said};
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::{Report, json};

pub(super) const FORMAT: Format = Format {
    name: "cargo metadata",
    recognise: |beginning| beginning.has(&["packages.[].manifest_path"]),
    read: |source| read(source).map(Report::Sbom),
};

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Entry>,
    /// It stands at the end: a document without it was cut.
    #[serde(rename = "workspace_root")]
    _root: String,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: String,
    license: Option<String>,
    /// Where it comes from; `None`: a folder, which is the project's own.
    source: Option<String>,
}

fn read(source: &mut Source<'_>) -> Result<Sbom, Fault> {
    let metadata: Metadata = json::document(source)?;
    let foreign = metadata.packages.into_iter().filter(|entry| entry.source.is_some());
    let package = |Entry { name, version, license, .. }| Package {
        name,
        version: Some(version),
        purl: None,
        licences: license.as_deref().and_then(said).into_iter().collect(),
    };
    Sbom::of(foreign.map(package).collect())
}

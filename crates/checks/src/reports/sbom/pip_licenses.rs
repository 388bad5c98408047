//! `pip-licenses --format=json`.

use serde::Deserialize;

use super::{Package, Sbom, said};
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::{Report, json};

pub(super) const FORMAT: Format = Format {
    name: "pip-licenses",
    recognise: |beginning| {
        beginning.has(&["[].Name", "[].License"])
            || beginning.has(&["[].Name", "[].License-Metadata"])
    },
    read: |source| read(source).map(Report::Sbom),
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    name: String,
    version: Option<String>,
    license: Option<String>,
    #[serde(rename = "License-Metadata")]
    metadata: Option<String>,
}

fn read(source: &mut Source<'_>) -> Result<Sbom, Fault> {
    let entries: Vec<Entry> = json::document(source)?;
    let package = |Entry { name, version, license, metadata }: Entry| {
        let text = license.or(metadata).unwrap_or_default();
        // Several classifiers: nobody says whether one is enough, so all have to be allowed.
        Package { name, version, purl: None, licences: text.split(';').filter_map(said).collect() }
    };
    Sbom::of(entries.into_iter().map(package).collect())
}

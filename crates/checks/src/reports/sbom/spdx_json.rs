//! SPDX 2.2 and 2.3, JSON (ISO/IEC 5962).

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::{Package, Sbom, said};
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::{Report, json};

pub(super) const FORMAT: Format = Format {
    name: "SPDX",
    recognise: |beginning| beginning.has(&["spdxVersion"]),
    read: |source| read(source).map(Report::Sbom),
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    spdx_version: String,
    #[serde(rename = "SPDXID")]
    id: Option<String>,
    #[serde(default)]
    document_describes: Vec<String>,
    #[serde(default)]
    packages: Vec<Entry>,
    #[serde(default)]
    relationships: Vec<Relationship>,
    #[serde(default)]
    has_extracted_licensing_infos: Vec<Extracted>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(rename = "SPDXID")]
    id: String,
    name: String,
    version_info: Option<String>,
    license_concluded: Option<String>,
    license_declared: Option<String>,
    #[serde(default)]
    external_refs: Vec<Reference>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    reference_type: String,
    reference_locator: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: String,
    relationship_type: String,
    related_spdx_element: String,
}

/// A licence that is no SPDX licence.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extracted {
    license_id: String,
    name: Option<String>,
}

fn read(source: &mut Source<'_>) -> Result<Sbom, Fault> {
    let document: Document = json::document(source)?;
    if !document.spdx_version.starts_with("SPDX-2.") {
        let version = document.spdx_version;
        return Err(Fault::malformed(format!("{version} is not known, SPDX-2.3 is")));
    }
    let mut list = List::default();
    list.described.extend(document.document_describes);
    for of in document.relationships {
        if of.relationship_type == "DESCRIBES" && Some(&of.spdx_element_id) == document.id.as_ref()
        {
            list.described.insert(of.related_spdx_element);
        }
    }
    for Extracted { license_id, name } in document.has_extracted_licensing_infos {
        list.names.extend(name.map(|name| (license_id, name)));
    }
    for entry in document.packages {
        let purl = entry.external_refs.into_iter().find(|of| of.reference_type == "purl");
        list.entries.push(Listed {
            id: entry.id,
            name: entry.name,
            version: entry.version_info,
            purl: purl.map(|of| of.reference_locator),
            concluded: entry.license_concluded,
            declared: entry.license_declared,
        });
    }
    list.sbom()
}

/// What both notations of SPDX say.
#[derive(Default)]
pub(super) struct List {
    pub(super) entries: Vec<Listed>,
    /// What the document is about.
    pub(super) described: HashSet<String>,
    /// Names of licences that are no SPDX licences, by their ids.
    pub(super) names: HashMap<String, String>,
}

/// A package as SPDX lists it.
#[derive(Default)]
pub(super) struct Listed {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) purl: Option<String>,
    pub(super) concluded: Option<String>,
    pub(super) declared: Option<String>,
}

impl List {
    pub(super) fn sbom(self) -> Result<Sbom, Fault> {
        let Self { entries, described, names } = self;
        // The one package that the document is about is the project itself, if there are others.
        let is_own = |entry: &Listed| {
            described.len() == 1 && entries.len() > 1 && described.contains(&entry.id)
        };
        let package = |entry: &Listed| {
            // What was concluded counts more than what was declared.
            let of = |licence: &Option<String>| licence.as_deref().and_then(said);
            let licence = of(&entry.concluded).or_else(|| of(&entry.declared));
            let named = licence.map(|licence| names.get(&licence).cloned().unwrap_or(licence));
            Package {
                name: entry.name.clone(),
                version: entry.version.clone(),
                purl: entry.purl.clone(),
                licences: named.into_iter().collect(),
            }
        };
        Sbom::of(entries.iter().filter(|entry| !is_own(entry)).map(package).collect())
    }
}

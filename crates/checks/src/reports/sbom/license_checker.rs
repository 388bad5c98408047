//! `license-checker --json` (npm), and its fork of Rseidelsohn: packages by `name@version`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Package, Sbom, said};
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::{Report, json};

pub(super) const FORMAT: Format = Format {
    name: "license-checker",
    recognise: |beginning| {
        beginning.has(&["*.licenses", "*.path"]) || beginning.has(&["*.licenses", "*.repository"])
    },
    read: |source| read(source).map(Report::Sbom),
};

#[derive(Deserialize)]
struct Entry {
    licenses: Option<Licences>,
    #[serde(default)]
    private: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Licences {
    One(String),
    All(Vec<String>),
}

fn read(source: &mut Source<'_>) -> Result<Sbom, Fault> {
    let entries: BTreeMap<String, Entry> = json::document(source)?;
    // What is private is the project's own.
    let foreign = entries.into_iter().filter(|(_, entry)| !entry.private);
    let package = |(name, entry): (String, Entry)| {
        let (name, version) = match name.rsplit_once('@').filter(|(name, _)| !name.is_empty()) {
            Some((name, version)) => (name.to_owned(), Some(version.to_owned())),
            None => (name, None),
        };
        let licences = match entry.licenses {
            Some(Licences::One(one)) => vec![one],
            Some(Licences::All(all)) => all,
            None => Vec::new(),
        };
        // A star: it was guessed from a text.
        let licences = licences.iter().filter_map(|of| said(of.trim_end_matches('*'))).collect();
        Package { name, version, purl: None, licences }
    };
    Sbom::of(foreign.map(package).collect())
}

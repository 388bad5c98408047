//! SPDX 2.2 and 2.3, tag and value (ISO/IEC 5962): `Tag: value` a line, long texts in `<text>`.

use super::Sbom;
use super::spdx_json::{List, Listed};
use crate::reports::Report;
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;

pub(super) const FORMAT: Format = Format {
    name: "SPDX tag-value",
    recognise: |beginning| {
        let first = beginning.lines().find(|line| !line.starts_with('#'));
        first.is_some_and(|line| line.starts_with("SPDXVersion:"))
    },
    read: |source| read(source).map(Report::Sbom),
};

fn read(source: &mut Source<'_>) -> Result<Sbom, Fault> {
    let mut list = List::default();
    let mut line = String::new();
    let mut in_package = false;
    let mut extracted = String::new();
    while source.line(&mut line)? {
        let at = source.pos();
        let text = line.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let Some((tag, value)) = text.split_once(':') else {
            return Err(Fault::malformed("a line is no `Tag: value`").at(at));
        };
        let value = value.trim();
        match tag {
            "SPDXVersion" if !value.starts_with("SPDX-2.") => {
                return Err(Fault::malformed(format!("{value} is not known, SPDX-2.3 is")).at(at));
            }
            "PackageName" => {
                in_package = true;
                list.entries.push(Listed { name: value.to_owned(), ..Listed::default() });
            }
            "FileName" | "SnippetSPDXID" => in_package = false,
            "LicenseID" => {
                in_package = false;
                extracted = value.to_owned();
            }
            "LicenseName" => {
                list.names.insert(extracted.clone(), value.to_owned());
            }
            "Relationship" => {
                let mut words = value.split_whitespace();
                if (words.next(), words.next()) == (Some("SPDXRef-DOCUMENT"), Some("DESCRIBES")) {
                    list.described.extend(words.next().map(str::to_owned));
                }
            }
            _ if in_package => of_package(list.entries.last_mut(), tag, value),
            _ => {}
        }
        if value.starts_with("<text>") && !value.contains("</text>") {
            text_end(source, &mut line)?;
        }
    }
    // The format has no end: a whole document ends with a line and says what it is about.
    if source.pos().column > 1 {
        return Err(Fault::malformed("it ends in the middle of a line").at(source.pos()));
    }
    if list.described.is_empty() {
        let said =
            "it does not say what it describes (`Relationship: SPDXRef-DOCUMENT DESCRIBES …`)";
        return Err(Fault::malformed(said));
    }
    list.sbom()
}

fn of_package(package: Option<&mut Listed>, tag: &str, value: &str) {
    let Some(package) = package else { return };
    let value = value.to_owned();
    match tag {
        "SPDXID" => package.id = value,
        "PackageVersion" => package.version = Some(value),
        "PackageLicenseConcluded" => package.concluded = Some(value),
        "PackageLicenseDeclared" => package.declared = Some(value),
        "ExternalRef" => {
            let mut words = value.split_whitespace().skip(1);
            if words.next() == Some("purl") {
                package.purl = words.next().map(str::to_owned);
            }
        }
        _ => {}
    }
}

/// Passes over a text of several lines.
fn text_end(source: &mut Source<'_>, line: &mut String) -> Result<(), Fault> {
    let start = source.pos();
    while source.line(line)? {
        if line.contains("</text>") {
            return Ok(());
        }
    }
    Err(Fault::malformed("it ends in the middle of a text").at(start))
}

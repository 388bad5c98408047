//! A format of reports, and all that are known.

use super::beginning::Beginning;
use super::no_evidence::{Fault, Why};
use super::source::Source;
use super::{
    Kind, Report, analysis, coverage, duplication, load, policy_results, quality, sbom, tests,
    vulnerabilities,
};

/// A format of reports: how it is recognised and read.
pub(super) struct Format {
    /// What it is called.
    pub(super) name: &'static str,
    /// Whether a report that begins like this is of it. No two formats say so of one beginning.
    pub(super) recognise: fn(&Beginning) -> bool,
    /// Reads a report of it, from its first byte.
    pub(super) read: fn(&mut Source<'_>) -> Result<Report, Fault>,
}

/// All formats, by kind of report. A new format is a line in the list of its kind.
const KINDS: &[(Kind, &[Format])] = &[
    (Kind::Coverage, coverage::FORMATS),
    (Kind::Tests, tests::FORMATS),
    (Kind::Analysis, analysis::FORMATS),
    (Kind::Vulnerabilities, vulnerabilities::FORMATS),
    (Kind::Sbom, sbom::FORMATS),
    (Kind::Policies, policy_results::FORMATS),
    (Kind::Load, load::FORMATS),
    (Kind::Quality, quality::FORMATS),
    (Kind::Duplication, duplication::FORMATS),
];

/// The format of a report that begins like this, and what kind of report it is.
pub(super) fn of(beginning: &Beginning) -> Result<(Kind, &'static Format), Fault> {
    let mut all =
        KINDS.iter().flat_map(|(kind, formats)| formats.iter().map(|format| (*kind, format)));
    let found = all.find(|(_, format)| (format.recognise)(beginning));
    found.ok_or(Fault { at: None, why: Why::Unknown })
}

#[cfg(test)]
mod recognition {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_report_is_of_one_format() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/reports");
        let mut seen = 0;
        for kind in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if !kind.is_dir() {
                continue;
            }
            for path in std::fs::read_dir(&kind).unwrap().map(|entry| entry.unwrap().path()) {
                if !path.is_file() || path.extension().is_some_and(|extension| extension == "md") {
                    continue;
                }
                let bytes = std::fs::read(&path).unwrap();
                let beginning = Beginning::of(&bytes[..bytes.len().min(64 << 10)]).unwrap();
                let formats = KINDS.iter().flat_map(|(_, formats)| formats.iter());
                let names = formats.filter(|format| (format.recognise)(&beginning));
                let names: Vec<_> = names.map(|format| format.name).collect();
                assert_eq!(names.len(), 1, "{}: {names:?}", path.display());
                seen += 1;
            }
        }
        assert!(seen > 30);
    }
}

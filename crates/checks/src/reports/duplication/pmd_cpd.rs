//! PMD CPD's XML report
//! (<https://docs.pmd-code.org/latest/pmd_userdocs_cpd_report_formats.html>), which counts tokens
//! where others count lines.

use std::collections::BTreeMap;

use super::{Duplication, Place, Twice, Unit};
use crate::reports::Report;
use crate::reports::beginning::Beginning;
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::xml::{Element, Node, Xml};

pub(super) const FORMAT: Format = Format { name: "PMD CPD", recognise, read };

fn recognise(beginning: &Beginning) -> bool {
    beginning.root("pmd-cpd").is_some()
}

/// A place of a duplication.
struct At {
    place: Place,
    /// Its first token and its last, counted through all files; older versions do not say them.
    tokens: Option<(u64, u64)>,
}

/// A duplication whose end has not come.
struct Open {
    lines: u64,
    tokens: u64,
    at: Vec<At>,
}

#[derive(Default)]
struct Reader {
    /// How many tokens each file has.
    files: BTreeMap<String, u64>,
    open: Option<Open>,
    /// What stands elsewhere, by file: the tokens, or how many where it is not said which.
    ranges: BTreeMap<String, Vec<(u64, u64)>>,
    counts: BTreeMap<String, u64>,
    twice: Vec<Twice>,
}

fn read(source: &mut Source<'_>) -> Result<Report, Fault> {
    let mut xml = Xml::new(source);
    let mut reader = Reader::default();
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(element) => reader.begin(&element)?,
            Node::Close(name) if name == "duplication" => reader.end(),
            Node::Close(_) | Node::Text(_) => {}
        }
    }
    reader.report()
}

impl Reader {
    fn begin(&mut self, element: &Element) -> Result<(), Fault> {
        match (element.name(), &mut self.open) {
            ("file", None) => {
                let path = element.needed("path")?;
                let tokens = element.needed_number("totalNumberOfTokens")?;
                if self.files.insert(path, tokens).is_some() {
                    return Err(element.wrong("the file stands twice in the list"));
                }
            }
            ("file", Some(open)) => open.at.push(at(element)?),
            ("duplication", None) => {
                let (lines, tokens) =
                    (element.needed_number("lines")?, element.needed_number("tokens")?);
                self.open = Some(Open { lines, tokens, at: Vec::new() });
            }
            ("duplication", Some(_)) => return Err(element.wrong("it stands in another")),
            // What was not read is not known to stand once.
            ("error", _) => {
                let file = element.text("filename")?.unwrap_or_default();
                return Err(element.wrong(format!("CPD could not look at `{file}`")));
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self) {
        let Some(Open { lines, tokens, at }) = self.open.take() else { return };
        for At { place, tokens: range } in &at {
            match range {
                Some(range) => self.ranges.entry(place.file.clone()).or_default().push(*range),
                None => {
                    let count = self.counts.entry(place.file.clone()).or_default();
                    *count = count.saturating_add(tokens);
                }
            }
        }
        // Each place is told with the one before it, the first with the last.
        let others = at.iter().cycle().skip(at.len().saturating_sub(1));
        let pairs = at.iter().zip(others).filter(|_| at.len() > 1);
        self.twice.extend(pairs.map(|(one, other)| {
            let (place, other) = (one.place.clone(), other.place.clone());
            Twice { place, other, lines }
        }));
    }

    fn report(self) -> Result<Report, Fault> {
        let Self { files, mut ranges, counts, twice, .. } = self;
        let all: u64 = files.values().fold(0, |sum, tokens| sum.saturating_add(*tokens));
        if all == 0 {
            return Err(Fault::empty(
                "no token was looked at (`<file totalNumberOfTokens>`, as PMD 6.31 and later write it)",
            ));
        }
        if let Some(file) = ranges.keys().chain(counts.keys()).find(|of| !files.contains_key(*of)) {
            let file = crate::reports::shortened(file);
            return Err(Fault::malformed(format!("`{file}` stands twice and is not in the list")));
        }
        let duplicated = files.iter().map(|(file, tokens)| {
            let ranged = ranges.get_mut(file).map_or(0, |ranges| covered(ranges));
            let counted = counts.get(file).copied().unwrap_or(0);
            ranged.saturating_add(counted).min(*tokens)
        });
        let duplicated = duplicated.fold(0_u64, u64::saturating_add);
        let places = twice.into_iter().map(Twice::finding).collect();
        Ok(Report::Duplication(Duplication { of: all, duplicated, unit: Unit::Tokens, places }))
    }
}

fn at(element: &Element) -> Result<At, Fault> {
    let file = element.needed("path")?;
    let from: u32 = element.needed_number("line")?;
    let to = element.number("endline")?.unwrap_or(from);
    if from == 0 || to < from {
        return Err(element.wrong(format!("it goes from line {from} to {to}")));
    }
    let tokens = match (element.number("begintoken")?, element.number("endtoken")?) {
        (Some(first), Some(last)) if first > last => {
            return Err(element.wrong(format!("it goes from token {first} to {last}")));
        }
        (Some(first), Some(last)) => Some((first, last)),
        _ => None,
    };
    Ok(At { place: Place { file, from, to }, tokens })
}

/// How many tokens are in any of these ranges, whose ends are in them.
fn covered(ranges: &mut [(u64, u64)]) -> u64 {
    ranges.sort_unstable();
    let mut sum = 0_u64;
    let mut next = 0_u64;
    for (first, last) in ranges {
        let from = (*first).max(next);
        let behind = last.saturating_add(1);
        sum = sum.saturating_add(behind.saturating_sub(from));
        next = next.max(behind);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::read as read_report;

    fn of(inner: &str) -> Duplication {
        let text = format!(
            "<pmd-cpd><file path='a' totalNumberOfTokens='100'/>\
             <file path='b' totalNumberOfTokens='60'/>{inner}</pmd-cpd>"
        );
        match read_report("r", &mut text.as_bytes()).unwrap().report {
            Report::Duplication(duplication) => duplication,
            other => panic!("{other:?}"),
        }
    }

    fn twice(tokens: u64, places: &[(&str, u64)]) -> String {
        let file = |(path, first): &(&str, u64)| {
            let last = first + tokens - 1;
            format!(
                "<file path='{path}' line='1' endline='9' begintoken='{first}' endtoken='{last}'/>"
            )
        };
        let files: String = places.iter().map(file).collect();
        format!("<duplication lines='9' tokens='{tokens}'>{files}</duplication>")
    }

    #[test]
    fn each_token_counts_once() {
        assert_eq!((of("").of, of("").duplicated), (160, 0));
        for (inner, duplicated, places) in [
            (twice(20, &[("a", 0), ("b", 200)]), 40, 2),
            (twice(20, &[("a", 0), ("a", 30), ("b", 200)]), 60, 3),
            // One overlaps the other, and a third stands in both.
            (twice(20, &[("a", 0), ("b", 200)]) + &twice(20, &[("a", 10), ("b", 200)]), 50, 4),
            (twice(20, &[("a", 0), ("b", 200)]) + &twice(5, &[("a", 5), ("a", 12)]), 40, 4),
            // A file has no more than it has.
            (twice(90, &[("b", 0), ("b", 500)]), 60, 2),
            // Older versions do not say which tokens: each place counts with all of its own.
            (
                "<duplication lines='9' tokens='20'><file path='a' line='1'/><file path='b' line='3'/>\
                 <codefragment>x</codefragment></duplication>"
                    .to_owned(),
                40,
                2,
            ),
        ] {
            let found = of(&inner);
            assert_eq!((found.of, found.duplicated, found.places.len()), (160, duplicated, places));
            assert_eq!(found.unit, Unit::Tokens);
        }
    }
}

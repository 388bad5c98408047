//! jscpd's JSON report. Its places are the evidence: where they have more lines than its own sum
//! says, they count.

use serde::Deserialize;

use super::{Duplication, Place, Twice, Unit};
use crate::reports::Report;
use crate::reports::beginning::Beginning;
use crate::reports::format::Format;
use crate::reports::json::{self, Count};
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;

pub(super) const FORMAT: Format = Format { name: "jscpd", recognise, read };

fn recognise(beginning: &Beginning) -> bool {
    beginning.has(&["duplicates"])
        && (beginning.has(&["statistics"]) || beginning.has(&["duplicates.[].firstFile"]))
}

#[derive(Deserialize)]
struct Document {
    duplicates: Vec<Duplicate>,
    statistics: Statistics,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Duplicate {
    first_file: File,
    second_file: File,
    lines: Count,
}

impl Duplicate {
    /// How many lines stand twice at the least: versions differ in whether the last one counts.
    fn least(&self) -> u64 {
        u64::from(self.first_file.end.saturating_sub(self.first_file.start))
    }
}

#[derive(Deserialize)]
struct File {
    name: String,
    start: u32,
    end: u32,
}

#[derive(Deserialize)]
struct Statistics {
    total: Total,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Total {
    sources: Option<Count>,
    lines: Count,
    duplicated_lines: Count,
}

fn read(source: &mut Source<'_>) -> Result<Report, Fault> {
    let Document { duplicates, statistics: Statistics { total } } = json::document(source)?;
    if total.lines.0 == 0 || total.sources == Some(Count(0)) {
        return Err(Fault::empty("no line was looked at"));
    }
    let shown = duplicates.iter().map(Duplicate::least).fold(0, u64::saturating_add);
    let places = duplicates.into_iter().map(|duplicate| {
        let place = |file: File| Place { file: file.name, from: file.start, to: file.end };
        let Duplicate { first_file, second_file, lines } = duplicate;
        Twice { place: place(first_file), other: place(second_file), lines: lines.0 }.finding()
    });
    Ok(Report::Duplication(Duplication {
        of: total.lines.0,
        duplicated: total.duplicated_lines.0.max(shown).min(total.lines.0),
        unit: Unit::Lines,
        places: places.collect(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(sources: u64, duplicated: u64, places: &[(u32, u32)]) -> Result<Report, Fault> {
        let file = |name: &str, (start, end): (u32, u32)| {
            format!(r#"{{"name": "{name}", "start": {start}, "end": {end}}}"#)
        };
        let place = |at: &(u32, u32)| {
            let (first, second) = (file("a", *at), file("b", *at));
            format!(r#"{{"lines": 9, "firstFile": {first}, "secondFile": {second}}}"#)
        };
        let places: Vec<String> = places.iter().map(place).collect();
        let text = format!(
            r#"{{"duplicates": [{}], "statistics": {{"total": {{"lines": 100, "sources": {sources},
            "duplicatedLines": {duplicated}}}}}}}"#,
            places.join(", ")
        );
        read(&mut Source::new(&mut text.as_bytes())?)
    }

    #[test]
    fn the_places_count_where_the_sum_is_less() {
        let duplicated = |said, places: &[_]| match report(2, said, places).unwrap() {
            Report::Duplication(found) => found.duplicated,
            other => panic!("{other:?}"),
        };
        assert_eq!(duplicated(0, &[]), 0);
        assert_eq!(duplicated(0, &[(1, 51), (60, 70)]), 60);
        assert_eq!(duplicated(13, &[(1, 13)]), 13);
        assert_eq!(duplicated(12, &[(1, 13)]), 12);
        assert_eq!(duplicated(0, &[(1, 900)]), 100);
    }

    #[test]
    fn a_look_at_no_file_is_no_evidence() {
        assert!(
            matches!(report(0, 0, &[]), Err(fault) if fault == Fault::empty("no line was looked at"))
        );
    }
}

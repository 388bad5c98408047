//! jscpd's JSON report.

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
    lines: Count,
    duplicated_lines: Count,
}

fn read(source: &mut Source<'_>) -> Result<Report, Fault> {
    let Document { duplicates, statistics: Statistics { total } } = json::document(source)?;
    if total.lines.0 == 0 {
        return Err(Fault::empty("no line was looked at"));
    }
    let places = duplicates.into_iter().map(|duplicate| {
        let place = |file: File| Place { file: file.name, from: file.start, to: file.end };
        let Duplicate { first_file, second_file, lines } = duplicate;
        Twice { place: place(first_file), other: place(second_file), lines: lines.0 }.finding()
    });
    Ok(Report::Duplication(Duplication {
        of: total.lines.0,
        duplicated: total.duplicated_lines.0.min(total.lines.0),
        unit: Unit::Lines,
        places: places.collect(),
    }))
}

//! llvm-cov's JSON (`llvm-cov export`, version 2 and 3), which `cargo llvm-cov --json` writes, too.
//! It has the segments of each file; what they say of a line is computed as LLVM does it
//! (`LineCoverageStats` in `CoverageMapping.cpp`).

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor};
use std::fmt;

use super::{Coverage, FileCoverage, Lines, Totals};
use crate::reports::Report;
use crate::reports::beginning::Beginning;
use crate::reports::format::Format;
use crate::reports::json;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;

pub(super) const FORMAT: Format = Format { name: "llvm-cov", recognise, read };

/// Between two segments are no more lines than this.
const LONGEST: u32 = 1_000_000;

fn recognise(beginning: &Beginning) -> bool {
    let kind = beginning.json().and_then(|outline| outline.scalar("type"));
    // The type stands at the end.
    kind == Some("llvm.coverage.json.export")
        || beginning.has(&["data.[].files.[].segments"])
        || beginning.has(&["data.[].files.[].filename"])
}

#[derive(Deserialize)]
struct Document {
    data: Vec<Export>,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Export {
    files: Vec<File>,
    totals: Option<Sums>,
}

/// What it says of all of its files.
#[derive(Deserialize)]
struct Sums {
    lines: Option<Sum>,
}

#[derive(Deserialize)]
struct Sum {
    count: u64,
    covered: u64,
}

#[derive(Deserialize)]
struct File {
    filename: String,
    /// Left out by `-summary-only`.
    #[serde(default)]
    segments: Vec<Segment>,
}

/// From here on, until the next segment, code ran this often.
#[derive(Clone, Copy)]
struct Segment {
    line: u32,
    count: u64,
    /// Whether it is code at all.
    counted: bool,
    /// Whether a region of code begins here, and not between two.
    starts: bool,
    /// Whether a region that is skipped (`#if 0`) begins here.
    skipped: bool,
}

fn read(source: &mut Source<'_>) -> Result<Report, Fault> {
    let Document { data, kind } = json::document(source)?;
    if kind != "llvm.coverage.json.export" {
        return Err(Fault::malformed("its `type` is not `llvm.coverage.json.export`"));
    }
    let mut coverage = Coverage::default();
    let mut totals = Totals::default();
    let mut lines = Lines::default();
    for Export { files, totals: sums } in data {
        for File { filename, segments } in files {
            let file = of(&segments, &mut lines)?;
            file.lines.values().for_each(|hits| totals.show(*hits));
            coverage.add(filename.replace('\\', "/"), file);
        }
        if let Some(Sum { count, covered }) = sums.and_then(|of| of.lines) {
            totals.say(covered, count);
        }
    }
    super::report_of(coverage, &totals)
}

fn of(segments: &[Segment], lines: &mut Lines) -> Result<FileCoverage, Fault> {
    let mut file = FileCoverage::default();
    let mut wrapped: Option<Segment> = None;
    for of_line in segments.chunk_by(|a, b| a.line == b.line) {
        let Some(first) = of_line.first() else { continue };
        if let Some(before) = wrapped {
            // Lines between, in which no segment starts.
            if first.line < before.line || first.line - before.line > LONGEST {
                return Err(Fault::malformed("segments are not in order"));
            }
            for line in before.line + 1..first.line {
                if before.counted {
                    lines.one_more()?;
                    file.hit(line, before.count);
                }
            }
        }
        let begun = of_line.iter().filter(|segment| segment.starts);
        let most = begun.map(|segment| segment.count).max();
        let around = wrapped.filter(|segment| segment.counted);
        if !first.skipped && (around.is_some() || most.is_some()) {
            lines.one_more()?;
            let around = wrapped.map_or(0, |segment| segment.count);
            file.hit(first.line, around.max(most.unwrap_or_default()));
        }
        wrapped = of_line.last().copied();
    }
    Ok(file)
}

impl<'de> Deserialize<'de> for Segment {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_seq(AsList)
    }
}

/// `[line, column, count, has count, is region entry, is gap region]`; the last came later.
struct AsList;

impl<'de> Visitor<'de> for AsList {
    type Value = Segment;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a segment of six values")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Segment, S::Error> {
        let missing = || S::Error::custom("a segment has fewer than five values");
        let line: u32 = list.next_element()?.ok_or_else(missing)?;
        let _column: u32 = list.next_element()?.ok_or_else(missing)?;
        let count: u64 = list.next_element()?.ok_or_else(missing)?;
        let counted: bool = list.next_element()?.ok_or_else(missing)?;
        let entry: bool = list.next_element()?.ok_or_else(missing)?;
        let gap: bool = list.next_element()?.unwrap_or_default();
        while list.next_element::<IgnoredAny>()?.is_some() {}
        let starts = !gap && counted && entry;
        if line == 0 {
            return Err(S::Error::custom("lines are counted from 1"));
        }
        Ok(Segment { line, count, counted, starts, skipped: !counted && entry })
    }
}

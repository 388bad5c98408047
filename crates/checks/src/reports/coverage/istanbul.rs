//! Istanbul's `coverage-final.json`, which nyc, c8, Jest and Vitest write: by file, where each
//! statement stands and how often it ran.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};

use super::{Coverage, FileCoverage, Lines};
use crate::reports::Report;
use crate::reports::beginning::Beginning;
use crate::reports::format::Format;
use crate::reports::json::{self, Count};
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;

pub(super) const FORMAT: Format = Format { name: "Istanbul", recognise, read };

fn recognise(beginning: &Beginning) -> bool {
    beginning.has(&["*.statementMap"])
}

fn read(source: &mut Source<'_>) -> Result<Report, Fault> {
    super::report(json::seeded(source, Files)?)
}

/// Reads one file after the other, so that only their lines are kept.
struct Files;

impl<'de> DeserializeSeed<'de> for Files {
    type Value = Coverage;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Coverage, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Files {
    type Value = Coverage;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("coverage by file")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Coverage, M::Error> {
        let mut coverage = Coverage::default();
        let mut lines = Lines::default();
        while let Some((name, file)) = map.next_entry::<String, File>()? {
            let File { statement_map, s } = file;
            let file = of(&statement_map, &s, &mut lines).map_err(M::Error::custom)?;
            coverage.add(name.replace('\\', "/"), file);
        }
        Ok(coverage)
    }
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "statementMap")]
    statement_map: BTreeMap<String, Stretch>,
    s: BTreeMap<String, Count>,
}

#[derive(Deserialize)]
struct Stretch {
    start: Place,
}

#[derive(Deserialize)]
struct Place {
    line: u32,
}

/// A line ran as often as what begins in it ran at the most: so Istanbul's own reports count.
fn of(
    map: &BTreeMap<String, Stretch>,
    hits: &BTreeMap<String, Count>,
    lines: &mut Lines,
) -> Result<FileCoverage, String> {
    let mut file = FileCoverage::default();
    if map.len() != hits.len() {
        return Err(format!("{} statements have {} numbers of hits", map.len(), hits.len()));
    }
    for (id, Stretch { start }) in map {
        let hits = hits.get(id).ok_or_else(|| format!("statement {id} has no number of hits"))?;
        if start.line == 0 {
            return Err(format!("statement {id} is in line 0"));
        }
        lines.one_more().map_err(|fault| fault.why.to_string())?;
        let most = file.lines.entry(start.line).or_default();
        *most = (*most).max(hits.0);
    }
    Ok(file)
}

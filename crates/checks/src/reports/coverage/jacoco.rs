//! JaCoCo's XML (`report.dtd`, "JACOCO//DTD Report 1.1"): by package and source file, how many
//! instructions (`ci`, `mi`) and branches (`cb`, `mb`) of a line ran and were missed. A line of
//! which some instruction ran is covered, as JaCoCo's own counters say.

use super::{Branches, Coverage, FileCoverage, Lines, Totals};
use crate::reports::Report;
use crate::reports::beginning::Beginning;
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::xml::{Element, Node, Xml};

pub(super) const FORMAT: Format = Format { name: "JaCoCo", recognise, read };

fn recognise(beginning: &Beginning) -> bool {
    let root = beginning.root("report");
    root.is_some_and(|root| root.text("name").is_ok_and(|name| name.is_some()))
}

fn read(source: &mut Source<'_>) -> Result<Report, Fault> {
    let mut xml = Xml::new(source);
    let mut reader = Reader::default();
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(element) => reader.open(&element)?,
            Node::Close(name) => reader.close(&name),
            Node::Text(_) => {}
        }
    }
    super::report_of(reader.coverage, &reader.totals)
}

#[derive(Default)]
struct Reader {
    coverage: Coverage,
    totals: Totals,
    lines: Lines,
    /// How many elements are open.
    depth: usize,
    /// The names of groups (modules) and the package around what is read.
    around: Vec<String>,
    file: Option<(String, FileCoverage)>,
}

impl Reader {
    fn open(&mut self, element: &Element) -> Result<(), Fault> {
        self.depth += 1;
        match element.name() {
            // Of the whole: those of its parts are in it.
            "counter" if self.depth == 2 && element.text("type")?.as_deref() == Some("LINE") => {
                let covered: u64 = element.needed_number("covered")?;
                let missed: u64 = element.needed_number("missed")?;
                self.totals.say(covered, covered.saturating_add(missed));
            }
            "group" | "package" => self.around.push(element.needed("name")?),
            "sourcefile" => {
                let folders = self.around.iter().filter(|folder| !folder.is_empty());
                let mut name: String = folders.map(|folder| format!("{folder}/")).collect();
                name.push_str(&element.needed("name")?);
                self.file = Some((name, FileCoverage::default()));
            }
            "line" => {
                let Some((_, file)) = &mut self.file else {
                    return Err(element.wrong("it stands outside of a source file"));
                };
                self.lines.one_more()?;
                let number: u32 = element.needed_number("nr")?;
                if number == 0 {
                    return Err(element.wrong("lines are counted from 1"));
                }
                let ran: u64 = element.needed_number("ci")?;
                file.hit(number, u64::from(ran > 0));
                self.totals.show(ran);
                let taken: u32 = element.number("cb")?.unwrap_or_default();
                let missed: u32 = element.number("mb")?.unwrap_or_default();
                if taken > 0 || missed > 0 {
                    let all = taken.saturating_add(missed);
                    file.branches.insert(number, Branches { taken, all });
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &str) {
        self.depth = self.depth.saturating_sub(1);
        match name {
            "group" | "package" => drop(self.around.pop()),
            "sourcefile" => {
                if let Some((name, file)) = self.file.take() {
                    self.coverage.add(name, file);
                }
            }
            _ => {}
        }
    }
}

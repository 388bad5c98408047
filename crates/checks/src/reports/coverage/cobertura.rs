//! Cobertura's XML (`coverage-04.dtd`), which coverage.py, gcovr, nyc, PHPUnit, coverlet and
//! others write. Lines stand in classes, and again in their methods: those of methods are left
//! out, unless a class has no lines of its own.

use super::{Branches, Coverage, FileCoverage, Lines, Totals};
use crate::reports::Report;
use crate::reports::beginning::Beginning;
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::xml::{Element, Node, Xml};

pub(super) const FORMAT: Format = Format { name: "Cobertura", recognise, read };

fn recognise(beginning: &Beginning) -> bool {
    // Clover's root has the same name and no rate.
    let root = beginning.root("coverage");
    root.is_some_and(|root| root.text("line-rate").is_ok_and(|rate| rate.is_some()))
}

fn read(source: &mut Source<'_>) -> Result<Report, Fault> {
    let mut xml = Xml::new(source);
    let mut reader = Reader::default();
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(element) => reader.open(&element)?,
            Node::Text(text) if reader.in_source => reader.source.push_str(&text),
            Node::Text(_) => {}
            Node::Close(name) => reader.close(&name),
        }
    }
    super::report_of(reader.coverage, &reader.totals)
}

#[derive(Default)]
struct Reader {
    coverage: Coverage,
    totals: Totals,
    lines: Lines,
    /// Folders that the names of files are relative to.
    sources: Vec<String>,
    source: String,
    in_source: bool,
    class: Option<Class>,
    in_method: bool,
}

/// A class that has not ended.
#[derive(Default)]
struct Class {
    file: String,
    own: FileCoverage,
    of_methods: FileCoverage,
}

impl Reader {
    fn open(&mut self, element: &Element) -> Result<(), Fault> {
        match element.name() {
            "coverage" => self.sums(element)?,
            "source" => self.in_source = true,
            "class" => {
                let file = element.needed("filename")?.replace('\\', "/");
                self.class = Some(Class { file, ..Class::default() });
            }
            "method" => self.in_method = true,
            "line" => {
                let Some(class) = &mut self.class else {
                    return Err(element.wrong("it stands outside of a class"));
                };
                self.lines.one_more()?;
                let file = if self.in_method { &mut class.of_methods } else { &mut class.own };
                let number: u32 = element.needed_number("number")?;
                if number == 0 {
                    return Err(element.wrong("lines are counted from 1"));
                }
                let hits = element.needed_number("hits")?;
                file.hit(number, hits);
                self.totals.show(hits);
                if let Some(branches) = branches(element)? {
                    file.branches.insert(number, branches);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What the report says of itself; the share alone where it does not count.
    fn sums(&mut self, element: &Element) -> Result<(), Fault> {
        let covered = element.number("lines-covered")?.unwrap_or_default();
        let lines = element.number("lines-valid")?.unwrap_or_default();
        self.totals.say(covered, lines);
        self.totals.say_rate(element.number("line-rate")?.unwrap_or_default());
        Ok(())
    }

    fn close(&mut self, name: &str) {
        match name {
            "source" => {
                self.in_source = false;
                self.sources.push(std::mem::take(&mut self.source).trim().replace('\\', "/"));
            }
            "method" => self.in_method = false,
            "class" => {
                let Some(class) = self.class.take() else { return };
                let file = if class.own.lines.is_empty() { class.of_methods } else { class.own };
                self.coverage.add(self.placed(class.file), file);
            }
            _ => {}
        }
    }

    /// The name with the folder that it is relative to, where there is one alone.
    fn placed(&self, file: String) -> String {
        match &self.sources[..] {
            [folder] if !file.starts_with('/') && folder.len() > 1 => {
                format!("{}/{file}", folder.trim_end_matches('/'))
            }
            _ => file,
        }
    }
}

/// `condition-coverage="50% (1/2)"`.
fn branches(element: &Element) -> Result<Option<Branches>, Fault> {
    let Some(said) = element.text("condition-coverage")? else { return Ok(None) };
    let counts = said.split_once('(').and_then(|(_, counts)| counts.split_once(')'));
    let counts = counts.and_then(|(counts, _)| counts.split_once('/'));
    let counts = counts.and_then(|(taken, all)| {
        Some(Branches { taken: taken.trim().parse().ok()?, all: all.trim().parse().ok()? })
    });
    match counts {
        Some(counts) if counts.taken <= counts.all => Ok(Some(counts)),
        _ => Err(element.wrong(format!("`condition-coverage` is `{said}`"))),
    }
}

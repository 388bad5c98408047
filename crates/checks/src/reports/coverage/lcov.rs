//! lcov's trace files, as `geninfo(1)` documents them: `SF:` begins a file, `DA:line,hits` is a
//! line, `BRDA:line,block,branch,taken` a branch, `end_of_record` ends the file.

use super::{Coverage, FileCoverage, Lines, Totals, hits, line_number};
use crate::reports::Report;
use crate::reports::beginning::Beginning;
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::shortened;
use crate::reports::source::Source;

pub(super) const FORMAT: Format = Format { name: "lcov", recognise, read };

fn recognise(beginning: &Beginning) -> bool {
    let mut lines = beginning.lines().filter(|line| !line.starts_with('#'));
    lines.next().is_some_and(|line| line.starts_with("TN:") || line.starts_with("SF:"))
}

fn read(source: &mut Source<'_>) -> Result<Report, Fault> {
    let mut reader = Reader::default();
    let mut line = String::new();
    loop {
        let at = source.pos();
        if !source.line(&mut line)? {
            break;
        }
        reader.line(line.trim_end()).map_err(|fault| fault.at(at))?;
    }
    if let Some(open) = &reader.open {
        let name = shortened(&open.name);
        return Err(Fault::malformed(format!("it ends in the middle of {name}")).at(source.pos()));
    }
    super::report_of(reader.coverage, &reader.totals)
}

#[derive(Default)]
struct Reader {
    coverage: Coverage,
    totals: Totals,
    open: Option<Record>,
    lines: Lines,
}

/// A file's record that has not ended.
#[derive(Default)]
struct Record {
    name: String,
    file: FileCoverage,
    /// What the record says of itself (`LF`, `LH`): lines that can run, and that did.
    said: (Option<usize>, Option<usize>),
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), Fault> {
        if line == "end_of_record" {
            return self.end();
        }
        let Some((key, value)) = line.split_once(':') else {
            let empty = line.is_empty() || line.starts_with('#');
            let what = || Fault::malformed(format!("`{}` is no record", shortened(line)));
            return if empty { Ok(()) } else { Err(what()) };
        };
        match (key, &mut self.open) {
            ("SF", open @ None) => {
                let name = value.replace('\\', "/");
                if name.is_empty() {
                    return Err(Fault::malformed("a record has no file"));
                }
                *open = Some(Record { name, ..Record::default() });
            }
            ("SF", Some(open)) => {
                let name = shortened(&open.name);
                return Err(Fault::malformed(format!("the record of {name} has no end")));
            }
            ("DA", Some(open)) => {
                let mut fields = value.split(',');
                let number = line_number(fields.next().unwrap_or_default())?;
                let hits = hits(fields.next().unwrap_or_default())?;
                open.file.hit(number, hits);
                self.totals.show(hits);
                self.lines.one_more()?;
            }
            ("BRDA", Some(open)) => {
                let mut fields = value.split(',');
                let number = line_number(fields.next().unwrap_or_default())?;
                // `-`: the line was never reached.
                let taken = fields.next_back().unwrap_or_default();
                let taken = taken != "-" && hits(taken)? > 0;
                open.file.branches.entry(number).or_default().add(u32::from(taken), 1);
            }
            ("LF", Some(open)) => open.said.0 = Some(count(value)?),
            ("LH", Some(open)) => open.said.1 = Some(count(value)?),
            ("DA" | "BRDA" | "LF" | "LH", None) => {
                return Err(Fault::malformed(format!("`{key}` stands outside of a file's record")));
            }
            // Test names, functions, versions, and what later versions add.
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        let Some(Record { name, file, said }) = self.open.take() else {
            return Err(Fault::malformed("`end_of_record` ends nothing"));
        };
        let ratio = file.ratio();
        for (said, found, what) in
            [(said.0, ratio.lines, "lines"), (said.1, ratio.covered, "covered lines")]
        {
            // Lines are named twice where code is in several functions: then more are said.
            if said.is_some_and(|said| (said as u64) < found) {
                let name = shortened(&name);
                let what = format!("{name} has {found} {what}, and says that it has fewer");
                return Err(Fault::malformed(what));
            }
        }
        if let (Some(lines), Some(covered)) = said {
            self.totals.say(covered as u64, lines as u64);
        }
        self.coverage.add(name, file);
        Ok(())
    }
}

fn count(text: &str) -> Result<usize, Fault> {
    text.trim().parse().map_err(|_| Fault::malformed(format!("`{}` is no count", shortened(text))))
}

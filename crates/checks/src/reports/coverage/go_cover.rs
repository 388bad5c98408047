//! Go's cover profile (`go test -coverprofile`): a block of code a line,
//! `file:line.column,line.column statements count`. Where a statement of a block stands is not
//! said, so each of its lines counts; a line of several blocks ran as often as the one that ran
//! most.

use super::{Coverage, Lines, hits, line_number};
use crate::reports::beginning::Beginning;
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::{Report, shortened};

pub(super) const FORMAT: Format = Format { name: "Go cover profile", recognise, read };

/// A block has no more lines than this.
const LONGEST: u32 = 1_000_000;

fn recognise(beginning: &Beginning) -> bool {
    beginning.lines().next().is_some_and(is_mode)
}

fn is_mode(line: &str) -> bool {
    ["mode: set", "mode: count", "mode: atomic"].contains(&line)
}

fn read(source: &mut Source<'_>) -> Result<Report, Fault> {
    let mut coverage = Coverage::default();
    let mut lines = Lines::default();
    let mut line = String::new();
    loop {
        let at = source.pos();
        if !source.line(&mut line)? {
            break;
        }
        let text = line.trim();
        // Profiles are joined by writing them behind each other.
        if !text.is_empty() && !is_mode(text) {
            block(text, &mut coverage, &mut lines).map_err(|fault| fault.at(at))?;
        }
    }
    super::report(coverage)
}

fn block(text: &str, coverage: &mut Coverage, lines: &mut Lines) -> Result<(), Fault> {
    let wrong = || Fault::malformed(format!("`{}` is no block", shortened(text)));
    let (file, rest) = text.rsplit_once(':').ok_or_else(wrong)?;
    let mut fields = rest.split(' ');
    let (Some(place), Some(statements), Some(count), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(wrong());
    };
    let statements: u64 = statements.parse().map_err(|_| wrong())?;
    let count = hits(count)?;
    let (start, end) = place.split_once(',').ok_or_else(wrong)?;
    let line = |place: &str| line_number(place.split_once('.').ok_or_else(wrong)?.0);
    let (start, end) = (line(start)?, line(end)?);
    if file.is_empty() || end < start || end - start > LONGEST {
        return Err(wrong());
    }
    let file = coverage.files.entry(file.replace('\\', "/")).or_default();
    // An empty block (`{}`) has nothing that could run.
    if statements > 0 {
        for line in start..=end {
            lines.one_more()?;
            let most = file.lines.entry(line).or_default();
            *most = (*most).max(count);
        }
    }
    Ok(())
}

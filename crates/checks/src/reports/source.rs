//! The bytes of a report as its reader gets them: bounded, and with a place for what is wrong.

use std::io::{self, BufRead, Read};

use super::no_evidence::{Fault, Why};
use crate::finding::Pos;

/// A report is no larger: whatever is, was not made by a tool for a gate.
const LARGEST: u64 = 512 << 20;
/// How much of it is looked at to recognise its format.
const BEGINNING: u64 = 64 << 10;
/// A line of a report is no longer.
const LONGEST_LINE: u64 = 1 << 20;

/// The bytes of a report.
pub(super) struct Source<'s> {
    beginning: Vec<u8>,
    /// How much of the beginning was taken.
    taken: usize,
    rest: io::Take<&'s mut dyn BufRead>,
    line: usize,
    column: usize,
}

impl<'s> Source<'s> {
    /// Reads the beginning. A byte-order mark is passed over.
    pub(super) fn new(reader: &'s mut dyn BufRead) -> Result<Self, Fault> {
        Self::bounded(reader, LARGEST)
    }

    fn bounded(reader: &'s mut dyn BufRead, largest: u64) -> Result<Self, Fault> {
        let mut beginning = Vec::new();
        let read = Read::take(&mut *reader, BEGINNING).read_to_end(&mut beginning);
        read.map_err(|error| Fault { at: None, why: Why::Unreadable(error.to_string()) })?;
        let taken = if beginning.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let rest = Read::take(reader, largest);
        Ok(Self { beginning, taken, rest, line: 1, column: 1 })
    }

    /// What it begins with, and whether that is all.
    pub(super) fn beginning(&self) -> &[u8] {
        self.beginning.get(self.taken..).unwrap_or_default()
    }

    /// Where the reader stands.
    pub(super) const fn pos(&self) -> Pos {
        Pos { line: self.line, column: self.column }
    }

    /// What is wrong when reading failed.
    pub(super) fn failed(&self, error: &io::Error) -> Fault {
        let why = match error.kind() {
            io::ErrorKind::FileTooLarge => Why::Hostile(error.to_string()),
            _ => Why::Unreadable(error.to_string()),
        };
        Fault { at: Some(self.pos()), why }
    }

    /// The next line without its end (`\n`, `\r\n`); nothing behind the last. What is no UTF-8 is
    /// refused.
    pub(super) fn line(&mut self, line: &mut String) -> Result<bool, Fault> {
        let start = self.pos();
        let mut bytes = std::mem::take(line).into_bytes();
        bytes.clear();
        let read = Read::take(&mut *self, LONGEST_LINE).read_until(b'\n', &mut bytes);
        let read = read.map_err(|error| self.failed(&error))?;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        } else if read as u64 == LONGEST_LINE {
            return Err(Fault::hostile("the line is longer than 1 MiB").at(start));
        }
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        *line = String::from_utf8(bytes)
            .map_err(|_| Fault::malformed("the line is no UTF-8").at(start))?;
        Ok(read > 0)
    }
}

impl Read for Source<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Source<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken < self.beginning.len() {
            return Ok(&self.beginning[self.taken..]);
        }
        if self.rest.limit() == 0 {
            let why = format!("it is larger than {} MiB", LARGEST >> 20);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        }
        self.rest.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if self.taken < self.beginning.len() {
            let end = (self.taken + amount).min(self.beginning.len());
            let taken = self.beginning.get(self.taken..end).unwrap_or_default();
            (self.line, self.column) = moved((self.line, self.column), taken);
            self.taken = end;
        } else {
            // What was filled before is there still: this reads nothing.
            let taken = self.rest.fill_buf().unwrap_or_default();
            let taken = taken.get(..amount).unwrap_or(taken);
            (self.line, self.column) = moved((self.line, self.column), taken);
            self.rest.consume(amount);
        }
    }
}

/// Where one stands behind these bytes.
fn moved((line, column): (usize, usize), bytes: &[u8]) -> (usize, usize) {
    let lines = memchr::memchr_iter(b'\n', bytes).count();
    let last = memchr::memrchr(b'\n', bytes).map_or(bytes, |at| &bytes[at + 1..]);
    // Bytes that go on with a character are none of their own.
    let characters = last.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    (line + lines, if lines == 0 { column + characters } else { 1 + characters })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_across_the_beginning() {
        let text = "é\r\n".repeat(40_000) + "end";
        let mut bytes = text.as_bytes();
        let mut source = Source::new(&mut bytes).unwrap();
        let mut line = String::new();
        for _ in 0..40_000 {
            assert!(source.line(&mut line).unwrap());
            assert_eq!(line, "é");
        }
        assert!(source.line(&mut line).unwrap());
        assert_eq!((line.as_str(), source.pos()), ("end", Pos { line: 40_001, column: 4 }));
        assert!(!source.line(&mut line).unwrap());
    }

    #[test]
    fn a_line_that_does_not_end_is_refused() {
        let mut bytes = io::BufReader::new(io::repeat(b'a'));
        let mut source = Source::new(&mut bytes).unwrap();
        let fault = source.line(&mut String::new()).unwrap_err();
        assert_eq!(fault.why, Why::Hostile("the line is longer than 1 MiB".into()));
    }

    #[test]
    fn what_has_no_end_is_refused() {
        let mut bytes = io::BufReader::new(io::repeat(b'a'));
        let mut source = Source::bounded(&mut bytes, 100_000).unwrap();
        let error = io::copy(&mut source, &mut io::sink()).unwrap_err();
        assert!(matches!(source.failed(&error).why, Why::Hostile(_)));
    }
}

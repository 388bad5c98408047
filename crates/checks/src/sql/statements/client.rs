//! What the database's client takes for itself: psql's and MySQL's commands.

use std::io::{self, Read};

use super::{Delimiter, Event, Statements};
use crate::sql::dialect::Dialect;

impl<R: Read> Statements<R> {
    pub(super) fn is_delimiter_command(&self, at: usize, end: usize) -> bool {
        self.lexer.dialect() == Dialect::Mysql
            && self.at_hand()[at..end].eq_ignore_ascii_case(b"delimiter")
    }

    pub(super) fn set_delimiter(&mut self, at: usize, end: usize) -> io::Result<usize> {
        let Some(line) = self.line_from(end) else { return self.more(at) };
        // The first word; the client passes over the rest.
        let rest = self.at_hand()[end..line].trim_ascii();
        let sign = rest.split(u8::is_ascii_whitespace).next().unwrap_or_default().to_vec();
        self.delimiter = match &sign[..] {
            b";" | b"" => Delimiter::Semicolon,
            _ => Delimiter::Custom(sign),
        };
        Ok(self.pass(line))
    }

    /// A command of psql (or of MySQL's client) runs to the end of its line, or to two backslashes.
    pub(super) fn command(&mut self, at: usize) -> io::Result<usize> {
        let Some(line) = self.line_from(at) else { return self.more(at) };
        // MySQL's are of one letter, and only some take what follows on their line.
        let letter = self.at_hand().get(at + 1).copied().unwrap_or(b'\n');
        if self.lexer.dialect() == Dialect::Mysql && letter == b'd' {
            return self.set_delimiter(at, at + 2);
        }
        if self.lexer.dialect() == Dialect::Mysql && !b".!uURTP\n".contains(&letter) {
            return Ok(self.finish(at + 2));
        }
        let line = match command_end(&self.at_hand()[at..line]) {
            Some(end) if self.lexer.dialect() == Dialect::Postgres => at + end,
            _ => line,
        };
        let text = String::from_utf8_lossy(&self.at_hand()[at..line]).trim().to_owned();
        let pos = self.place_of(at);
        if !self.tokens.is_empty() && !ends_statement(&text) {
            // psql goes on with the statement behind it.
            self.said.push(Event::Command(text, pos));
            return Ok(line);
        }
        self.queue_statement();
        self.queue.push_back(Event::Command(text, pos));
        self.consumed = line;
        Ok(line)
    }
}

/// Whether a command of psql sends what is before it, or forgets it.
fn ends_statement(command: &str) -> bool {
    const ENDS: [&str; 9] =
        ["g", "gx", "gset", "gexec", "gdesc", "watch", "crosstabview", "r", "reset"];
    let word = command.trim_start_matches('\\');
    let end = word.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word.len());
    ENDS.contains(&&word[..end])
}

/// Behind the two backslashes that end a command of psql within its line; `\!` and `\copy` take
/// all of it, and so does what is in quotes.
fn command_end(line: &[u8]) -> Option<usize> {
    let words = &line[1..];
    if words.starts_with(b"!") || words.starts_with(b"copy") {
        return None;
    }
    let mut quoted = false;
    for (at, pair) in words.windows(2).enumerate() {
        match pair {
            [b'\'', _] => quoted = !quoted,
            br"\\" if !quoted => return Some(at + 3),
            _ => {}
        }
    }
    None
}

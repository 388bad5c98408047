//! From a stream to statements.
//!
//! Memory is bounded by the largest statement: what was handed out is forgotten, and the data
//! behind `COPY … FROM stdin` is passed over line by line.

mod client;
mod copied;

use std::collections::VecDeque;
use std::io::{self, Read};

use super::dialect::Dialect;
use super::directive::{Directive, Mark};
use super::lexer::{BYTE_ORDER_MARK, Lexed, Lexer, Problem, plain_word};
use super::routine::{Met, Routine};
use super::source::{Place, Source, after};
use super::token::{Token, TokenKind};
use crate::finding::Pos;
use copied::Copied;

/// What is read at first: most migrations are smaller.
const FIRST: usize = 4 * 1024;
/// What is read then; more when a statement is larger.
const CHUNK: usize = 16 * 1024;
/// A larger statement is not analysed.
const MAX_STATEMENT: usize = 64 * 1024 * 1024;
/// As much is counted again for each place that is asked for, at most.
const UNPLACED: usize = 1024;
/// After so many strings and comments without an end, the rest is not analysed.
const MAX_RECOVERIES: u32 = 16;

/// What comes next in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A statement: [`Statements::current`].
    Statement,
    /// A comment that says something.
    Directive(Directive, Pos),
    /// A command of psql, such as `\connect`.
    Command(String, Pos),
    /// Something begins here and never ends. What stands after the line is looked at all the
    /// same.
    Broken(Problem, Pos),
    /// The data of a `COPY` that begins here never ends: everything after it would be data.
    EndlessCopy(Pos),
    /// Something stands behind a `COPY … FROM stdin` on its line: psql runs it when the data has
    /// been read, and it was not looked at.
    BehindCopy(Pos),
    /// A comment that MySQL runs (`/*! … */`) in a file that is not MySQL's.
    OfMysql(Pos),
    /// Letters behind a number here, which versions of PostgreSQL read as different tokens.
    ReadOtherwise(Pos),
    /// From here on nothing was analysed: a statement is too large, or too much is broken.
    GaveUp(Pos),
}

/// What ends a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Delimiter {
    Semicolon,
    /// `DELIMITER //`.
    Custom(Vec<u8>),
    /// Only a mark or the end of the file.
    Mark,
}

/// What reading takes, used again for the next stream: of many small files, making room would
/// take longer than reading.
#[derive(Debug, Default)]
pub struct Room {
    buffer: Vec<u8>,
    tokens: Vec<Token>,
}

/// Reads statements from a stream.
#[derive(Debug)]
pub struct Statements<R> {
    reader: R,
    lexer: Lexer,
    buffer: Vec<u8>,
    /// `buffer[begin..filled]` is at hand; `begin` is where the statement begins.
    begin: usize,
    filled: usize,
    complete: bool,
    /// Where `placed` stands in the file; it is not behind `begin`, and is counted when somebody
    /// asks for a place.
    pos: Pos,
    placed: usize,
    /// How much of what is at hand was handed out.
    consumed: usize,
    tokens: Vec<Token>,
    routine: Routine,
    delimiter: Delimiter,
    /// The data of a `COPY` comes next.
    copy: bool,
    recoveries: u32,
    queue: VecDeque<Event>,
    /// What was said within the statement, to be told before it.
    said: Vec<Event>,
    ended: bool,
}

impl<R: Read> Statements<R> {
    /// Reads statements of a dialect.
    #[must_use]
    pub fn new(reader: R, dialect: Dialect) -> Self {
        Self::within(Room::default(), reader, dialect)
    }

    /// The same in a room that is there.
    #[must_use]
    pub fn within(room: Room, reader: R, dialect: Dialect) -> Self {
        let Room { buffer, mut tokens } = room;
        tokens.clear();
        Self {
            reader,
            lexer: Lexer::new(dialect),
            buffer,
            begin: 0,
            filled: 0,
            complete: false,
            pos: Pos::START,
            placed: 0,
            consumed: 0,
            tokens,
            routine: Routine::Unknown,
            delimiter: Delimiter::Semicolon,
            copy: false,
            recoveries: 0,
            queue: VecDeque::new(),
            said: Vec::new(),
            ended: false,
        }
    }

    /// The room, for another stream.
    #[must_use]
    pub fn leave(self) -> Room {
        Room { buffer: self.buffer, tokens: self.tokens }
    }

    /// The statement that the last [`Event::Statement`] is about.
    #[must_use]
    pub fn current(&self) -> Source<'_> {
        let end = self.tokens.last().map_or(0, |token| token.end as usize);
        let text = self.at_hand().get(..end).unwrap_or_default();
        let place = Place { known: self.pos, between: &self.buffer[self.placed..self.begin] };
        Source { text, tokens: &self.tokens, place }
    }

    /// What comes next; nothing at the end of the file.
    ///
    /// # Errors
    /// When the stream cannot be read.
    pub fn advance(&mut self) -> io::Result<Option<Event>> {
        if let Some(event) = self.queue.pop_front() {
            return Ok(Some(event));
        }
        self.forget();
        if self.copy {
            self.copy = false;
            let from = self.place();
            match self.skip_copied()? {
                Copied { ended: false, .. } => return Ok(Some(Event::EndlessCopy(from))),
                Copied { alone: false, .. } => return Ok(Some(Event::BehindCopy(from))),
                Copied { .. } => {}
            }
        }
        let mut at = 0;
        while !self.ended && self.queue.is_empty() {
            at = self.step(at)?;
        }
        Ok(self.queue.pop_front())
    }

    fn at_hand(&self) -> &[u8] {
        self.buffer.get(self.begin..self.filled).unwrap_or_default()
    }

    /// Passes what only goes on with the statement, which nearly everything does.
    fn pass_plain(&mut self, mut at: usize) -> usize {
        let plain = self.routine == Routine::No
            && self.delimiter == Delimiter::Semicolon
            && !self.tokens.is_empty();
        if !plain {
            return at;
        }
        let text = self.buffer.get(self.begin..self.filled).unwrap_or_default();
        while let Some(first) = text.get(at) {
            let (kind, end) = match (plain_word(text, at), first) {
                (Some(end), _) => (TokenKind::Word, end),
                (None, b' ' | b'\n') => {
                    at += 1;
                    continue;
                }
                (None, b';') => break,
                // Whatever follows, these are tokens of their own.
                (None, b'(' | b')' | b',') if at + 1 < text.len() => {
                    (TokenKind::Sign(*first), at + 1)
                }
                (None, _) => match self.lexer.next(text, at, self.complete) {
                    Lexed::Space { end } => {
                        at = end;
                        continue;
                    }
                    Lexed::Token { kind, end }
                        if !matches!(kind, TokenKind::Sign(b'\\') | TokenKind::Junk) =>
                    {
                        (kind, end)
                    }
                    _ => break,
                },
            };
            if end > MAX_STATEMENT {
                break;
            }
            self.tokens.push(Token::new(kind, text, at, end));
            // Behind most of them is a space.
            at = end + usize::from(text.get(end) == Some(&b' '));
        }
        at
    }

    /// Looks at what is at `at`, and returns where to look next.
    fn step(&mut self, at: usize) -> io::Result<usize> {
        let at = self.pass_plain(at);
        if self.ends_here(at) {
            let Delimiter::Custom(sign) = &self.delimiter else { return Ok(at) };
            let end = at + sign.len();
            return Ok(self.finish(end));
        }
        if self.may_end_here(at) {
            return self.more(at);
        }
        // What most statements end with, and what stands between them.
        match self.at_hand().get(at) {
            Some(b';') => return self.token(TokenKind::Sign(b';'), at, at + 1),
            Some(b' ' | b'\n') => return Ok(self.pass(at + 1)),
            _ => {}
        }
        match self.lexer.next(self.at_hand(), at, self.complete) {
            Lexed::More => self.more(at),
            Lexed::Space { end } => Ok(self.pass(end)),
            Lexed::Comment { end } => Ok(self.comment(at, end)),
            Lexed::Token { kind, end } => self.token(kind, at, end),
            Lexed::Unterminated(problem) => Ok(self.recover(problem, at)),
            Lexed::End => {
                self.ended = true;
                Ok(self.finish(at))
            }
        }
    }

    fn ends_here(&self, at: usize) -> bool {
        match &self.delimiter {
            Delimiter::Custom(sign) => {
                self.at_hand()[at.min(self.at_hand().len())..].starts_with(sign)
            }
            Delimiter::Semicolon | Delimiter::Mark => false,
        }
    }

    /// Whether an end sign begins here of which only a part was read.
    fn may_end_here(&self, at: usize) -> bool {
        let Delimiter::Custom(sign) = &self.delimiter else { return false };
        let rest = self.at_hand().get(at..).unwrap_or_default();
        !self.complete && rest.len() < sign.len() && sign.starts_with(rest)
    }

    /// What is before the first token is of no statement.
    fn pass(&mut self, end: usize) -> usize {
        if self.tokens.is_empty() {
            self.consumed = end;
            self.forget();
            return 0;
        }
        end
    }

    fn comment(&mut self, at: usize, end: usize) -> usize {
        let comment = &self.at_hand()[at..end];
        let runs = comment.starts_with(b"/*!") || comment.starts_with(b"/*M!");
        if runs && self.lexer.dialect() != Dialect::Mysql {
            let event = Event::OfMysql(self.place_of(at));
            self.queue_said(event);
            return self.pass(end);
        }
        let Some(directive) = Directive::read(comment) else {
            return self.pass(end);
        };
        let pos = self.place_of(at);
        // The tools look at the beginnings of lines.
        if matches!(directive, Directive::Mark(Mark::Down(_))) && pos.column > 1 {
            return self.pass(end);
        }
        let Directive::Mark(mark) = directive else {
            self.queue_said(Event::Directive(directive, pos));
            return self.pass(end);
        };
        if mark == Mark::NoTransaction {
            self.queue_said(Event::Directive(Directive::Mark(mark), pos));
            return self.pass(end);
        }
        self.queue_statement();
        match mark {
            Mark::StatementBegin | Mark::Changeset { splits: false, .. } => {
                self.delimiter = Delimiter::Mark;
            }
            Mark::StatementEnd
            | Mark::Up(_)
            | Mark::Down(_)
            | Mark::Changeset { splits: true, .. } => {
                self.delimiter = Delimiter::Semicolon;
            }
            Mark::Breakpoint | Mark::NoTransaction => {}
        }
        self.queue.push_back(Event::Directive(Directive::Mark(mark), pos));
        self.consumed = end;
        end
    }

    /// What is said within a statement is about it, and is told before it.
    fn queue_said(&mut self, event: Event) {
        if self.tokens.is_empty() {
            // Told at once: nothing of a statement is at hand that could be forgotten.
            self.queue.push_back(event);
        } else {
            self.said.push(event);
        }
    }

    fn token(&mut self, kind: TokenKind, at: usize, end: usize) -> io::Result<usize> {
        match kind {
            TokenKind::Junk => {
                // Told with its statement, also where it begins it: there is one in any case.
                let event = Event::ReadOtherwise(self.place_of(at));
                self.said.push(event);
            }
            TokenKind::Sign(b';') if self.semicolon_ends() => return Ok(self.finish(end)),
            TokenKind::Sign(b'\\') if self.lexer.dialect() != Dialect::Sqlite => {
                return match self.at_hand().get(end) {
                    None if !self.complete => self.more(at),
                    // psql sends what is before it together with what follows.
                    Some(b';') => Ok(self.finish(end + 1)),
                    _ => self.command(at),
                };
            }
            TokenKind::Word if self.tokens.is_empty() && self.is_delimiter_command(at, end) => {
                return self.set_delimiter(at, end);
            }
            _ => {}
        }
        if end > MAX_STATEMENT {
            self.give_up();
            return Ok(end);
        }
        let token = Token::new(kind, self.at_hand(), at, end);
        self.track(token);
        self.tokens.push(token);
        Ok(end)
    }

    fn semicolon_ends(&self) -> bool {
        self.delimiter == Delimiter::Semicolon && !self.routine.keeps_semicolons()
    }

    /// Follows blocks and parentheses in which a semicolon does not end the statement.
    fn track(&mut self, token: Token) {
        let word = self.word(token);
        let Some(last) = self.tokens.last() else {
            let creates = token.letter == b'c' && word.eq_ignore_ascii_case(b"create");
            self.routine = if creates { Routine::Unknown } else { Routine::No };
            return;
        };
        self.routine = self.routine.after(&Met {
            kind: token.kind,
            word,
            last: self.word(*last),
            count: self.tokens.len(),
            dialect: self.lexer.dialect(),
        });
    }

    fn word(&self, token: Token) -> &[u8] {
        token.bytes(self.at_hand())
    }

    /// Ends the statement; `end` is behind its end sign.
    fn finish(&mut self, end: usize) -> usize {
        self.queue_statement();
        self.consumed = end;
        if self.queue.is_empty() {
            self.forget();
            return 0;
        }
        end
    }

    fn queue_statement(&mut self) {
        if !self.said.is_empty() {
            self.queue.extend(self.said.drain(..));
        }
        if self.tokens.is_empty() {
            return;
        }
        self.learn();
        self.queue.push_back(Event::Statement);
    }

    /// What the statement changes in how what follows is read.
    fn learn(&mut self) {
        if self.lexer.dialect() != Dialect::Postgres {
            return;
        }
        // Nearly every statement ends here.
        if !matches!(self.tokens[0].letter, b's' | b'c') {
            return;
        }
        let word = |at: usize| self.tokens.get(at).map_or(&b""[..], |token| self.word(*token));
        let is = |at: usize, name: &str| word(at).eq_ignore_ascii_case(name.as_bytes());
        if is(0, "set") {
            let of = usize::from(is(1, "session") || is(1, "local")) + 1;
            if is(of, "standard_conforming_strings") {
                let value = word(of + 2).trim_ascii_start();
                let value = String::from_utf8_lossy(value).trim_matches('\'').to_ascii_lowercase();
                let off = matches!(value.as_str(), "off" | "false" | "0" | "no");
                self.lexer.set_escapes(off);
            }
        } else if is(0, "copy") {
            self.copy = self.copies_from_stdin();
        }
    }

    /// Where the line ends, if that is known.
    fn line_from(&self, at: usize) -> Option<usize> {
        let rest = self.at_hand().get(at..)?;
        let end = memchr::memchr(b'\n', rest).map(|found| at + found);
        end.or_else(|| self.complete.then(|| at + rest.len()))
    }

    /// Goes on behind the line in which something begins that never ends.
    fn recover(&mut self, problem: Problem, at: usize) -> usize {
        let pos = self.place_of(at);
        self.queue_statement();
        self.queue.push_back(Event::Broken(problem, pos));
        self.recoveries += 1;
        if self.recoveries > MAX_RECOVERIES {
            self.give_up();
            return at;
        }
        let line = self.line_from(at).unwrap_or(at);
        self.consumed = line;
        line
    }

    fn give_up(&mut self) {
        let pos = self.place();
        self.queue.push_back(Event::GaveUp(pos));
        self.ended = true;
    }

    fn more(&mut self, at: usize) -> io::Result<usize> {
        if self.filled - self.begin > MAX_STATEMENT {
            self.give_up();
            return Ok(at);
        }
        self.fill()?;
        Ok(at)
    }

    /// Reads on: as much again as is at hand, so that no byte is moved more than twice.
    fn fill(&mut self) -> io::Result<()> {
        if self.begin > 0 {
            self.place();
            self.placed = 0;
            self.buffer.copy_within(self.begin..self.filled, 0);
            self.filled -= self.begin;
            self.begin = 0;
        }
        let chunk = if self.buffer.is_empty() { FIRST } else { CHUNK };
        let wanted = self.filled + self.filled.max(chunk);
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        loop {
            match self.reader.read(&mut self.buffer[self.filled..]) {
                Ok(0) => self.complete = true,
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            return Ok(());
        }
    }

    /// Forgets what was handed out.
    fn forget(&mut self) {
        let consumed = std::mem::take(&mut self.consumed);
        self.tokens.clear();
        // A byte order mark takes no place.
        let is_mark = self.at_hand()[..consumed] == *BYTE_ORDER_MARK;
        if is_mark {
            self.place();
        }
        self.begin += consumed;
        if is_mark {
            self.placed = self.begin;
        } else if self.begin - self.placed > UNPLACED {
            self.place();
        }
    }

    /// Where what is at hand begins in the file.
    fn place(&mut self) -> Pos {
        self.pos = after(self.pos, &self.buffer[self.placed..self.begin]);
        self.placed = self.begin;
        self.pos
    }

    /// Where a byte of it stands.
    fn place_of(&mut self, at: usize) -> Pos {
        after(self.place(), &self.at_hand()[..at])
    }
}

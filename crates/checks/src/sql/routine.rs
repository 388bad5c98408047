//! Where a semicolon ends no statement: in what `CREATE FUNCTION`, `TRIGGER`, `RULE`, … make.

use super::dialect::Dialect;
use super::token::{Token, TokenKind};

/// What an open `CREATE` has of blocks with semicolons of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Routine {
    /// What is created has not been said yet.
    Unknown,
    /// It has none.
    No,
    /// A `CREATE RULE`, whose commands stand in parentheses; as many are open.
    Rule(u32),
    /// A routine; as many of its blocks are open.
    Open(u32),
    /// What it is called with; as many parentheses are open.
    Arguments(u32),
}

/// What has a body.
const ROUTINES: [&[u8]; 4] = [b"function", b"procedure", b"trigger", b"event"];

fn is_any(word: &[u8], names: &[&[u8]]) -> bool {
    names.iter().any(|name| word.eq_ignore_ascii_case(name))
}

/// Where a semicolon ends a statement within these tokens, and another follows: a tool's marks or
/// a delimiter have made one of them.
pub(crate) fn end_within(text: &[u8], tokens: &[Token], dialect: Dialect) -> Option<usize> {
    let is_semicolon = |token: &Token| token.kind == TokenKind::Sign(b';');
    let last = tokens.iter().rposition(|token| !is_semicolon(token))?;
    let begin = tokens.iter().position(|token| !is_semicolon(token))?;
    if !tokens[begin..last].iter().any(is_semicolon) {
        return None;
    }
    let word = |at: usize| tokens[at].bytes(text);
    // Its body has semicolons, and does not always tell where it ends.
    let is_routine = || (begin..last.min(begin + 24)).any(|at| is_any(word(at), &ROUTINES));
    let has_block = || (begin..last).any(|at| word(at).eq_ignore_ascii_case(b"begin"));
    if dialect != Dialect::Postgres
        && is_any(word(begin), &[b"create", b"alter"])
        && is_routine()
        && !has_block()
    {
        return None;
    }
    let creates = word(begin).eq_ignore_ascii_case(b"create");
    let mut routine = if creates { Routine::Unknown } else { Routine::No };
    let mut opened = false;
    for (at, token) in tokens.iter().enumerate().take(last).skip(begin + 1) {
        // What has no block around it ends nowhere that can be seen.
        let ends = !routine.keeps_semicolons() && (opened || !in_words(routine, dialect));
        if is_semicolon(token) && ends {
            return Some(at);
        }
        let (kind, count) = (token.kind, at - begin);
        routine = routine.after(&Met { kind, word: word(at), last: word(at - 1), count, dialect });
        opened |= matches!(routine, Routine::Open(1..));
    }
    None
}

/// Whether a routine's body is words of the statement, not a string.
fn in_words(routine: Routine, dialect: Dialect) -> bool {
    dialect != Dialect::Postgres && matches!(routine, Routine::Open(_) | Routine::Arguments(_))
}

/// A token of a statement that has begun.
pub(super) struct Met<'t> {
    pub(super) kind: TokenKind,
    pub(super) word: &'t [u8],
    /// The one before it.
    pub(super) last: &'t [u8],
    /// As many are before it.
    pub(super) count: usize,
    pub(super) dialect: Dialect,
}

impl Routine {
    /// Whether a semicolon belongs to the statement here.
    pub(super) fn keeps_semicolons(self) -> bool {
        matches!(self, Self::Rule(1..) | Self::Open(1..))
    }

    /// What it is behind a token.
    pub(super) fn after(self, met: &Met<'_>) -> Self {
        match (self, met.kind) {
            (Self::Rule(open), TokenKind::Sign(b'(')) => Self::Rule(open + 1),
            (Self::Rule(open), TokenKind::Sign(b')')) => Self::Rule(open.saturating_sub(1)),
            (Self::Unknown, TokenKind::Word) => Self::of(met),
            (Self::Unknown, TokenKind::Sign(b'(')) => Self::No,
            (Self::Open(0), TokenKind::Sign(b'(')) => Self::Arguments(1),
            (Self::Arguments(open), TokenKind::Sign(b'(')) => Self::Arguments(open + 1),
            (Self::Arguments(1), TokenKind::Sign(b')')) => Self::Open(0),
            (Self::Arguments(open), TokenKind::Sign(b')')) => Self::Arguments(open - 1),
            (Self::Open(depth), TokenKind::Word) => Self::Open(depth_after(depth, met)),
            _ => self,
        }
    }

    fn of(met: &Met<'_>) -> Self {
        const OTHERS: [&[u8]; 4] = [b"table", b"index", b"view", b"type"];
        let is = |names: &[&[u8]]| is_any(met.word, names);
        if is(&ROUTINES) {
            Self::Open(0)
        } else if is(&[b"rule"]) {
            Self::Rule(0)
        } else if is(&OTHERS) || met.count > 12 {
            Self::No
        } else {
            Self::Unknown
        }
    }
}

/// Whether what stands behind a token is a value: `SET begin = NEW.begin`.
fn is_operand(last: &[u8]) -> bool {
    const BEFORE: [&[u8]; 9] =
        [b"set", b"select", b"where", b"and", b"or", b"by", b"on", b"as", b"not"];
    let sign = matches!(last, [first, ..] if first.is_ascii_punctuation());
    (sign && !matches!(last, [b';' | b')' | b':' | b'\'' | b'"' | b'`', ..]))
        || is_any(last, &BEFORE)
}

fn depth_after(depth: u32, met: &Met<'_>) -> u32 {
    let is = |name: &[u8]| met.word.eq_ignore_ascii_case(name);
    let follows = |name: &[u8]| met.last.eq_ignore_ascii_case(name);
    if is(b"end") {
        return depth.saturating_sub(1);
    }
    // `END IF` closes what was not counted, `END CASE` what was.
    if follows(b"end") {
        let uncounted = [&b"if"[..], b"loop", b"while", b"repeat"].iter().any(|name| is(name));
        return if uncounted { depth + 1 } else { depth };
    }
    let begins = match met.dialect {
        Dialect::Postgres => is(b"atomic") && follows(b"begin"),
        Dialect::Mysql => is(b"begin") && !is_operand(met.last),
        // The body of a trigger is one block; within it, that is a column's name.
        Dialect::Sqlite => is(b"begin") && depth == 0,
    };
    if begins || (is(b"case") && depth > 0) { depth + 1 } else { depth }
}

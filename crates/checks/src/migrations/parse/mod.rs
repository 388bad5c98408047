//! Recognises what statements do.
//!
//! This is no grammar of SQL: it knows the forms that matter, passes over the ones that do not,
//! and says so of everything else. After something that is not understood it goes on, so that
//! nothing hides behind a mistake.

mod alter;
mod body;
mod column;
mod create;
mod cursor;
mod data;
mod drop;
mod expression;
mod maintain;
mod mysql;
mod table;

use crate::sql::{Dialect, Token, TokenKind, end_within};

use super::statement::{Action, What};
pub use body::statements_of_body;
use cursor::Cursor;

/// Recognises a statement, and hands on what it does, part by part.
pub fn parse<'a>(
    text: &'a [u8],
    tokens: &'a [Token],
    dialect: Dialect,
    mut take: impl FnMut(Action<'a>),
) {
    let mut rest = Cursor::new(text, tokens, dialect);
    while let Some(end) = end_within(text, rest.tokens, dialect) {
        let (first, others) = rest.tokens.split_at(end);
        undivided(rest.along(first), &mut take);
        rest = rest.along(others);
    }
    undivided(rest, &mut take);
}

/// The same of what no semicolon divides.
fn undivided<'a>(mut rest: Cursor<'a>, take: &mut dyn FnMut(Action<'a>)) {
    const END: TokenKind = TokenKind::Sign(b';');
    while let [tokens @ .., Token { kind: END, .. }] | [Token { kind: END, .. }, tokens @ ..] =
        rest.tokens
    {
        rest.tokens = tokens;
    }
    // A word that only begins statements, in the middle of one: a semicolon is missing.
    while let Some(at) = second_statement(&rest) {
        let (first, second) = rest.tokens.split_at(at);
        one(&rest.along(first), take);
        let why = "two statements without a semicolon between them";
        rest = rest.along(second);
        Out::new(take, &rest).add(What::Unrecognised { why });
    }
    one(&rest, take);
}

/// Says what the statement that begins at the cursor does.
fn one<'a>(cursor: &Cursor<'a>, take: &mut dyn FnMut(Action<'a>)) {
    let mut c = *cursor;
    while c.eat_sign(b';') {}
    if c.done() {
        return;
    }
    let mut out = Out::new(take, &c);
    statement_at(&mut c, &mut out);
}

/// Hands on what a statement does, part by part.
struct Out<'l, 'a> {
    take: &'l mut dyn FnMut(Action<'a>),
    /// Where the statement begins in its text, and where it ends.
    extent: (usize, usize),
    /// As much was handed on.
    count: usize,
}

impl<'l, 'a> Out<'l, 'a> {
    /// For the statement that is left at a cursor.
    fn new(take: &'l mut dyn FnMut(Action<'a>), cursor: &Cursor<'_>) -> Self {
        Self { take, extent: cursor.extent(), count: 0 }
    }

    /// The statement does this.
    fn add(&mut self, what: What<'a>) {
        let (start, end) = self.extent;
        self.count += 1;
        (self.take)(Action { what, start, end });
    }

    /// What is left at a cursor does this.
    fn add_at(&mut self, cursor: &Cursor<'_>, what: What<'a>) {
        let (start, end) = cursor.extent();
        self.count += 1;
        (self.take)(Action { what, start, end });
    }
}

const HARMLESS: &[&str] = &[
    "show",
    "analyze",
    "analyse",
    "comment",
    "notify",
    "listen",
    "unlisten",
    "discard",
    "use",
    "pragma",
    "fetch",
    "move",
    "close",
    "deallocate",
    "security",
    "savepoint",
    "release",
    "checkpoint",
    "describe",
    "desc",
    "import",
    "reassign",
    "unlock",
    "flush",
    "raise",
    "return",
    "null",
    "go",
    "grant",
];

fn statement_at<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    let mut first = [0; LONGEST];
    let first = lower(c.bytes_at(c.at), &mut first);
    if c.peek().is_some_and(|token| token.kind != TokenKind::Word) {
        return if c.is_sign(b'(') {
            data::query(c, out)
        } else {
            out.add(What::Unrecognised { why: "no statement begins so" })
        };
    }
    match first {
        b"alter" => alter::alter(c, out),
        b"create" => create::create(c, out),
        b"drop" => drop::drop(c, out),
        b"truncate" => data::truncate(c, out),
        b"delete" => data::delete(c, out),
        b"update" => data::update(c, out),
        b"insert" | b"replace" | b"merge" => data::insert(c, out),
        b"select" | b"values" | b"with" | b"table" | b"declare" => data::query(c, out),
        b"call" | b"perform" => data::query(c, out),
        b"copy" => data::copy(c, out),
        b"load" => data::load(c, out),
        b"do" => body::block(c, out),
        b"execute" => body::execute(c, out),
        b"explain" | b"prepare" => inner(c, out),
        b"reindex" => maintain::reindex(c, out),
        b"vacuum" => maintain::vacuum(c, out),
        b"cluster" => maintain::cluster(c, out),
        b"refresh" => maintain::refresh(c, out),
        b"optimize" | b"repair" => maintain::optimize(c, out),
        b"revoke" => out.add(What::Revoke { words: c.words() }),
        b"lock" => maintain::lock(c, out),
        b"set" | b"reset" => maintain::set(c, out),
        b"begin" | b"start" => out.add(What::Begin),
        b"commit" | b"rollback" | b"end" | b"abort" => maintain::end(c, out),
        b"rename" => mysql::rename(c, out),
        b"attach" | b"detach" if c.dialect == Dialect::Sqlite => out.add(What::Harmless),
        b"handler" | b"signal" | b"resignal" if c.dialect == Dialect::Mysql => {
            out.add(What::Harmless)
        }
        _ if HARMLESS.iter().any(|word| word.as_bytes() == first) => out.add(What::Harmless),
        _ => out.add(What::Unrecognised { why: "not a statement that is known" }),
    }
}

/// No word that begins a statement is longer.
const LONGEST: usize = 16;

/// A word in lower case; nothing of a longer one, which begins no statement.
fn lower<'b>(word: &[u8], buffer: &'b mut [u8; LONGEST]) -> &'b [u8] {
    let Some(lower) = buffer.get_mut(..word.len()) else { return b"" };
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    lower
}

/// `EXPLAIN ANALYZE …` runs what it explains; `PREPARE name AS …` is run later.
fn inner<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    const VERBS: [&str; 10] = [
        "select", "insert", "update", "delete", "with", "merge", "values", "create", "execute",
        "refresh",
    ];
    let mut runs = c.eat("prepare");
    // MySQL: `PREPARE name FROM 'text'`.
    if runs && c.word_at(c.at + 1, "from") {
        c.at += 2;
        return out.add(body::dynamic(c));
    }
    while !c.done() {
        // Among other options, in parentheses or not.
        runs |= c.is_any(&["analyze", "analyse"]);
        if runs && c.is_any(&VERBS) {
            one(&c.along(&c.tokens[c.at..]), out.take);
            return;
        }
        c.at += 1;
    }
    out.add(What::Harmless);
}

/// Where, behind the beginning, a statement begins that cannot be part of another. `TABLE` is a
/// reserved word, so these pairs are never names.
fn second_statement(c: &Cursor<'_>) -> Option<usize> {
    const VERBS: [&str; 4] = ["drop", "alter", "truncate", "create"];
    let begins = |at: usize| VERBS.iter().any(|verb| c.word_at(at, verb));
    let is_like_table = |token: &Token| token.letter == b't' && token.end - token.start == 5;
    let like_table = c.tokens.iter().enumerate().skip(2).filter(|(_, token)| is_like_table(token));
    let tables = like_table.map(|(at, _)| at).filter(|at| c.word_at(*at, "table"));
    let second = tables.map(|at| at - 1).find(|at| begins(*at))?;
    let names_it = c.is_any(&["show", "explain", "create schema", "grant", "revoke", "comment"]);
    (!names_it).then_some(second)
}

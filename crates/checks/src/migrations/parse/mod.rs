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

use crate::sql::{Dialect, Token, TokenKind};

use super::statement::{Action, What};
pub use body::statements_of_body;
use cursor::Cursor;

/// Recognises a statement; what it does, part by part.
#[must_use]
pub fn parse(text: &[u8], tokens: &[Token], dialect: Dialect) -> Vec<Action> {
    let mut actions = Vec::new();
    parse_into(&mut actions, text, tokens, dialect);
    actions
}

/// The same, into a list that serves for many.
pub(super) fn parse_into(
    actions: &mut Vec<Action>,
    text: &[u8],
    tokens: &[Token],
    dialect: Dialect,
) {
    let mut rest = tokens;
    // A word that only begins statements, in the middle of one: a semicolon is missing.
    while let Some(at) = second_statement(&Cursor::new(text, rest, dialect)) {
        let (first, second) = rest.split_at(at);
        one(&Cursor::new(text, first, dialect), actions);
        let why = "two statements without a semicolon between them";
        push(actions, &Cursor::new(text, second, dialect), What::Unrecognised { why });
        rest = second;
    }
    one(&Cursor::new(text, rest, dialect), actions);
}

/// Says what the statement that begins at the cursor does.
fn one(cursor: &Cursor<'_>, actions: &mut Vec<Action>) {
    let mut c = *cursor;
    while c.eat_sign(b';') {}
    if c.done() {
        return;
    }
    let (start, end) = c.extent();
    let whats = statement_at(&mut c, actions);
    actions.extend(whats.into_iter().map(|what| Action { what, start, end }));
}

fn push(actions: &mut Vec<Action>, cursor: &Cursor<'_>, what: What) {
    let (start, end) = cursor.extent();
    actions.push(Action { what, start, end });
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

fn statement_at(c: &mut Cursor<'_>, actions: &mut Vec<Action>) -> Vec<What> {
    let mut first = [0; LONGEST];
    let first = lower(c.bytes_at(c.at), &mut first);
    if c.peek().is_some_and(|token| token.kind != TokenKind::Word) {
        return if c.is_sign(b'(') {
            data::query(c)
        } else {
            unrecognised("no statement begins so")
        };
    }
    match first {
        b"alter" => alter::alter(c, actions),
        b"create" => create::create(c, actions),
        b"drop" => drop::drop(c),
        b"truncate" => data::truncate(c),
        b"delete" => data::delete(c),
        b"update" => data::update(c),
        b"insert" | b"replace" | b"merge" => data::insert(c),
        b"select" | b"values" | b"with" | b"table" | b"declare" => data::query(c),
        b"call" | b"perform" => data::query(c),
        b"copy" => data::copy(c),
        b"load" => data::load(c),
        b"do" => body::block(c),
        b"execute" => body::execute(c),
        b"explain" | b"prepare" => inner(c, actions),
        b"reindex" => maintain::reindex(c),
        b"vacuum" => maintain::vacuum(c),
        b"cluster" => maintain::cluster(c),
        b"refresh" => maintain::refresh(c),
        b"optimize" | b"repair" => maintain::optimize(c),
        b"revoke" => vec![What::Revoke { words: c.words() }],
        b"lock" => maintain::lock(c),
        b"set" | b"reset" => maintain::set(c),
        b"begin" | b"start" => vec![What::Begin],
        b"commit" | b"rollback" | b"end" | b"abort" => maintain::end(c),
        b"rename" => mysql::rename(c),
        b"attach" | b"detach" if c.dialect == Dialect::Sqlite => vec![What::Harmless],
        b"handler" | b"signal" | b"resignal" if c.dialect == Dialect::Mysql => vec![What::Harmless],
        _ if HARMLESS.iter().any(|word| word.as_bytes() == first) => vec![What::Harmless],
        _ => unrecognised("not a statement that is known"),
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

fn unrecognised(why: &'static str) -> Vec<What> {
    vec![What::Unrecognised { why }]
}

/// `EXPLAIN ANALYZE …` runs what it explains; `PREPARE name AS …` is run later.
fn inner(c: &mut Cursor<'_>, actions: &mut Vec<Action>) -> Vec<What> {
    let runs = c.eat("prepare");
    while !c.done() {
        let begins = c.is_any(&["select", "insert", "update", "delete", "with", "merge", "values"]);
        if begins
            && (runs
                || c.word_at(c.at.saturating_sub(1), "analyze")
                || c.sign_at(c.at.saturating_sub(1), b')'))
        {
            one(&Cursor { tokens: &c.tokens[c.at..], at: 0, ..*c }, actions);
            return Vec::new();
        }
        c.at += 1;
    }
    vec![What::Harmless]
}

/// Where, behind the beginning, a statement begins that cannot be part of another. `TABLE` is a
/// reserved word, so these pairs are never names.
fn second_statement(c: &Cursor<'_>) -> Option<usize> {
    let begins =
        |at: usize| ["drop", "alter", "truncate", "create"].iter().any(|verb| c.word_at(at, verb));
    let tables = (2..c.tokens.len()).filter(|at| c.word_at(*at, "table"));
    let second = tables.map(|at| at - 1).find(|at| begins(*at))?;
    let names_it = c.is_any(&["show", "explain", "create schema", "grant", "revoke", "comment"]);
    (!names_it).then_some(second)
}

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
    let mut rest = tokens;
    // A word that only begins statements, in the middle of one: a semicolon is missing.
    while let Some(at) = second_statement(&Cursor::new(text, rest, dialect)) {
        let (first, second) = rest.split_at(at);
        one(&Cursor::new(text, first, dialect), &mut actions);
        let why = "two statements without a semicolon between them";
        push(&mut actions, &Cursor::new(text, second, dialect), What::Unrecognised { why });
        rest = second;
    }
    one(&Cursor::new(text, rest, dialect), &mut actions);
    actions
}

/// Says what the statement that begins at the cursor does.
fn one(cursor: &Cursor<'_>, actions: &mut Vec<Action>) {
    let mut c = *cursor;
    while c.eat_sign(b';') {}
    if c.done() {
        return;
    }
    let statement = c;
    let whats = statement_at(&mut c, actions);
    for what in whats {
        push(actions, &statement, what);
    }
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
        "alter" => alter::alter(c, actions),
        "create" => create::create(c, actions),
        "drop" => drop::drop(c),
        "truncate" => data::truncate(c),
        "delete" => data::delete(c),
        "update" => data::update(c),
        "insert" | "replace" | "merge" => data::insert(c),
        "select" | "values" | "with" | "table" | "declare" => data::query(c),
        "call" | "perform" => data::query(c),
        "copy" => data::copy(c),
        "load" => data::load(c),
        "do" => body::block(c),
        "execute" => body::execute(c),
        "explain" | "prepare" => inner(c, actions),
        "reindex" => maintain::reindex(c),
        "vacuum" => maintain::vacuum(c),
        "cluster" => maintain::cluster(c),
        "refresh" => maintain::refresh(c),
        "optimize" | "repair" => maintain::optimize(c),
        "revoke" => vec![What::Revoke { words: c.words() }],
        "lock" => maintain::lock(c),
        "set" | "reset" => maintain::set(c),
        "begin" | "start" => vec![What::Begin],
        "commit" | "rollback" | "end" | "abort" => maintain::end(c),
        "rename" => mysql::rename(c),
        "attach" | "detach" if c.dialect == Dialect::Sqlite => vec![What::Harmless],
        "handler" | "signal" | "resignal" if c.dialect == Dialect::Mysql => vec![What::Harmless],
        _ if HARMLESS.contains(&first) => vec![What::Harmless],
        _ => unrecognised("not a statement that is known"),
    }
}

/// No word that begins a statement is longer.
const LONGEST: usize = 16;

/// A word in lower case; nothing of a longer one, which begins no statement.
fn lower<'b>(word: &[u8], buffer: &'b mut [u8; LONGEST]) -> &'b str {
    let Some(lower) = buffer.get_mut(..word.len()) else { return "" };
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    std::str::from_utf8(lower).unwrap_or("")
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
    let tables = (2..c.tokens.len()).filter(|at| {
        let token = &c.tokens[*at];
        token.end - token.start == 5 && c.word_at(*at, "table")
    });
    let second = tables.map(|at| at - 1).find(|at| begins(*at))?;
    let names_it = c.is_any(&["show", "explain", "create schema", "grant", "revoke", "comment"]);
    (!names_it).then_some(second)
}

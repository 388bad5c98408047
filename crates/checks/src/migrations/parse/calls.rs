//! The functions that a statement calls.

use std::collections::HashSet;

use super::cursor::Cursor;
use crate::migrations::statement::Text;
use crate::sql::{Dialect, Token, TokenKind};

/// Whether a statement runs the functions that it names: one that defines, drops or describes
/// them does not.
pub(in crate::migrations) fn runs_what_it_names(
    text: &[u8],
    tokens: &[Token],
    dialect: Dialect,
) -> bool {
    let mut c = Cursor::new(text, tokens, dialect);
    match () {
        () if c.is_any(&["comment", "grant", "revoke", "security", "drop"]) => false,
        () if c.eat("alter") => !c.is_any(&["function", "procedure", "routine", "aggregate"]),
        () if c.eat("create") => {
            c.eat("or replace");
            c.eat_any(&["temporary", "temp", "recursive", "constraint"]);
            let made = ["function", "procedure", "trigger", "rule", "policy"];
            let defined = c.is("definer") && c.has_any(&made);
            !defined && !c.is_any(&made)
        }
        () => true,
    }
}

/// The names of functions that a text calls, or that become a part of what it makes
/// (`CREATE AGGREGATE … (SFUNC = f)`).
pub(in crate::migrations) fn calls_of<'a>(
    text: &'a [u8],
    tokens: &'a [Token],
    dialect: Dialect,
) -> Vec<Text<'a>> {
    let c = Cursor::new(text, tokens, dialect);
    let mut functions = calls(&c);
    // `row.function` calls it with the row.
    let attributes = (1..tokens.len()).filter(|at| c.sign_at(at - 1, b'.'));
    functions.extend(attributes.filter_map(|at| (Cursor { at, ..c }).part()));
    if c.is_any(&["create aggregate", "create operator", "create or replace aggregate"]) {
        let named = (1..tokens.len()).filter(|at| c.sign_at(at - 1, b'='));
        functions.extend(named.filter_map(|at| Some((Cursor { at, ..c }).name()?.name)));
    }
    functions
}

/// The functions that a statement calls, and whatever else stands before parentheses as they do.
pub(super) fn calls<'a>(c: &Cursor<'a>) -> Vec<Text<'a>> {
    let mut functions = Functions::default();
    let (with, mut open) = (c.is("with"), 0_usize);
    for at in c.at..c.tokens.len() {
        match c.tokens[at].kind {
            TokenKind::Sign(b'(') => open += 1,
            TokenKind::Sign(b')') => open = open.saturating_sub(1),
            TokenKind::Word | TokenKind::Quoted if c.sign_at(at + 1, b'(') => {
                let part = with && open == 0 && names_part(c, at);
                if !part && !lists_columns(c, at) {
                    functions.add(name_at(c, at));
                }
            }
            _ => {}
        }
    }
    functions.all
}

/// Each once, in the order in which they are first called.
#[derive(Default)]
struct Functions<'a> {
    all: Vec<Text<'a>>,
    /// The same, once they are many.
    seen: HashSet<Text<'a>>,
}

impl<'a> Functions<'a> {
    fn add(&mut self, name: Text<'a>) {
        const FEW: usize = 16;
        if self.all.len() < FEW {
            if !self.all.contains(&name) {
                self.all.push(name);
            }
            return;
        }
        if self.seen.is_empty() {
            self.seen.extend(self.all.iter().cloned());
        }
        if self.seen.insert(name.clone()) {
            self.all.push(name);
        }
    }
}

/// The name of a function, with its schema where that is not the database's own.
fn name_at<'a>(c: &Cursor<'a>, at: usize) -> Text<'a> {
    let name = Cursor { at, ..*c }.part().unwrap_or_default();
    let schema = (at >= c.at + 2 && c.sign_at(at - 1, b'.'))
        .then(|| Cursor { at: at - 2, ..*c }.part())
        .flatten();
    match schema {
        Some(schema) if schema != "pg_catalog" => Text::Owned(format!("{schema}.{name}")),
        _ => name,
    }
}

/// Whether what stands in the parentheses behind a name are its columns: `AS t (a, b)`.
fn lists_columns(c: &Cursor<'_>, at: usize) -> bool {
    let Some(before) = at.checked_sub(1).filter(|before| *before >= c.at) else { return false };
    c.word_at(before, "as") || (c.sign_at(before, b')') && !closes_on(c, before))
}

/// Whether a parenthesis closes `DISTINCT ON (…)`: what follows is the first of what is selected.
fn closes_on(c: &Cursor<'_>, close: usize) -> bool {
    let mut open = 0_usize;
    for at in (c.at..=close).rev() {
        match c.tokens[at].kind {
            TokenKind::Sign(b')') => open += 1,
            TokenKind::Sign(b'(') if open == 1 => return at > c.at && c.word_at(at - 1, "on"),
            TokenKind::Sign(b'(') => open -= 1,
            _ => {}
        }
    }
    false
}

/// Whether a name is of a part: `WITH a (x) AS (…), b (y) AS (…)`.
fn names_part(c: &Cursor<'_>, at: usize) -> bool {
    let Some(before) = at.checked_sub(1).filter(|before| *before >= c.at) else { return false };
    let mut behind = Cursor { at: at + 1, ..*c };
    let begins = ["with", "recursive"].iter().any(|word| c.word_at(before, word));
    begins
        || c.sign_at(before, b',') && behind.group().is_some() && {
            behind.eat("as");
            behind.eat_any(&["not materialized", "materialized"]);
            behind.is_sign(b'(')
        }
}

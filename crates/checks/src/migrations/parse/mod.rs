//! Recognises what statements do.
//!
//! This is no grammar of SQL: it knows the forms that matter, passes over the ones that do not,
//! and says so of everything else. After something that is not understood it goes on, so that
//! nothing hides behind a mistake.

mod alter;
mod body;
mod calls;
mod column;
mod create;
mod cursor;
mod data;
mod drop;
mod dynamic;
mod expression;
mod maintain;
mod mysql;
mod scope;
mod second;
mod table;

use crate::sql::{Dialect, Token, TokenKind, end_within};

use super::statement::{Action, What};
pub use body::statements_of_body;
pub(super) use calls::{calls_of, runs_what_it_names};
use cursor::Cursor;

/// Recognises a statement, and hands on what it does, part by part.
pub fn parse<'a>(
    text: &'a [u8],
    tokens: &'a [Token],
    dialect: Dialect,
    mut take: impl FnMut(Action<'a>),
) {
    let mut rest = Cursor::new(text, tokens, dialect);
    if is_too_deep(tokens) {
        return Out::new(&mut take, &rest).add(What::Unrecognised { why: TOO_DEEP });
    }
    // Nearly always.
    if memchr::memchr2(b';', b'{', text).is_none() {
        return undivided(rest, &mut take);
    }
    if tokens.iter().any(|token| token.kind == TokenKind::Sign(b'{')) {
        let why = "braces are no SQL: what a template puts there is not known";
        Out::new(&mut take, &rest).add(What::Unrecognised { why });
    }
    while let Some(end) = end_within(text, rest.tokens, dialect) {
        let (first, others) = rest.tokens.split_at(end);
        undivided(rest.along(first), &mut take);
        rest = rest.along(others);
    }
    undivided(rest, &mut take);
}

/// Parentheses may be open within each other so many times: what is in them is looked at from each.
const MAX_DEPTH: usize = 100;
/// Why what is deeper is not recognised.
const TOO_DEEP: &str = "more than 100 parentheses are open within each other";

fn is_too_deep(tokens: &[Token]) -> bool {
    // Nearly always.
    if tokens.len() <= MAX_DEPTH {
        return false;
    }
    let mut open = 0_usize;
    tokens.iter().any(|token| {
        match token.kind {
            TokenKind::Sign(b'(') => open += 1,
            TokenKind::Sign(b')') => open = open.saturating_sub(1),
            _ => {}
        }
        open > MAX_DEPTH
    })
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
    while let Some(at) = second::statement(&rest) {
        let (first, second) = rest.tokens.split_at(at);
        one(&rest.along(first), take);
        let why = "two statements without a semicolon between them";
        rest = rest.along(second);
        // It may be one of many: its beginning says which.
        let beginning = rest.along(&second[..second.len().min(8)]);
        Out::new(take, &beginning).add(What::Unrecognised { why });
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
        b"select" | b"values" | b"with" | b"table" | b"declare" | b"perform" => data::query(c, out),
        b"call" => data::call(c, out),
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
        b"reset" | b"purge" if c.dialect == Dialect::Mysql => mysql::reset(c, out),
        b"set" | b"reset" => maintain::set(c, out),
        b"flush" if c.dialect == Dialect::Mysql => mysql::flush(c, out),
        b"kill" if c.dialect == Dialect::Mysql => {
            out.add(What::ChangesServer { how: "ends what another connection does" })
        }
        b"begin" if c.dialect == Dialect::Mysql && c.is("begin not atomic") => mysql::block(c, out),
        b"analyze" if c.dialect == Dialect::Mysql && !c.word_at(c.at + 1, "table") => inner(c, out),
        b"pragma" => maintain::pragma(c, out),
        // Names are another database's from here on.
        b"use" => out.add(What::Set { name: "search_path".into(), zero: false }),
        b"begin" | b"start" => out.add(What::Begin),
        b"commit" | b"rollback" | b"end" | b"abort" => maintain::end(c, out),
        b"rename" => mysql::rename(c, out),
        b"attach" | b"detach" if c.dialect == Dialect::Sqlite => out.add(What::Harmless),
        b"handler" | b"signal" | b"resignal" | b"check" | b"checksum"
            if c.dialect == Dialect::Mysql =>
        {
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

/// Whether the option at the cursor is ANALYZE, and it is not switched off.
fn analyzes(c: &Cursor<'_>) -> bool {
    let named = Cursor { ..*c }.part();
    let off =
        ["false", "off"].iter().any(|off| c.word_at(c.at + 1, off)) || c.bytes_at(c.at + 1) == b"0";
    !off && named
        .is_some_and(|name| ["analyze", "analyse"].iter().any(|of| name.eq_ignore_ascii_case(of)))
}

/// `EXPLAIN ANALYZE …` runs what it explains; what is prepared is run later.
fn inner<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    // MariaDB's `ANALYZE statement` runs it as `EXPLAIN ANALYZE` does.
    if c.eat("prepare") {
        return prepare(c, out);
    }
    explained(c, false, out);
}

/// `PREPARE name AS …`, MySQL's `PREPARE name FROM 'text'`.
fn prepare<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    if c.is("transaction") {
        let why = "a transaction is put aside with all of its locks";
        return out.add(What::Unrecognised { why });
    }
    let Some(name) = c.part() else {
        return out.add(What::Unrecognised { why: "a PREPARE without a name" });
    };
    let of_text = c.eat("from");
    let from = dynamic::variable(c).filter(|_| of_text);
    match from {
        Some(_) => {}
        None if of_text => out.add(dynamic::dynamic(c)),
        None => explained(c, true, out),
    }
    out.add(What::Prepare { name, from });
}

/// The statement behind options, if it runs.
fn explained<'a>(c: &mut Cursor<'a>, mut runs: bool, out: &mut Out<'_, 'a>) {
    const VERBS: [&str; 10] = [
        "select", "insert", "update", "delete", "with", "merge", "values", "create", "execute",
        "refresh",
    ];
    while !c.done() {
        // Among other options, in parentheses or not.
        runs |= analyzes(c);
        if runs && c.is_any(&VERBS) {
            one(&c.along(&c.tokens[c.at..]), out.take);
            return;
        }
        c.at += 1;
    }
    out.add(What::Harmless);
}

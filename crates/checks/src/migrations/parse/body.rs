//! `DO` blocks and bodies of functions that a migration runs.

use super::cursor::{Cursor, HIDDEN, Keywords, string};
use super::dynamic::dynamic;
use super::{Out, TOO_DEEP, data, is_too_deep, one};
use crate::migrations::statement::{Action, Text, What};
use crate::sql::{Dialect, Token, TokenKind};

/// `DO [LANGUAGE name] 'body'`; MySQL's `DO expression`.
pub(super) fn block<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.eat("do");
    let (mut body, mut language) = (None, Text::from("plpgsql"));
    while !c.done() {
        if c.eat("language") {
            language = language_at(c);
        } else if let Some(text) = c.strings() {
            body = body.or(Some(text));
        } else {
            c.at += 1;
        }
    }
    let hides = |body: &[u8]| body.contains(&HIDDEN[0]);
    match body {
        Some(body) if c.dialect == Dialect::Postgres && hides(&body) => {
            out.add(What::Unrecognised { why: "a DO whose body is not written as it runs" })
        }
        Some(body) if c.dialect == Dialect::Postgres => out.add(What::Block { body, language }),
        _ if c.dialect == Dialect::Mysql => data::query(&mut c.along(c.tokens), out),
        _ => out.add(What::Unrecognised { why: "a DO without a body" }),
    }
}

/// The name of a language, in quotes or not.
pub(super) fn language_at<'a>(c: &mut Cursor<'a>) -> Text<'a> {
    match c.peek().and_then(|token| string(token, c.text)) {
        Some(text) => {
            c.at += 1;
            String::from_utf8_lossy(&text).to_lowercase().into()
        }
        None => c.part().unwrap_or_default(),
    }
}

/// `EXECUTE expression` in a body; elsewhere a prepared statement, which was looked at when it
/// was prepared.
pub(super) fn execute<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.eat("execute");
    if c.eat("immediate") {
        return out.add(dynamic(c));
    }
    let named = c.peek().is_some_and(|token| token.kind == TokenKind::Word)
        && (c.tokens.len() == c.at + 1 || c.sign_at(c.at + 1, b'('))
        && !c.is_any(&["format", "concat", "concat_ws", "replace"]);
    // In a body of PostgreSQL's, it is the text of a variable.
    if named
        && (c.dialect != Dialect::Postgres || !c.in_body)
        && let Some(name) = c.part()
    {
        return out.add(What::Execute { name });
    }
    out.add(dynamic(c))
}

/// Hands on what the statements in a body of these tokens do, with the places that they have in it.
///
/// PL/pgSQL is cut where its statements begin: behind `;`, `BEGIN`, `THEN`, `ELSE`, `LOOP`. What
/// does not begin like a statement of SQL is control flow or an assignment; queries in those are
/// looked at for the functions they call. MySQL's loops begin with `DO` and `REPEAT` as well.
pub fn statements_of_body<'a>(
    body: &'a [u8],
    tokens: &'a [Token],
    dialect: Dialect,
    mut take: impl FnMut(Action<'a>),
) {
    let mut from = 0;
    let (mut cases, mut whens) = (0_usize, 0_usize);
    let mut c = Cursor { in_body: true, ..Cursor::new(body, tokens, dialect) };
    if is_too_deep(tokens) {
        return Out::new(&mut take, &c).add(What::Unrecognised { why: TOO_DEEP });
    }
    for at in 0..=tokens.len() {
        c.at = at;
        // `r.case` and `AS case` are names.
        let named = c.sign_at(at.wrapping_sub(1), b'.') || c.word_at(at.wrapping_sub(1), "as");
        if at < tokens.len() && c.is("case") && at > from && !named {
            cases += 1;
        }
        // A THEN of no WHEN is of an IF: what looked like a CASE was a name.
        whens += usize::from(cases > 0 && c.is("when"));
        if cases > 0 && c.is("then") {
            match whens.checked_sub(1) {
                Some(left) => whens = left,
                None => cases = 0,
            }
        }
        if cases > 0 && c.is("end") {
            cases -= 1;
            continue;
        }
        // `WHEN MATCHED THEN INSERT …`
        let merges = Cursor { at: from, ..c }.is("merge");
        let cuts = at == tokens.len()
            || c.is_sign(b';')
            || (cases == 0 && (c.is("else") || (c.is("then") && !merges)))
            || (cases == 0 && c.is_any(&["begin", "loop", "declare"]) && !is_table(&c))
            || (cases == 0 && dialect == Dialect::Mysql && loops(&c));
        if cuts {
            segment(c.along(&tokens[from..at]), &mut take);
            from = at + 1;
            (cases, whens) = (0, 0);
        }
    }
}

/// `WHILE condition DO …`, `REPEAT …`, and no call of the function `REPEAT`.
fn loops(c: &Cursor<'_>) -> bool {
    c.is("do") || (c.is("repeat") && !c.sign_at(c.at + 1, b'('))
}

/// Whether a word that may begin a block is the name of a table here: `WITH begin AS (…)`.
fn is_table(c: &Cursor<'_>) -> bool {
    const BEFORE: [&str; 7] = ["with", "recursive", "from", "join", "into", "update", "as"];
    let before = c.at.wrapping_sub(1);
    BEFORE.iter().any(|word| c.word_at(before, word))
        || c.sign_at(before, b'.')
        || (c.sign_at(before, b',') && c.word_at(c.at + 1, "as"))
}

/// What is between two cuts.
fn segment<'a>(mut c: Cursor<'a>, take: &mut dyn FnMut(Action<'a>)) {
    const VERBS: Keywords = Keywords::new(&[
        "alter", "create", "drop", "truncate", "delete", "update", "insert", "merge", "with",
        "select", "perform", "call", "execute", "copy", "do", "reindex", "vacuum", "cluster",
        "refresh", "revoke", "lock", "set", "commit", "rollback", "grant", "replace", "rename",
        "analyze", "comment", "explain", "prepare",
    ]);
    const MYSQL: &[&str] = &["flush", "kill", "optimize", "purge", "repair", "reset"];
    let all = c;
    // `<<label>>`, `RETURN QUERY`, `BEGIN ATOMIC …`, `FOR r IN …`, `OPEN c FOR …`
    while c.is_sign(b'<') || c.is_sign(b'>') {
        c.at += 1;
    }
    c.eat_any(&["return query", "atomic", "not atomic"]);
    let is_assignment =
        c.sign_at(c.at + 1, b'=') || c.sign_at(c.at + 1, b':') || c.sign_at(c.at + 1, b'.');
    let begins =
        (c.is_one_of(&VERBS) || (c.dialect == Dialect::Mysql && c.is_any(MYSQL))) && !is_assignment;
    if begins {
        return one(&c.along(&c.tokens[c.at..]), take);
    }
    // `DECLARE EXIT HANDLER FOR condition statement`: the condition may have several words.
    if c.is_any(&["exit handler", "continue handler", "undo handler"]) {
        let verb = (c.at..c.tokens.len()).find(|at| Cursor { at: *at, ..c }.is_one_of(&VERBS));
        let verb = verb.filter(|at| *at > c.at + 2);
        return verb.map_or((), |at| one(&c.along(&c.tokens[at..]), take));
    }
    let behind = (c.at..c.tokens.len()).find(|at| {
        let begins = || Cursor { at: at + 1, ..c }.is_one_of(&VERBS);
        (c.word_at(*at, "in") || c.word_at(*at, "for")) && begins()
    });
    if let Some(at) = behind {
        return one(&c.along(&c.tokens[at + 1..]), take);
    }
    // An assignment or a condition may call what the migration defined, or write in its parts.
    data::read(&mut c, &mut Out::new(take, &all));
}

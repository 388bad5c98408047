//! `DO` blocks and bodies of functions that a migration runs.

use super::cursor::{Cursor, HIDDEN, Keywords, string};
use super::{Out, data, one};
use crate::migrations::statement::{Action, Text, What};
use crate::sql::{Dialect, Token, TokenKind};

/// `DO [LANGUAGE name] 'body'`; MySQL's `DO expression`.
pub(super) fn block<'a>(c: &mut Cursor<'a>, out: &mut Out<'_, 'a>) {
    c.eat("do");
    let (mut body, mut language) = (None, Text::from("plpgsql"));
    let mut whole = true;
    while let Some(token) = c.peek() {
        if c.eat("language") {
            language = match c.peek().and_then(|token| string(token, c.text)) {
                Some(text) => {
                    c.at += 1;
                    String::from_utf8_lossy(&text).to_lowercase().into()
                }
                None => c.part().unwrap_or_default(),
            };
        } else {
            let text = string(token, c.text);
            // A string on the next line goes on with it.
            whole &= body.is_none() || text.is_none();
            body = body.or(text);
            c.at += 1;
        }
    }
    let hides = |body: &[u8]| body.contains(&HIDDEN[0]);
    match body {
        Some(body) if c.dialect == Dialect::Postgres && (!whole || hides(&body)) => {
            out.add(What::Unrecognised { why: "a DO whose body is not written as it runs" })
        }
        Some(body) if c.dialect == Dialect::Postgres => out.add(What::Block { body, language }),
        _ if c.dialect == Dialect::Mysql => out.add(What::Harmless),
        _ => out.add(What::Unrecognised { why: "a DO without a body" }),
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
    if named && c.dialect != Dialect::Postgres {
        return out.add(What::Harmless);
    }
    out.add(dynamic(c))
}

/// What is known of a statement that is put together: `'…'`, `format('…', …)`, `'…' || x`.
pub(super) fn dynamic<'a>(c: &Cursor<'a>) -> What<'a> {
    const STAND_IN: &[u8] = b" _ ";
    let mut c = *c;
    let (mut sql, mut whole) = (Vec::new(), true);
    if c.eat("format") {
        let Some(mut arguments) = c.group() else {
            return What::Dynamic { sql: None, whole: false };
        };
        let pattern = arguments.item();
        let literal = pattern.peek().and_then(|token| string(token, pattern.text));
        let Some(literal) = literal.filter(|_| pattern.tokens.len() == 1) else {
            return What::Dynamic { sql: None, whole: false };
        };
        return formatted(&literal);
    }
    while let Some(token) = c.peek() {
        if c.is_any(&["using", "into"]) || c.is("loop") {
            break;
        }
        if let Some(text) = string(token, c.text) {
            sql.extend_from_slice(&text);
            c.at += 1;
        } else if matches!(token.kind, TokenKind::Sign(b'|')) {
            c.at += 1;
        } else {
            sql.extend_from_slice(STAND_IN);
            whole = false;
            // The operand, to the next `||`.
            while !c.done() && !c.is_sign(b'|') && !c.is_any(&["using", "into", "loop"]) {
                if c.group().is_none() {
                    c.at += 1;
                }
            }
        }
    }
    let known = sql.trim_ascii() != b"_" && !sql.is_empty();
    What::Dynamic { sql: known.then_some(sql.into()), whole }
}

/// The text of `format`: `%I` is a name, `%L` a string, `%s` anything.
fn formatted(pattern: &[u8]) -> What<'static> {
    let (mut sql, mut whole) = (Vec::new(), true);
    let mut bytes = pattern.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            sql.push(byte);
            continue;
        }
        // `%1$I` and `%-10s`.
        let spec = bytes.by_ref().find(|byte| byte.is_ascii_alphabetic() || *byte == b'%');
        match spec {
            Some(b'%') => sql.push(b'%'),
            Some(b'L') => sql.extend_from_slice(b"'_'"),
            Some(b'I') => sql.extend_from_slice(b"_"),
            _ => {
                sql.extend_from_slice(b"_");
                whole = false;
            }
        }
    }
    What::Dynamic { sql: Some(sql.into()), whole }
}

/// Hands on what the statements in a body of these tokens do, with the places that they have in it.
///
/// PL/pgSQL is cut where its statements begin: behind `;`, `BEGIN`, `THEN`, `ELSE`, `LOOP`. What
/// does not begin like a statement of SQL is control flow or an assignment; queries in those are
/// looked at for the functions they call.
pub fn statements_of_body<'a>(
    body: &'a [u8],
    tokens: &'a [Token],
    dialect: Dialect,
    mut take: impl FnMut(Action<'a>),
) {
    let mut from = 0;
    let mut cases = 0_usize;
    let mut c = Cursor::new(body, tokens, dialect);
    for at in 0..=tokens.len() {
        c.at = at;
        if at < tokens.len() && c.is("case") && at > from {
            cases += 1;
        }
        if cases > 0 && c.is("end") {
            cases -= 1;
            continue;
        }
        let cuts = at == tokens.len()
            || c.is_sign(b';')
            || (cases == 0 && c.is_any(&["begin", "then", "else", "loop", "declare"]));
        if cuts {
            segment(c.along(&tokens[from..at]), &mut take);
            from = at + 1;
            cases = 0;
        }
    }
}

/// What is between two cuts.
fn segment<'a>(mut c: Cursor<'a>, take: &mut dyn FnMut(Action<'a>)) {
    const VERBS: Keywords = Keywords::new(&[
        "alter", "create", "drop", "truncate", "delete", "update", "insert", "merge", "with",
        "select", "perform", "call", "execute", "copy", "do", "reindex", "vacuum", "cluster",
        "refresh", "revoke", "lock", "set", "commit", "rollback", "grant", "replace", "rename",
        "analyze", "comment",
    ]);
    let all = c;
    // `<<label>>`, `RETURN QUERY`, `FOR r IN …`, `OPEN c FOR …`
    while c.is_sign(b'<') || c.is_sign(b'>') {
        c.at += 1;
    }
    c.eat("return query");
    let is_assignment =
        c.sign_at(c.at + 1, b'=') || c.sign_at(c.at + 1, b':') || c.sign_at(c.at + 1, b'.');
    let begins = c.is_one_of(&VERBS) && !is_assignment;
    if begins {
        return one(&c.along(&c.tokens[c.at..]), take);
    }
    let behind = (c.at..c.tokens.len()).find(|at| c.word_at(*at, "in") || c.word_at(*at, "for"));
    let looped = behind.map(|at| c.along(&c.tokens[at + 1..]));
    if let Some(looped) = looped.filter(|looped| looped.is_one_of(&VERBS)) {
        return one(&looped, take);
    }
    // An assignment or a condition may call what the migration defined.
    let mut read = Vec::new();
    let mut keep = |action| read.push(action);
    data::query(&mut c, &mut Out::new(&mut keep, &all));
    if let [Action { what: What::Calls { .. }, .. }] = read[..] {
        read.drain(..).for_each(take);
    }
}

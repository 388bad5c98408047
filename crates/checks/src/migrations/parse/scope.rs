//! Which rows a condition leaves.

use super::cursor::Cursor;
use crate::migrations::statement::{Name, Scope, Text};
use crate::sql::{Dialect, TokenKind};

/// As many rows may be changed at once: whoever says a number that is larger says no limit.
const MANY: u64 = 100_000;

/// The table whose rows are changed, as a condition speaks of it.
pub(super) struct Target<'a> {
    name: Text<'a>,
    alias: Option<Text<'a>>,
    /// Other tables take part: a column without a table's name may be theirs.
    joined: bool,
    /// Those among them that have a limited number of rows.
    limited: Vec<Text<'a>>,
}

impl<'a> Target<'a> {
    /// The cursor stands behind the table's name.
    pub(super) fn new(table: &Name<'a>, c: &mut Cursor<'a>) -> Self {
        const BEHIND: [&str; 12] = [
            "using",
            "where",
            "set",
            "from",
            "join",
            "returning",
            "limit",
            "order",
            "inner",
            "left",
            "right",
            "cross",
        ];
        let said = c.eat("as") || !c.is_any(&BEHIND);
        let alias = if said { c.part() } else { None };
        Self { name: table.name.clone(), alias, joined: false, limited: Vec::new() }
    }

    /// Whether the column at an index is of this table.
    fn has(&self, c: &Cursor<'_>, at: usize) -> bool {
        if !c.sign_at(at.wrapping_sub(1), b'.') {
            return !self.joined;
        }
        let table = (Cursor { at: at.wrapping_sub(2), ..*c }).part();
        table.is_some_and(|table| table == *self.alias.as_ref().unwrap_or(&self.name))
    }

    /// Whether a column is set that is another table's: MySQL's `UPDATE a, b SET b.x = 1`.
    pub(super) fn is_another_set(&self, c: &Cursor<'_>) -> bool {
        let mut c = *c;
        while !c.done() && !c.eat("set") {
            c.at += 1;
        }
        while !c.done() && !c.is("where") {
            let qualified = c.sign_at(c.at + 1, b'.') && c.sign_at(c.at + 3, b'=');
            let sets =
                c.word_at(c.at.wrapping_sub(1), "set") || c.sign_at(c.at.wrapping_sub(1), b',');
            if sets && qualified && !self.has(&c, c.at + 2) {
                return true;
            }
            if c.group().is_none() {
                c.at += 1;
            }
        }
        false
    }

    /// Which rows of it: by the `WHERE` that is in no parentheses. `parts` of the statement have a
    /// limited number of rows.
    pub(super) fn scope(mut self, c: &Cursor<'a>, parts: &[Text<'a>]) -> Scope {
        let mut c = *c;
        while !c.done() {
            if c.eat("where") {
                let mut end = c;
                while !end.done() && !end.is("returning") {
                    end.at += 1;
                }
                return self.within(&Cursor { tokens: &c.tokens[..end.at], ..c });
            }
            if is_limit(&c) {
                return Scope::Bounded;
            }
            if c.is_any(&["using", "from", "join"]) || (self.joined && c.is_sign(b',')) {
                self.joined = true;
                c.at += 1;
                self.limited.extend(limited_table(&mut c, parts));
            } else if c.group().is_none() {
                c.at += 1;
            }
        }
        Scope::All
    }

    /// Which rows a condition leaves. The cursor stands behind `WHERE`.
    fn within(&self, c: &Cursor<'_>) -> Scope {
        if always_holds(c) {
            return Scope::All;
        }
        if c.is("current of") {
            return Scope::Bounded;
        }
        // `a OR b` is as wide as its widest part.
        let widens = |at: usize| {
            let word = c.word_at(at, "or") || c.word_at(at, "case");
            let of_mysql = c.word_at(at, "xor") || (c.sign_at(at, b'|') && c.sign_at(at + 1, b'|'));
            word || (of_mysql && c.dialect == Dialect::Mysql)
        };
        if (c.at..c.tokens.len()).any(widens) {
            return Scope::Filtered;
        }
        if self.is_bounded(&c.along(&c.tokens[c.at..])) { Scope::Bounded } else { Scope::Filtered }
    }

    /// Whether one of the conditions that all have to hold leaves a limited number.
    fn is_bounded(&self, c: &Cursor<'_>) -> bool {
        let mut c = *c;
        while !c.done() {
            let at = c.at;
            let before = |words: &[&str]| {
                at > 0 && words.iter().any(|word| c.word_at(at - 1, word)) && !is_not(&c, at - 1)
            };
            let equals = c.sign_at(at.wrapping_sub(1), b'=')
                && ![b'<', b'>', b'!'].iter().any(|sign| c.sign_at(at.wrapping_sub(2), *sign));
            let limited = before(&["in", "any", "array"]) || equals;
            let part = at == 0 || before(&["and"]);
            if let Some(inner) = c.group() {
                let few = || has_limit(&inner) || self.is_column_of_limited(&inner);
                if ends(&c) && ((limited && few()) || (part && self.is_bounded(&inner))) {
                    return true;
                }
                continue;
            }
            let key = is_key(&c, at) && self.has(&c, at) && begins(&c, at - qualified(&c, at));
            if is_limit(&c) || (key && (self.compares(&c, at + 1) || is_short_range(&c, at))) {
                return true;
            }
            // `batch.id = t.id`
            let mirrored = self.is_of_limited(&c, at)
                && c.sign_at(at + 3, b'=')
                && begins(&c, at)
                && self.ends_with_key(&c, at + 4);
            if mirrored {
                return true;
            }
            c.at += 1;
        }
        false
    }

    /// `= literal`, `IN (literal, …)`, `= batch.id`, and nothing that makes another condition of it.
    fn compares(&self, c: &Cursor<'_>, at: usize) -> bool {
        if c.sign_at(at, b'=') && self.is_of_limited(c, at + 1) {
            return ends(&Cursor { at: at + 4, ..*c });
        }
        compares(c, at)
    }

    /// Whether `table.column` stands at an index, of a limited number of rows: a part with a limit,
    /// or a record of the body that is one row.
    fn is_of_limited(&self, c: &Cursor<'_>, at: usize) -> bool {
        if !c.sign_at(at + 1, b'.') || c.sign_at(at + 3, b'.') || c.sign_at(at + 3, b'(') {
            return false;
        }
        let Some(table) = (Cursor { at, ..*c }).part() else { return false };
        let own = table == self.name || self.alias.as_ref() == Some(&table);
        let row = c.in_body && (["old", "new"].contains(&&*table) || !self.joined);
        self.limited.contains(&table) || (row && !own)
    }

    /// Whether a key of this table stands at an index, and nothing behind it.
    fn ends_with_key(&self, c: &Cursor<'_>, at: usize) -> bool {
        let at = if c.sign_at(at + 1, b'.') { at + 2 } else { at };
        is_key(c, at) && self.has(c, at) && ends(&Cursor { at: at + 1, ..*c })
    }

    /// `SELECT id FROM batch`: nothing that could give more rows than it has.
    fn is_column_of_limited(&self, query: &Cursor<'_>) -> bool {
        let mut c = *query;
        let one = c.eat("select") && c.name().is_some() && c.eat("from");
        one && c.part().is_some_and(|table| self.limited.contains(&table)) && c.done()
    }
}

/// The name in a `FROM` of a table with a limited number of rows: a query with a limit, or one of
/// the statement's parts. The cursor stands before it.
fn limited_table<'a>(c: &mut Cursor<'a>, parts: &[Text<'a>]) -> Option<Text<'a>> {
    const BEHIND: [&str; 9] =
        ["where", "on", "join", "inner", "left", "right", "cross", "returning", "set"];
    let own = match c.group() {
        Some(query) if has_limit(&query) => None,
        Some(_) => return None,
        None => Some(c.name().filter(|name| name.schema.is_none())?.name),
    };
    if own.as_ref().is_some_and(|own| !parts.contains(own)) {
        return None;
    }
    let said = c.eat("as") || !c.is_any(&BEHIND);
    if said { c.part().or(own) } else { own }
}

/// The parts of a `WITH` that have a limited number of rows, by their names.
pub(super) fn limited_parts<'a>(c: &Cursor<'a>) -> Vec<Text<'a>> {
    let mut parts = Vec::new();
    let mut c = *c;
    if !c.eat("with") {
        return parts;
    }
    c.eat("recursive");
    while let Some(name) = c.part() {
        // Columns under other names may be any.
        let renamed = c.group().is_some();
        c.eat("as");
        c.eat_any(&["not materialized", "materialized"]);
        let Some(query) = c.group() else { break };
        if !renamed && query.is("select") && has_limit(&query) {
            parts.push(name);
        }
        if !c.eat_sign(b',') {
            break;
        }
    }
    parts
}

/// How many tokens say whose the column at an index is.
fn qualified(c: &Cursor<'_>, at: usize) -> usize {
    if c.sign_at(at.wrapping_sub(1), b'.') { 2.min(at) } else { 0 }
}

/// Whether a condition begins at an index: behind an `AND` that is of no `BETWEEN`.
fn begins(c: &Cursor<'_>, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return true };
    let mut others = (0..before).rev().take_while(|at| !c.word_at(*at, "and"));
    c.word_at(before, "and") && !others.any(|at| c.word_at(at, "between"))
}

fn is_not(c: &Cursor<'_>, at: usize) -> bool {
    at > 0 && c.word_at(at - 1, "not")
}

/// `TRUE`, `1`, `1 = 1`, `'a' = 'a'`.
fn always_holds(c: &Cursor<'_>) -> bool {
    let mut c = *c;
    let mut rest: Vec<&[u8]> = Vec::new();
    while let Some(token) = c.peek() {
        if !matches!(token.kind, TokenKind::Sign(b'(' | b')' | b';')) {
            rest.push(token.bytes(c.text));
        }
        if rest.len() > 3 {
            return false;
        }
        c.at += 1;
    }
    match rest[..] {
        [] => true,
        [only] => only.eq_ignore_ascii_case(b"true") || only == b"1",
        [left, b"=", right] => left == right,
        _ => false,
    }
}

/// A column that is likely to be a key.
fn is_key(c: &Cursor<'_>, at: usize) -> bool {
    const KEYS: &[&str] =
        &["id", "uuid", "key", "code", "slug", "name", "email", "version", "rowid", "ctid"];
    let Some(name) = (Cursor { at, ..*c }).part() else { return false };
    KEYS.iter().any(|key| {
        name.strip_suffix(key).is_some_and(|before| before.is_empty() || before.ends_with('_'))
    })
}

/// A key that is likely to be a number.
fn is_number_key(c: &Cursor<'_>, at: usize) -> bool {
    let name = (Cursor { at, ..*c }).part();
    name.is_some_and(|name| {
        ["id", "version"].iter().any(|key| name.ends_with(key)) && !name.ends_with("uuid")
    })
}

/// `= literal`, `IN (literal, …)`, and nothing that makes another condition of it.
fn compares(c: &Cursor<'_>, at: usize) -> bool {
    let constant = |at: usize| {
        matches!(
            c.tokens.get(at).map(|token| token.kind),
            Some(
                TokenKind::Text { .. }
                    | TokenKind::Number
                    | TokenKind::Parameter
                    | TokenKind::Dollar
            )
        )
    };
    // MySQL takes every text that begins with no digit for 0.
    let text = c.dialect == Dialect::Mysql && !is_number_key(c, at - 1);
    let number = |at: usize| c.tokens.get(at).is_some_and(|of| of.kind == TokenKind::Number);
    if c.sign_at(at, b'=') && constant(at + 1) {
        return !(text && number(at + 1)) && ends(&Cursor { at: at + 2, ..*c });
    }
    let mut list = Cursor { at: at + 1, ..*c };
    let listed = c.word_at(at, "in") && constant(at + 2) && !(text && number(at + 2));
    listed && list.group().is_some() && ends(&list)
}

/// Whether a condition ends here, perhaps behind a cast.
fn ends(c: &Cursor<'_>) -> bool {
    let mut c = *c;
    if c.bytes_at(c.at) == b"::" {
        c.at += 1;
        c.name();
        c.eat_any(&["varying", "precision"]);
        c.group();
        c.eat_any(&["with time zone", "without time zone"]);
    }
    c.done() || c.is_any(&["and", "limit", "order", "returning"]) || c.is_sign(b';')
}

/// `BETWEEN 1 AND 1000`, `BETWEEN first AND first + 999`: not as many as anybody likes.
fn is_short_range(c: &Cursor<'_>, key: usize) -> bool {
    if !c.word_at(key + 1, "between") {
        return is_short_window(c, key).unwrap_or(false);
    }
    let mut low = Cursor { at: key + 2, ..*c };
    low.eat("symmetric");
    // Elsewhere it is a column.
    let variable = c.in_body;
    let kind = |at: usize| c.tokens.get(at).map(|token| token.kind);
    let number = |at: usize| std::str::from_utf8(c.bytes_at(at)).ok()?.parse::<u64>().ok();
    match (kind(low.at), low.word_at(low.at + 1, "and")) {
        (Some(TokenKind::Number), true) => {
            let (from, to) = (number(low.at), number(low.at + 2));
            let width = from.zip(to).map(|(from, to)| from.abs_diff(to));
            width.is_some_and(|width| width <= MANY) && ends(&Cursor { at: low.at + 3, ..*c })
        }
        // A variable, which a loop moves on.
        (Some(TokenKind::Word), _) if variable => {
            c.bytes_at(low.at) != c.bytes_at(key) && !c.sign_at(low.at + 1, b'(')
        }
        (Some(TokenKind::Parameter), _) => true,
        _ => false,
    }
}

/// `id > first AND id <= first + 1000`, `id >= 1 AND id < 1001`, `id > first AND id <= last`.
fn is_short_window(c: &Cursor<'_>, key: usize) -> Option<bool> {
    let mut rest = Cursor { at: key + 1, ..*c };
    let low = bound(&mut rest, b'>')?;
    if !rest.eat("and") {
        return None;
    }
    // The same column, of this table or without its name.
    let column = if rest.sign_at(rest.at + 1, b'.') { rest.at + 2 } else { rest.at };
    if !c.bytes_at(column).eq_ignore_ascii_case(c.bytes_at(key)) {
        return None;
    }
    rest.at = column + 1;
    let high = bound(&mut rest, b'<')?;
    let number = |bytes: &[u8]| std::str::from_utf8(bytes).ok()?.parse::<u64>().ok();
    let few = |bytes: &[u8]| number(bytes).is_none_or(|number| number <= MANY);
    let short = match (number(low), number(high)) {
        (Some(low), Some(high)) => low.abs_diff(high) <= MANY,
        (None, None) if rest.eat_sign(b'+') => low == high && few(variable(&mut rest)?),
        // A loop moves both on.
        (None, None) => low != high,
        _ => false,
    };
    Some(short && ends(&rest))
}

/// What a column is compared with by `>`, `>=`, `<` or `<=`.
fn bound<'a>(c: &mut Cursor<'a>, sign: u8) -> Option<&'a [u8]> {
    if !c.eat_sign(sign) {
        return None;
    }
    c.eat_sign(b'=');
    variable(c)
}

/// A number, a parameter, or a variable of the body: a word is a column elsewhere.
fn variable<'a>(c: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let kind = c.peek()?.kind;
    let named = kind == TokenKind::Word && c.in_body;
    let known = named || matches!(kind, TokenKind::Number | TokenKind::Parameter);
    let alone = !c.sign_at(c.at + 1, b'.') && !c.sign_at(c.at + 1, b'(');
    c.at += 1;
    (known && alone).then(|| c.bytes_at(c.at - 1))
}

/// Whether a query says how many rows it gives.
fn has_limit(query: &Cursor<'_>) -> bool {
    let mut c = *query;
    while !c.done() {
        let nested = c.at > 0 && c.word_at(c.at - 1, "array");
        match c.group() {
            Some(inner) if nested && has_limit(&inner) => return true,
            Some(_) => {}
            None if is_limit(&c) => return true,
            None => c.at += 1,
        }
    }
    false
}

/// `LIMIT 1000`, `LIMIT batch`, `FETCH FIRST 1000 ROWS ONLY`.
fn is_limit(c: &Cursor<'_>) -> bool {
    // With ties, as many as are alike.
    if c.is("fetch") && (c.at + 3..c.at + 6).any(|at| c.word_at(at, "ties")) {
        return false;
    }
    let at = match () {
        () if c.is("limit") && c.sign_at(c.at + 2, b',') => c.at + 3,
        () if c.is("limit") => c.at + 1,
        () if c.is_any(&["fetch first", "fetch next"]) => c.at + 2,
        () => return false,
    };
    let Some(token) = c.tokens.get(at) else { return false };
    // `10 * 1000000`, `power(10, 9)`
    let alone = match c.tokens.get(at + 1).map(|next| next.kind) {
        Some(TokenKind::Sign(sign)) => matches!(sign, b')' | b';' | b','),
        _ => true,
    };
    match token.kind {
        _ if !alone => false,
        TokenKind::Number => {
            let number = std::str::from_utf8(token.bytes(c.text)).ok();
            number.and_then(|number| number.parse::<u64>().ok()).is_some_and(|of| of <= MANY)
        }
        TokenKind::Word => !c.word_at(at, "all") && !c.word_at(at, "null"),
        _ => token.kind == TokenKind::Parameter,
    }
}

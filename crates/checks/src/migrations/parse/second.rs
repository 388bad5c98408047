//! Two statements without a semicolon between them: a mistake, or SQL Server's.

use super::cursor::{Cursor, Keywords};
use crate::sql::{Dialect, Token, TokenKind};

const ROUTINES: [&str; 4] = ["function", "procedure", "trigger", "event"];

/// Where, behind the beginning, a statement begins that cannot be part of another.
pub(super) fn statement(c: &Cursor<'_>) -> Option<usize> {
    const NAMES_IT: Keywords =
        Keywords::new(&["show", "explain", "create schema", "grant", "revoke", "comment"]);
    // Elsewhere bodies of routines are written as they are.
    let made = c.tokens.iter().take(24).enumerate();
    let mut words = made.filter(|(at, _)| ROUTINES.iter().any(|word| c.word_at(*at, word)));
    if c.dialect != Dialect::Postgres && c.is_any(&["create", "alter"]) && words.next().is_some() {
        return None;
    }
    let mut pairs = c.tokens.windows(2).enumerate().skip(1);
    let mut open = Open::default();
    let mut begins = |at: usize| {
        alters(c, at) || (may_be_followed(c) && changes(c, at) && open.at(c.tokens, at) <= 0)
    };
    let (second, _) = pairs.find(|(at, pair)| may_be_one(&pair[0], &pair[1]) && begins(*at))?;
    (!c.is_one_of(&NAMES_IT)).then_some(second)
}

/// `… TABLE`, `DELETE`, `UPDATE`: letters and lengths tell nearly everything else apart.
fn may_be_one(token: &Token, next: &Token) -> bool {
    (next.letter == b't' && next.end - next.start == 5)
        || (matches!(token.letter, b'd' | b'u') && token.end - token.start == 6)
}

/// `TABLE` is a reserved word, so these pairs are never names.
fn alters(c: &Cursor<'_>, at: usize) -> bool {
    const VERBS: [&str; 4] = ["drop", "alter", "truncate", "create"];
    c.word_at(at + 1, "table") && VERBS.iter().any(|verb| c.word_at(at, verb))
}

/// Statements of which neither `DELETE FROM` nor `UPDATE … SET` is a part.
fn may_be_followed(c: &Cursor<'_>) -> bool {
    const FIRST: Keywords = Keywords::new(&[
        "alter", "delete", "drop", "insert", "select", "set", "truncate", "update", "use", "exec",
        "print", "go", "values", "declare",
    ]);
    c.is_one_of(&FIRST)
}

/// `DELETE FROM t`, `UPDATE t SET`, where no name can stand.
fn changes(c: &Cursor<'_>, at: usize) -> bool {
    const NAMED: [&str; 7] = ["select", "as", "by", "where", "and", "or", "not"];
    let behind = |words: &[&str]| words.iter().any(|word| c.word_at(at - 1, word));
    let deletes = c.word_at(at, "delete") && c.word_at(at + 1, "from");
    // `ON UPDATE SET NULL`, `DO UPDATE SET`, `FOR UPDATE`.
    let mut table = Cursor { at: at + 1, ..*c };
    let updates = c.word_at(at, "update")
        && !behind(&["on", "do", "for", "key"])
        && table.name().is_some()
        && table.is("set");
    let before = c.tokens[at - 1].kind;
    let is_name = matches!(before, TokenKind::Sign(b',' | b'.' | b'(' | b'=')) || behind(&NAMED);
    (deletes || updates) && !is_name
}

/// How many parentheses are open, counted on from where it was asked for last.
#[derive(Default)]
struct Open {
    until: usize,
    count: i64,
}

impl Open {
    fn at(&mut self, tokens: &[Token], at: usize) -> i64 {
        for token in &tokens[self.until..at] {
            match token.kind {
                TokenKind::Sign(b'(') => self.count += 1,
                TokenKind::Sign(b')') => self.count -= 1,
                _ => {}
            }
        }
        self.until = at;
        self.count
    }
}

//! What a statement runs: blocks, functions, strings.

use super::file::FileJudge;
use super::parse::{parse, statements_of_body};
use super::report::At;
use super::rules::{BROKEN, DYNAMIC};
use super::statement::{Action, Change, What};
use crate::check::Sink;
use crate::sql::{Dialect, Event, Statements, tokens_of};

/// How deep blocks, functions and executed strings are followed into each other.
const MAX_DEPTH: usize = 8;

/// As many bytes of functions that are called are followed in a file: functions that call each
/// other many times run more than anybody could read.
const MOST_FOLLOWED: usize = 1 << 20;

/// Functions of PostgreSQL that execute a text.
const EXECUTE_TEXT: [&str; 4] =
    ["dblink_exec", "dblink", "query_to_xml", "query_to_xml_and_xmlschema"];

impl<S: Sink> FileJudge<'_, S> {
    /// What is run inside: blocks, functions, strings.
    pub(super) fn hidden(&mut self, what: &What<'_>, at: &At<'_>, depth: usize) {
        if depth >= MAX_DEPTH {
            let runs =
                matches!(what, What::Block { .. } | What::Dynamic { .. } | What::Calls { .. });
            if runs && depth == MAX_DEPTH {
                self.emit(&DYNAMIC, at, "runs too much inside of each other to be followed".into());
            }
            return;
        }
        match what {
            What::CreateFunction { name, body: Some(body), language } => {
                let function = (body.to_vec(), language.to_string());
                self.functions.insert(name.name.to_string(), function);
            }
            What::Block { body, language } => self.body(body, language, at, depth),
            What::Calls { functions } => {
                functions.iter().for_each(|function| self.called(function, at, depth));
            }
            What::Dynamic { sql: Some(sql), whole } => self.executed(sql, *whole, at, depth),
            _ => {}
        }
    }

    /// A function of this migration, unless it is what calls itself.
    fn called(&mut self, function: &str, at: &At<'_>, depth: usize) {
        if self.following.iter().any(|other| other == function) {
            return;
        }
        let Some((body, language)) = self.functions.get(function).cloned() else {
            if EXECUTE_TEXT.contains(&function) {
                self.emit(&DYNAMIC, at, format!("executes SQL through {function}()"));
            }
            return;
        };
        let before = self.followed;
        self.followed += body.len();
        if self.followed > MOST_FOLLOWED {
            // Said once.
            if before <= MOST_FOLLOWED {
                self.emit(&DYNAMIC, at, "runs too much inside of each other to be followed".into());
            }
            return;
        }
        self.following.push(function.to_owned());
        self.body(&body, &language, at, depth);
        self.following.pop();
    }

    fn body(&mut self, body: &[u8], language: &str, at: &At<'_>, depth: usize) {
        let mysql = self.context.dialect == Dialect::Mysql;
        if !mysql && !matches!(language, "plpgsql" | "sql") {
            self.emit(&DYNAMIC, at, format!("runs code in {language}, which is not read here"));
            return;
        }
        let (tokens, whole) = tokens_of(body, self.context.dialect);
        if !whole {
            self.emit(&BROKEN, at, "something in the body begins and never ends".into());
        }
        let inside = at.body(body);
        statements_of_body(body, &tokens, self.context.dialect, |action| {
            self.action(&action, &inside.part(action.start, action.end), depth + 1);
        });
    }

    /// SQL that a block executes.
    fn executed(&mut self, sql: &[u8], whole: bool, at: &At<'_>, depth: usize) {
        let dialect = self.context.dialect;
        let understood = |action: &Action| {
            !matches!(
                action.what,
                What::Unrecognised { .. } | What::Alter { change: Change::Unrecognised, .. }
            )
        };
        let (mut any, mut all) = (false, true);
        each_action(sql, dialect, |action| {
            any = true;
            all &= understood(&action);
        });
        let known = (any && all) || (whole && tokens_of(sql, dialect).1);
        if !known {
            self.emit(&DYNAMIC, at, "executes SQL that is put together while it runs".into());
        }
        each_action(sql, dialect, |action| {
            if whole || understood(&action) {
                self.action(&action, at, depth + 1);
            }
        });
    }
}

/// What the statements of a text do, one by one.
fn each_action(sql: &[u8], dialect: Dialect, mut take: impl FnMut(Action<'_>)) {
    let mut statements = Statements::new(sql, dialect);
    // Reading from memory does not fail.
    while let Ok(Some(event)) = statements.advance() {
        if event == Event::Statement {
            let current = statements.current();
            parse(current.text, current.tokens, dialect, &mut take);
        }
    }
}

//! What a statement runs: blocks, functions, triggers, strings.

use super::file::FileJudge;
use super::functions::is_harmless;
use super::parse::{calls_of, parse, runs_what_it_names, statements_of_body};
use super::report::At;
use super::routines::{Routine, Runs};
use super::rules::{BROKEN, DYNAMIC, UNSEEN};
use super::statement::{Action, Change, Name, Purpose, What};
use crate::check::Sink;
use crate::sql::{Dialect, Event, Statements, Token, tokens_of};

/// How deep blocks, functions and executed strings are followed into each other.
const MAX_DEPTH: usize = 8;

/// As many bytes of functions that are called, and of what is prepared, are followed in a file:
/// functions that call each other many times run more than anybody could read.
const MOST_FOLLOWED: usize = 1 << 20;

/// Why what is deeper is not followed.
const TOO_DEEP: &str = "runs too much inside of each other to be followed";

/// Functions that take something away, wherever they are called.
const DESTROY: [&str; 7] = [
    "drop_chunks",
    "lo_put",
    "lo_truncate",
    "lo_unlink",
    "pg_drop_replication_slot",
    "run_command_on_all_nodes",
    "run_command_on_workers",
];

/// Functions that execute a text.
const EXECUTE_TEXT: [&str; 11] = [
    "cron.schedule",
    "crosstab",
    "crosstab_hash",
    "dblink_exec",
    "dblink",
    "dblink_send_query",
    "query_to_xml",
    "query_to_xmlschema",
    "query_to_xml_and_xmlschema",
    "ts_rewrite",
    "ts_stat",
];

impl<S: Sink> FileJudge<'_, S> {
    /// What is run inside: blocks, functions, triggers, strings.
    pub(super) fn hidden(&mut self, what: &What<'_>, at: &At<'_>, depth: usize) {
        if depth >= MAX_DEPTH {
            let runs =
                matches!(what, What::Block { .. } | What::Dynamic { .. } | What::Calls { .. });
            if runs && depth == MAX_DEPTH {
                self.emit(&DYNAMIC, at, TOO_DEEP.into());
            }
            return;
        }
        match what {
            What::Block { body, language } => self.body(body, language, at, depth),
            What::Calls { functions, purpose } => {
                functions.iter().for_each(|function| self.called(function, *purpose, at, depth));
            }
            What::Dynamic { sql: Some(sql), whole } => self.executed(sql, *whole, at, depth),
            What::Insert { table, .. }
            | What::Update { table, .. }
            | What::Delete { table, .. } => {
                self.fired(table, at, depth);
            }
            What::Truncate { tables, .. } => {
                tables.iter().for_each(|table| self.fired(table, at, depth));
            }
            _ => {}
        }
    }

    /// The functions of migrations that a statement names where it runs them: as a default, in a
    /// condition, as part of an operator.
    pub(super) fn named(&mut self, text: &[u8], tokens: &[Token], at: &At<'_>, depth: usize) {
        let dialect = self.context.dialect;
        let may = self.known.routines.may_be_named(text, tokens);
        if !may || !runs_what_it_names(text, tokens, dialect) {
            return;
        }
        for function in calls_of(text, tokens, dialect) {
            if !self.known.routines.named(&function).is_empty() {
                self.called(&function, Purpose::Value, at, depth);
            }
        }
    }

    /// A function, once for each statement; no more where all of it is of no rule.
    fn called(&mut self, function: &str, purpose: Purpose, at: &At<'_>, depth: usize) {
        let name = function.rsplit('.').next().unwrap_or(function);
        if self.following.contains(name) || self.inert.contains(name) {
            return;
        }
        let routines = self.known.routines.named(name).to_vec();
        if routines.is_empty() {
            return self.unseen(function, purpose, at);
        }
        if depth >= MAX_DEPTH {
            return self.emit(&DYNAMIC, at, TOO_DEEP.into());
        }
        // What another one runs as well is not followed again from it.
        let alone = self.following.is_empty();
        let before = self.judged;
        self.following.insert(name.to_owned());
        routines.iter().for_each(|routine| self.followed(routine, at, depth));
        if alone && self.judged == before {
            self.inert.insert(name.to_owned());
        }
    }

    /// What no migration defines: only what is built in is known not to change anything.
    fn unseen(&mut self, function: &str, purpose: Purpose, at: &At<'_>) {
        if EXECUTE_TEXT.contains(&function) {
            return self.emit(&DYNAMIC, at, format!("executes SQL through {function}()"));
        }
        if DESTROY.contains(&function) {
            let message = format!("runs {function}(), which may take away what is there");
            return self.emit(&UNSEEN, at, message);
        }
        let unseen = match (self.context.dialect, purpose) {
            (Dialect::Mysql, Purpose::Call) => true,
            // There is no extension that it could be of.
            (Dialect::Mysql, _) | (Dialect::Postgres, Purpose::Effect | Purpose::Call) => {
                !is_harmless(function, self.context.dialect)
            }
            _ => false,
        };
        if unseen {
            let message = format!("runs {function}(), which no migration before it defines");
            self.emit(&UNSEEN, at, message);
        }
    }

    /// The triggers and rules of a table whose rows are changed, once in a file. Those that run for
    /// every change anyway are nothing new.
    fn fired(&mut self, table: &Name<'_>, at: &At<'_>, depth: usize) {
        let Some(triggers) = self.known.routines.fire(table) else {
            self.may_follow(MOST_FOLLOWED + 1, at);
            return;
        };
        for trigger in triggers {
            match &trigger.runs {
                Runs::Body(routine) if routine.new => self.followed(routine, at, depth),
                Runs::Body(_) => {}
                Runs::Function(name) => {
                    let routines = self.known.routines.named(name).to_vec();
                    for routine in routines.iter().filter(|routine| trigger.new || routine.new) {
                        self.followed(routine, at, depth);
                    }
                }
            }
        }
    }

    fn followed(&mut self, routine: &Routine, at: &At<'_>, depth: usize) {
        let Some(body) = &routine.body else {
            let message = "runs a function, and there are too many to be kept in mind";
            return self.emit(&DYNAMIC, at, message.into());
        };
        if self.may_follow(body.len(), at) {
            self.body(body, &routine.language, at, depth);
        }
    }

    /// Whether so many more bytes are followed in this file; that there are more is said once.
    pub(super) fn may_follow(&mut self, bytes: usize, at: &At<'_>) -> bool {
        let before = self.followed;
        self.followed += bytes;
        let may = self.followed <= MOST_FOLLOWED;
        if !may && before <= MOST_FOLLOWED {
            self.emit(&DYNAMIC, at, TOO_DEEP.into());
        }
        may
    }

    fn body(&mut self, body: &[u8], language: &str, at: &At<'_>, depth: usize) {
        let mysql = self.context.dialect == Dialect::Mysql;
        if !mysql && !matches!(language, "plpgsql" | "sql") {
            self.emit(&DYNAMIC, at, format!("runs code in {language}, which is not read here"));
            return;
        }
        if is_hidden(body) {
            let message = "runs a body that is not written as it runs";
            return self.emit(&DYNAMIC, at, message.into());
        }
        let (tokens, whole) = tokens_of(body, self.context.dialect);
        if !whole {
            self.emit(&BROKEN, at, "something in the body begins and never ends".into());
        }
        let inside = at.body(body);
        statements_of_body(body, &tokens, self.context.dialect, |action| {
            self.action(&action, &inside.part(action.start, action.end), depth + 1);
        });
        self.named(body, &tokens, at, depth + 1);
    }

    /// SQL that a block executes.
    pub(super) fn executed(&mut self, sql: &[u8], whole: bool, at: &At<'_>, depth: usize) {
        let dialect = self.context.dialect;
        let understood = |action: &Action| {
            !matches!(
                action.what,
                What::Unrecognised { .. } | What::Alter { change: Change::Unrecognised, .. }
            )
        };
        let (mut any, mut all) = (false, true);
        let only_statements = each_action(sql, dialect, |action| {
            any = true;
            all &= understood(&action);
        });
        let (tokens, complete) = tokens_of(sql, dialect);
        let known = whole && only_statements && !sql.contains(&0) && ((any && all) || complete);
        if !known {
            self.emit(&DYNAMIC, at, "executes SQL that is put together while it runs".into());
        }
        each_action(sql, dialect, |action| {
            if whole || understood(&action) {
                self.action(&action, at, depth + 1);
            }
        });
        self.named(sql, &tokens, at, depth + 1);
    }
}

/// Whether characters that are written by their numbers, or not known, stand in a body.
fn is_hidden(body: &[u8]) -> bool {
    memchr::memchr2(0, 1, body).is_some()
}

/// What the statements of a text do, one by one; whether there is nothing else in it.
fn each_action(sql: &[u8], dialect: Dialect, mut take: impl FnMut(Action<'_>)) -> bool {
    let mut statements = Statements::new(sql, dialect);
    let mut only_statements = true;
    // Reading from memory does not fail.
    while let Ok(Some(event)) = statements.advance() {
        if event == Event::Statement {
            let current = statements.current();
            parse(current.text, current.tokens, dialect, &mut take);
        } else {
            only_statements &= matches!(event, Event::Directive(..));
        }
    }
    only_statements
}

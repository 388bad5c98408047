//! Statements that are prepared and executed later, and MySQL's variables with their texts.

use std::collections::HashMap;

use super::file::FileJudge;
use super::report::At;
use super::rules::DYNAMIC;
use super::statement::{Draft, Text, What};
use crate::check::Sink;
use crate::sql::{Dialect, TokenKind, tokens_of};

/// What was prepared, and what variables may say, in one file.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    /// Each variable's texts; only what is written at the top of the file counts, since elsewhere
    /// it may not run.
    texts: HashMap<String, Vec<Draft>>,
    statements: HashMap<String, Statement>,
    /// As many bytes of texts were put together.
    made: usize,
}

/// What was prepared under a name.
#[derive(Debug)]
struct Statement {
    /// The context's when it was judged.
    epoch: u64,
    /// What it runs sets no variable.
    calm: bool,
    /// Names may mean something else when it has run.
    renames: bool,
}

/// As many texts may be those of one variable.
const MOST_TEXTS: usize = 64;

/// As much is kept of what variables may say.
const MOST_KEPT: usize = 1 << 20;

/// As much is put together in a file of texts that say each other.
const MOST_MADE: usize = 16 << 20;

impl<S: Sink> FileJudge<'_, S> {
    /// Whatever a statement did, that does not only set variables or define tables, may have set
    /// variables.
    pub(super) fn forget_texts(&mut self, first: &[u8]) {
        const CALM: [&str; 6] = ["set", "prepare", "deallocate", "execute", "alter", "drop"];
        let calm = CALM.iter().any(|word| first.eq_ignore_ascii_case(word.as_bytes()));
        if !calm && !self.prepared.texts.is_empty() {
            self.prepared.texts.clear();
        }
    }

    /// What is prepared, set and executed.
    pub(super) fn prepare(&mut self, what: &What<'_>, at: &At<'_>, depth: usize) {
        match what {
            What::SetTexts(texts) => self.set_texts(texts, depth),
            What::Prepare { name, from } => {
                let calm = match from {
                    Some(variable) => self.of_variable(variable, at, depth),
                    None => false,
                };
                let epoch = self.context.epoch;
                let statement = Statement { epoch, calm, renames: epoch != self.epoch_before };
                self.prepared.statements.insert(name.to_string(), statement);
            }
            What::Execute { name } => self.execute(name, at),
            _ => {}
        }
    }

    fn set_texts(&mut self, texts: &[(Text<'_>, Vec<Draft>)], depth: usize) {
        if depth > 0 || texts.is_empty() {
            return self.prepared.texts.clear();
        }
        for (variable, drafts) in texts {
            let filled = drafts.iter().flat_map(|draft| self.filled(draft)).collect::<Vec<_>>();
            let size: usize = filled.iter().map(|draft| draft.sql.len()).sum();
            if size > MOST_KEPT || filled.len() > MOST_TEXTS {
                self.prepared.texts.remove(&**variable);
            } else {
                self.prepared.texts.insert(variable.to_string(), filled);
            }
        }
    }

    /// A text with those of its variables, each of which may say several.
    fn filled(&mut self, draft: &Draft) -> Vec<Draft> {
        let mut made = vec![Draft { whole: draft.whole, ..Draft::default() }];
        let mut from = 0;
        for (at, variable) in &draft.variables {
            let Some(texts) = self.prepared.texts.get(variable) else {
                return vec![Draft::default()];
            };
            let written = draft.sql.get(from..*at).unwrap_or_default();
            from = *at;
            let size = |of: &[Draft]| of.iter().map(|of| of.sql.len()).sum::<usize>();
            let size = size(&made) * texts.len() + (size(texts) + written.len()) * made.len();
            self.prepared.made += size;
            let many = made.len() * texts.len() > MOST_TEXTS || size > MOST_KEPT;
            if many || self.prepared.made > MOST_MADE {
                return vec![Draft::default()];
            }
            let with = |before: &Draft| {
                let join = |text: &Draft| Draft {
                    sql: [&before.sql, written, &text.sql].concat(),
                    whole: before.whole && text.whole,
                    variables: Vec::new(),
                };
                texts.iter().map(join).collect::<Vec<_>>()
            };
            made = made.iter().flat_map(with).collect();
        }
        let rest = draft.sql.get(from..).unwrap_or_default();
        made.iter_mut().for_each(|of| of.sql.extend_from_slice(rest));
        made
    }

    /// Judges every text that a variable may say; whether none of them sets another one.
    fn of_variable(&mut self, variable: &str, at: &At<'_>, depth: usize) -> bool {
        let known = self.prepared.texts.get(variable).filter(|_| depth == 0);
        let Some(texts) = known.filter(|texts| texts.iter().all(|text| text.whole)) else {
            self.emit(&DYNAMIC, at, "executes SQL that is put together while it runs".into());
            return false;
        };
        let size = texts.iter().map(|text| text.sql.len()).sum();
        if !self.may_follow(size, at) {
            return false;
        }
        let texts = self.prepared.texts.get(variable).cloned().unwrap_or_default();
        for text in &texts {
            self.executed(&text.sql, true, at, depth);
        }
        texts.iter().all(|text| is_calm(&text.sql))
    }

    fn execute(&mut self, name: &str, at: &At<'_>) {
        let postgres = self.context.dialect == Dialect::Postgres;
        let message = match self.prepared.statements.get(name) {
            None if postgres => "executes what is not prepared in this file",
            Some(statement) if statement.epoch != self.context.epoch => {
                "executes what was prepared when its names may have meant something else"
            }
            found => {
                self.context.epoch += u64::from(found.is_some_and(|of| of.renames));
                if !found.is_some_and(|of| of.calm) {
                    self.prepared.texts.clear();
                }
                return;
            }
        };
        self.prepared.texts.clear();
        self.emit(&DYNAMIC, at, message.into());
    }
}

/// Whether a text sets no variable of MySQL's: a change of a table, or a query of one constant.
fn is_calm(sql: &[u8]) -> bool {
    let (tokens, _) = tokens_of(sql, Dialect::Mysql);
    let words = |token: &crate::sql::Token| token.bytes(sql).to_ascii_lowercase();
    let variables = tokens.iter().any(|token| token.kind == TokenKind::Parameter);
    let first = tokens.first().map(words).unwrap_or_default();
    !variables
        && match &first[..] {
            b"alter" | b"drop" => true,
            b"create" => !tokens.iter().any(|token| words(token) == b"select"),
            b"select" | b"do" => {
                tokens.len() <= 3 && !tokens.iter().any(|of| of.kind == TokenKind::Sign(b'('))
            }
            _ => false,
        }
}

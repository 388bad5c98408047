//! One migration's file, from its beginning to its end.

use std::collections::HashSet;
use std::io::{self, Read};

use super::context::Context;
use super::known::Known;
use super::layout::{Layout, Migration, Part, Transaction};
use super::parse::parse;
use super::prepared::Prepared;
use super::report::{Allows, At, Memo, finding_of};
use super::rules::{
    BROKEN, CLIENT_COMMAND, DYNAMIC, Direction, LOCK_HELD, MigrationRule, NO_LOCK_TIMEOUT,
    NOT_ADDITIVE, TRANSACTION_CONTROL, UNREADABLE, UNRECOGNISED, UNSEEN, Verdicts, WRONG_PHASE,
    direction, judge, no_transaction,
};
use super::statement::{Action, Change, What};
use crate::check::Sink;
use crate::finding::{Finding, Pos, Span};
use crate::sql::{Dialect, Directive, Event, Mark, Phase, Room, Source, Statements, Tool};

/// What is asked for beyond what is always looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Nothing but additions is allowed (event stores).
    pub additive_only: bool,
    /// What undoes a migration is judged as if it ran.
    pub judge_down: bool,
}

/// What a file had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileSummary {
    /// How many statements were judged.
    pub statements: u64,
    /// How many undo something and do not run.
    pub undoing: u64,
}

/// Judges one migration as it is read. `known` is what earlier migrations made; what it makes is
/// added.
///
/// # Errors
/// When it cannot be read.
pub fn judge_file<R: Read>(
    reader: R,
    migration: &Migration,
    dialect: Dialect,
    options: Options,
    known: &mut Known,
    sink: &mut impl Sink,
) -> io::Result<FileSummary> {
    judge_file_within(&mut Room::default(), reader, migration, dialect, options, known, sink)
}

/// The same in a room that serves for many.
///
/// # Errors
/// When it cannot be read.
pub fn judge_file_within<R: Read>(
    room: &mut Room,
    reader: R,
    migration: &Migration,
    dialect: Dialect,
    options: Options,
    known: &mut Known,
    sink: &mut impl Sink,
) -> io::Result<FileSummary> {
    let mut judge = FileJudge::new(migration, dialect, options, known, sink);
    let mut statements = Statements::within(std::mem::take(room), reader, dialect);
    while let Some(event) = statements.advance()? {
        match event {
            Event::Statement => judge.statement(&statements.current()),
            Event::Directive(directive, pos) => judge.directive(directive, pos),
            Event::Command(command, pos) => judge.command(&command, pos),
            Event::Broken(problem, pos) => {
                let message = format!("a {} begins here and never ends", problem.name());
                judge.about(&BROKEN, pos, message);
            }
            Event::EndlessCopy(pos) => {
                judge.about(&BROKEN, pos, "the data of a COPY begins here and never ends".into());
            }
            Event::BehindCopy(pos) => {
                let message = "what stands behind a COPY … FROM stdin on its line is not read";
                judge.about(&UNREADABLE, pos, message.into());
            }
            Event::OfMysql(pos) => {
                let message = "MySQL runs what stands in this comment, and this is not read as its";
                judge.about(&UNREADABLE, pos, message.into());
            }
            Event::ReadOtherwise(pos) => {
                let message = "versions of PostgreSQL read these letters behind a number otherwise";
                judge.about(&UNREADABLE, pos, message.into());
            }
            Event::GaveUp(pos) => {
                judge.about(&UNREADABLE, pos, "what follows was not analysed".into());
            }
        }
    }
    *room = statements.leave();
    let (summary, made) = judge.end();
    known.tables.extend(made);
    Ok(summary)
}

pub(super) struct FileJudge<'a, S> {
    migration: &'a Migration,
    options: Options,
    pub(super) known: &'a mut Known,
    sink: &'a mut S,
    pub(super) context: Context,
    allows: Allows,
    /// What undoes it is being read.
    down: bool,
    /// The tool whose mark has said where what applies it begins.
    marked_up: Option<Tool>,
    transaction: Transaction,
    /// Where a transaction of its own was begun.
    begun: Option<Pos>,
    /// It said that it wants none.
    no_transaction: bool,
    lock_timeout_told: bool,
    /// Said of the first statement if another follows it in the same transaction.
    if_more_follows: Option<Finding>,
    /// Functions that were followed from this statement.
    pub(super) following: HashSet<String>,
    /// Functions that change nothing that matters, with all that they run.
    pub(super) inert: HashSet<String>,
    /// What was prepared, and what variables say.
    pub(super) prepared: Prepared,
    /// The context's epoch where the statement begins.
    pub(super) epoch_before: u64,
    /// As much was said or done that matters.
    pub(super) judged: u64,
    /// As many bytes of them were followed.
    pub(super) followed: usize,
    /// Tables that it creates.
    made: Vec<String>,
    /// Room for what the rules say of a statement.
    verdicts: Verdicts,
    summary: FileSummary,
}

impl<'a, S: Sink> FileJudge<'a, S> {
    fn new(
        migration: &'a Migration,
        dialect: Dialect,
        options: Options,
        known: &'a mut Known,
        sink: &'a mut S,
    ) -> Self {
        let transaction = match dialect {
            _ if migration.without_transaction => Transaction::None,
            Dialect::Postgres => migration.layout.transaction(),
            // MySQL commits before each change of a schema; SQLite has one writer.
            Dialect::Mysql | Dialect::Sqlite => Transaction::None,
        };
        known.routines.begin_file();
        let mut judge = Self {
            migration,
            options,
            known,
            sink,
            context: Context::new(dialect, migration.layout),
            allows: Allows::default(),
            down: migration.part == Part::Down,
            marked_up: None,
            transaction,
            begun: None,
            no_transaction: false,
            lock_timeout_told: false,
            if_more_follows: None,
            following: HashSet::new(),
            inert: HashSet::new(),
            prepared: Prepared::default(),
            epoch_before: 0,
            judged: 0,
            followed: 0,
            made: Vec::new(),
            verdicts: Verdicts::default(),
            summary: FileSummary::default(),
        };
        judge.set_transaction(transaction);
        judge
    }

    fn set_transaction(&mut self, transaction: Transaction) {
        self.transaction = transaction;
        self.context.in_transaction = transaction != Transaction::None;
    }

    fn statement(&mut self, source: &Source<'_>) {
        if self.down && !self.options.judge_down {
            self.summary.undoing += 1;
            self.allows.clear();
            return;
        }
        if let Some(finding) = self.if_more_follows.take() {
            self.sink.finding(finding);
        }
        self.summary.statements += 1;
        let memo = Memo::default();
        self.following.clear();
        self.epoch_before = self.context.epoch;
        parse(source.text, source.tokens, self.context.dialect, |action| {
            let at = At::new(source, &memo, action.start, action.end);
            self.action(&action, &at, 0);
        });
        self.forget_texts(source.tokens.first().map_or(b"", |first| first.bytes(source.text)));
        let whole = At::new(source, &memo, 0, source.text.len());
        self.named(source.text, source.tokens, &whole, 0);
        for finding in self.allows.unused(&self.migration.path) {
            self.sink.finding(finding);
        }
    }

    /// Judges one part of a statement, and what it runs.
    pub(super) fn action(&mut self, action: &Action<'_>, at: &At<'_>, depth: usize) {
        let what = &action.what;
        if self.is_first_of_implicit(what) {
            self.context.in_transaction = false;
        }
        let mut verdicts = std::mem::take(&mut self.verdicts);
        judge(what, &self.context, &mut verdicts);
        self.agreements(what, &mut verdicts);
        self.locks(what, &mut verdicts);
        self.judged += verdicts.0.len() as u64;
        for verdict in verdicts.0.drain(..) {
            let finding = finding_of(verdict, &self.migration.path, at, &mut self.allows);
            self.sink.finding(finding);
        }
        self.verdicts = verdicts;
        self.transactions(what, at);
        if let What::CreateTable(table) = what {
            self.made.push(table.name.name.to_string());
        }
        if self.known.routines.learn(what, true) {
            self.context.epoch += 1;
            self.inert.clear();
            self.following.clear();
        }
        self.judged += u64::from(!is_inert(what));
        let known = &self.known.tables;
        self.context.learn(what, depth == 0, |name| {
            known.contains(&*name.name) || known.contains(&*name.text())
        });
        self.hidden(what, at, depth);
        self.prepare(what, at, depth);
        if self.is_first_of_implicit(what) {
            self.context.in_transaction = true;
            self.if_more_follows = self.refused_with_more(what, at);
        }
    }

    /// A statement that cannot run in a transaction and is the first: whether there is one
    /// depends on what follows.
    fn is_first_of_implicit(&self, what: &What<'_>) -> bool {
        self.transaction == Transaction::Implicit
            && self.summary.statements == 1
            && self.begun.is_none()
            && no_transaction(what).is_some()
    }

    fn refused_with_more(&mut self, what: &What<'_>, at: &At<'_>) -> Option<Finding> {
        let mut verdicts = Verdicts::default();
        judge(what, &self.context, &mut verdicts);
        let refused = verdicts
            .0
            .into_iter()
            .find(|verdict| verdict.rule.rule.id == "concurrently-in-transaction")?;
        Some(finding_of(refused, &self.migration.path, at, &mut self.allows))
    }

    /// What was agreed on: additions only, phases.
    fn agreements(&self, what: &What<'_>, out: &mut Verdicts) {
        if !self.options.additive_only && self.context.phase.is_none() {
            return;
        }
        let touches_new = matches!(what, What::Alter { table, .. } if self.context.is_new(table));
        if touches_new {
            return;
        }
        let direction = direction(what);
        if self.options.additive_only && direction == Direction::Takes {
            out.add(&NOT_ADDITIVE, "changes or takes away what is there".to_owned(), &[]);
        }
        match (self.context.phase, direction) {
            (Some(Phase::Before), Direction::Takes) => {
                let message = "changes or takes away, before the deployment".to_owned();
                out.add(&WRONG_PHASE, message, &[]);
            }
            (Some(Phase::After), Direction::Adds)
                if matches!(
                    what,
                    What::Alter { change: Change::AddColumn(_), .. } | What::CreateTable(_)
                ) =>
            {
                let message = "adds after the deployment what the new version may need".to_owned();
                out.add(&WRONG_PHASE, message, &[]);
            }
            _ => {}
        }
    }

    fn locks(&mut self, what: &What<'_>, out: &mut Verdicts) {
        if self.context.dialect == Dialect::Sqlite {
            return;
        }
        if let Some(table) = self.context.held_during(what) {
            let message = format!("works while `{table}` stays locked by a statement before it");
            out.add(&LOCK_HELD, message, &[("table", &table.text())]);
        }
        if !self.context.lock_timeout
            && !self.lock_timeout_told
            && let Some((lock, table)) = self.context.strong_lock(what)
        {
            self.lock_timeout_told = true;
            let message = format!("waits for a lock on `{table}` ({lock}) without a limit");
            out.add(&NO_LOCK_TIMEOUT, message, &[]);
        }
    }

    /// Transactions of the migration's own, where the tool has one already.
    fn transactions(&mut self, what: &What<'_>, at: &At<'_>) {
        let tools = self.transaction == Transaction::Tool;
        match what {
            What::Begin => self.begun = Some(at.span().start),
            What::End | What::Rollback if self.begun.take().is_none() && tools => {
                let message = format!("ends the transaction that {} began", self.context.layout);
                self.emit(&TRANSACTION_CONTROL, at, message);
            }
            _ => {}
        }
    }

    fn directive(&mut self, directive: Directive, pos: Pos) {
        match directive {
            Directive::Mark(mark) => self.mark(mark),
            Directive::Phase(phase) => self.context.phase = Some(phase),
            Directive::Allow(allow) => {
                if let Some(finding) = self.allows.add(allow, pos, &self.migration.path) {
                    self.sink.finding(finding);
                }
            }
            Directive::Unknown(text) => {
                let finding = Allows::not_understood(&text, pos, &self.migration.path);
                self.sink.finding(finding);
            }
        }
    }

    fn mark(&mut self, mark: Mark) {
        let postgres = self.context.dialect == Dialect::Postgres;
        match mark {
            // What hides a part from being judged has to be of the tool that runs the file.
            Mark::Up(tool) | Mark::Down(tool) if self.is_of_another_tool(tool) => {}
            Mark::Down(tool) if self.marked_up != Some(tool) => {}
            Mark::Up(tool) => {
                self.marked_up = Some(tool);
                self.down = false;
                self.context.layout = Layout::of(tool);
                // goose and dbmate begin one, unless they were told not to before.
                let told = self.transaction == Transaction::None && self.summary.statements > 0;
                if postgres && !told && !self.no_transaction {
                    self.set_transaction(Transaction::Tool);
                }
            }
            Mark::Down(tool) => {
                self.down = true;
                self.context.layout = Layout::of(tool);
            }
            Mark::NoTransaction => {
                self.no_transaction = true;
                self.down = false;
                self.set_transaction(Transaction::None);
            }
            Mark::Changeset { transaction, .. } => {
                let kind =
                    if transaction && postgres { Transaction::Tool } else { Transaction::None };
                self.context.learn(&What::End, true, |_| false);
                self.context.layout = Layout::Liquibase;
                self.set_transaction(kind);
            }
            Mark::Breakpoint | Mark::StatementBegin | Mark::StatementEnd => {}
        }
    }

    /// Whether the file's place and name, or the migrations before it, say that another tool runs
    /// it.
    fn is_of_another_tool(&self, tool: Tool) -> bool {
        self.known.is_run_without(tool)
            || matches!(
                self.migration.layout,
                Layout::Prisma
                    | Layout::Drizzle
                    | Layout::GolangMigrate
                    | Layout::Diesel
                    | Layout::Flyway
            )
    }

    /// A command of psql: most of them run nothing.
    fn command(&mut self, command: &str, pos: Pos) {
        const RUN: &[&str] = &[
            "i",
            "ir",
            "include",
            "include_relative",
            "!",
            ".",
            "gexec",
            "gset",
            "copy",
            "o",
            "g",
            "gx",
            "w",
            "lo_import",
            "lo_unlink",
            "source",
            "system",
        ];
        let text = command.trim_start_matches('\\');
        let end = text.find(|c: char| !c.is_ascii_alphabetic() && c != '_').unwrap_or(text.len());
        let word = if end == 0 { text.get(..1).unwrap_or_default() } else { &text[..end] };
        // `\set name value`: what the value says stands wherever `:name` does. psql's own are in
        // capitals.
        let mut words = text.split_whitespace().skip(1);
        let own = words.next().is_none_or(|name| !name.contains(char::is_lowercase));
        let sets = word == "set" && (!own || text.contains([';', '`']));
        if matches!(word, "c" | "connect") {
            // Names are another database's from here on.
            let other = What::Set { name: "search_path".into(), zero: false };
            self.context.learn(&other, true, |_| false);
        }
        if (sets || RUN.contains(&word)) && (!self.down || self.options.judge_down) {
            self.about(&CLIENT_COMMAND, pos, format!("`{command}` runs what is not written here"));
        }
    }

    /// A finding about a place without a statement.
    fn about(&mut self, rule: &'static MigrationRule, pos: Pos, message: String) {
        let span = Span { start: pos, end: pos };
        let finding = Finding::new(&rule.rule, self.migration.path.clone(), span, message);
        self.sink.finding(finding.undecided());
    }

    pub(super) fn emit(&mut self, rule: &'static MigrationRule, at: &At<'_>, message: String) {
        self.judged += 1;
        let mut verdicts = Verdicts::default();
        verdicts.add(rule, message, &[]);
        for verdict in verdicts.0 {
            let finding = finding_of(verdict, &self.migration.path, at, &mut self.allows);
            self.sink.finding(finding);
        }
    }

    fn end(mut self) -> (FileSummary, Vec<String>) {
        if let Some(pos) = self.begun.take() {
            let span = Span { start: pos, end: pos };
            let message = "a transaction that is begun here is never ended";
            let path = self.migration.path.clone();
            self.sink.finding(Finding::new(&TRANSACTION_CONTROL.rule, path, span, message));
        }
        for finding in self.allows.unused(&self.migration.path) {
            self.sink.finding(finding);
        }
        (self.summary, self.made)
    }
}

/// What changes nothing that later statements are judged by, and is of no rule itself.
fn is_inert(what: &What<'_>) -> bool {
    matches!(what, What::Harmless | What::Insert { .. } | What::Calls { .. })
}

/// Whether findings of a rule mean that something could not be analysed.
pub(super) fn is_undecided(rule: &MigrationRule) -> bool {
    [&UNRECOGNISED, &DYNAMIC, &UNSEEN, &BROKEN, &UNREADABLE, &CLIENT_COMMAND]
        .iter()
        .any(|other| std::ptr::eq(*other, rule))
}

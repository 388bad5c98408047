//! What is known while a migration is read from its beginning to its end.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::layout::Layout;
use super::locks::{Lock, lock_of};
use super::statement::{Change, ConstraintKind, Name, Object, What};
use crate::sql::{Dialect, Phase};

/// What is known while a migration is read from its beginning to its end.
#[derive(Debug)]
pub struct Context {
    /// Whose SQL it is.
    pub dialect: Dialect,
    /// The tool that runs it.
    pub layout: Layout,
    /// Whether a transaction is open here.
    pub in_transaction: bool,
    /// When the migration runs, where it says so.
    pub phase: Option<Phase>,
    /// Whether waiting for locks has a limit.
    pub lock_timeout: bool,
    /// Tables (and views) that this migration created, and that nobody else uses yet.
    created: HashSet<String>,
    /// Those among them that may have been there: `IF NOT EXISTS`.
    perhaps: HashSet<String>,
    /// PostgreSQL's temporary ones: they have no schema of their own.
    temporary: HashSet<String>,
    /// Those among them that end with the transaction.
    until_commit: HashSet<String>,
    /// Indexes that it created.
    indexes: HashSet<String>,
    /// Checks that a column is not null: the constraint's name, its table, column, whether it is
    /// validated.
    checks: HashMap<String, (String, String, bool)>,
    /// How often names came to mean something else: what was prepared before runs otherwise.
    pub(super) epoch: u64,
    /// Tables whose rows were copied to a new one: the old one's name.
    copied: HashSet<String>,
    /// The first strong lock of the transaction: the table, and whether it was told already.
    held: Option<(Name<'static>, bool)>,
}

impl Context {
    /// At the beginning of a migration.
    #[must_use]
    pub fn new(dialect: Dialect, layout: Layout) -> Self {
        Self {
            dialect,
            layout,
            in_transaction: false,
            phase: None,
            lock_timeout: false,
            created: HashSet::new(),
            perhaps: HashSet::new(),
            temporary: HashSet::new(),
            until_commit: HashSet::new(),
            indexes: HashSet::new(),
            checks: HashMap::new(),
            epoch: 0,
            copied: HashSet::new(),
            held: None,
        }
    }

    /// Whether this migration created it, so that nobody uses it yet.
    #[must_use]
    pub fn is_new(&self, name: &Name<'_>) -> bool {
        let schema = name.schema.as_deref();
        self.created.contains(&*key(name))
            || (matches!(schema, None | Some("pg_temp"))
                && [&self.temporary, &self.until_commit].iter().any(|of| of.contains(&*name.name)))
    }

    /// The same, and it was not there before in any case: nothing that is lost with it is missed.
    #[must_use]
    pub fn is_surely_new(&self, name: &Name<'_>) -> bool {
        self.is_new(name) && !self.perhaps.contains(&*key(name))
    }

    /// The same, for a name without a schema.
    #[must_use]
    pub fn is_new_name(&self, name: &str) -> bool {
        self.created.contains(name)
            || self.temporary.contains(name)
            || self.until_commit.contains(name)
    }

    /// Whether this migration created the index.
    #[must_use]
    pub fn is_new_index(&self, name: &Name<'_>) -> bool {
        self.indexes.contains(&*name.name)
    }

    /// Whether a table's rows were copied to one that takes its place.
    #[must_use]
    pub fn is_rebuilt(&self, name: &Name<'_>) -> bool {
        self.dialect == Dialect::Sqlite && self.copied.contains(&*key(name))
    }

    /// Whether a validated check proves that no null is there.
    #[must_use]
    pub fn is_proven_not_null(&self, table: &str, column: &str) -> bool {
        self.checks.values().any(|(of, which, valid)| *valid && of == table && which == column)
    }

    /// The table whose strong lock is held while this statement works, unless it was told before.
    pub fn held_during(&mut self, what: &What<'_>) -> Option<Name<'static>> {
        let (held, told) = self.held.as_ref()?;
        if *told || !self.in_transaction {
            return None;
        }
        let other = |name: &Name| !name.may_be(held);
        let works = match what {
            What::Update { .. } | What::Delete { .. } => true,
            What::Insert { from, .. } => from.is_some(),
            What::Alter { change: Change::Validate { .. }, .. } => true,
            _ => false,
        };
        let locks_other = lock_of(what).is_some_and(|(lock, tables)| {
            lock >= Lock::Share && tables.iter().any(|name| other(name) && !self.is_new(name))
        });
        let builds = matches!(what, What::CreateIndex { table, .. } if !self.is_new(table));
        let held = (works || locks_other || builds).then(|| held.clone());
        if let (Some(_), Some((_, told))) = (&held, &mut self.held) {
            *told = true;
        }
        held
    }

    /// The strong lock that a statement takes on a table that others use.
    #[must_use]
    pub fn strong_lock<'w, 'a>(&self, what: &'w What<'a>) -> Option<(Lock, &'w Name<'a>)> {
        let (lock, tables) = lock_of(what).filter(|(lock, _)| *lock >= Lock::Share)?;
        let table = tables.iter().find(|name| !self.is_new(name))?;
        Some((lock, table))
    }

    /// Learns what a statement did. `sure` says that it runs in any case: what is in a block may
    /// not. `known` says whether a table was there before this migration.
    pub fn learn(&mut self, what: &What<'_>, sure: bool, known: impl Fn(&Name<'_>) -> bool) {
        self.epoch += u64::from(makes_names_mean_others(what));
        match what {
            What::CreateTable(table) if sure => {
                let known = known(&table.name);
                let new = table.temporary || !table.if_not_exists || !known;
                // Elsewhere they are in a schema as others are.
                if table.until_commit {
                    // Without a transaction it is gone at once.
                    if self.in_transaction {
                        self.until_commit.insert(table.name.name.to_string());
                    }
                } else if table.temporary && self.dialect == Dialect::Postgres {
                    self.temporary.insert(table.name.name.to_string());
                } else if new {
                    let name = key(&table.name).into_owned();
                    // One that was there before: this fails, and what follows may not.
                    if (table.if_not_exists || known) && !table.temporary {
                        self.perhaps.insert(name.clone());
                    }
                    self.created.insert(name);
                }
            }
            What::CreateIndex { name: Some(name), .. } => {
                self.indexes.insert(name.name.to_string());
            }
            What::Insert { from: Some(from), table } if self.is_new(table) => {
                self.copied.insert(key(from).into_owned());
            }
            What::Drop { object: Object::Table, names, .. } => {
                for name in names {
                    // The temporary one comes first.
                    let own =
                        |of: &mut HashSet<String>| name.schema.is_none() && of.remove(&*name.name);
                    if !own(&mut self.temporary) && !own(&mut self.until_commit) {
                        self.created.remove(&*key(name));
                    }
                }
            }
            What::Alter { table, change } => self.learn_change(table, change),
            What::Begin => self.in_transaction = true,
            What::End => {
                self.in_transaction = false;
                self.until_commit.clear();
                self.held = None;
            }
            // The same name may be another table's from here on.
            What::Set { name, .. } if name == "search_path" => self.created.clear(),
            What::Calls { functions, .. } if functions.iter().any(|of| of == "set_config") => {
                self.created.clear();
            }
            What::Rollback => {
                self.in_transaction = false;
                self.held = None;
                self.until_commit.clear();
                self.created.clear();
                self.indexes.clear();
            }
            What::Set { name, zero } if is_timeout(name, self.dialect) => self.lock_timeout = !zero,
            _ => {}
        }
        if self.held.is_none()
            && let Some((_, table)) = self.strong_lock(what)
        {
            self.held = Some((table.clone().into_owned(), false));
        }
    }

    fn learn_change(&mut self, table: &Name<'_>, change: &Change<'_>) {
        match change {
            Change::RenameTable { to } if self.until_commit.remove(&*table.name) => {
                self.until_commit.insert(to.to_string());
            }
            Change::RenameTable { to } if self.temporary.remove(&*table.name) => {
                self.temporary.insert(to.to_string());
            }
            Change::RenameTable { to } if self.is_new(table) => {
                self.created.remove(&*key(table));
                self.created.insert(to.to_string());
            }
            Change::AddConstraint(constraint) => {
                if let (Some(name), ConstraintKind::Check { not_null: Some(column) }) =
                    (&constraint.name, &constraint.kind)
                {
                    let fact = (table.to_string(), column.to_string(), !constraint.not_valid);
                    self.checks.insert(name.to_string(), fact);
                }
            }
            Change::Validate { name } => {
                if let Some((.., valid)) = self.checks.get_mut(&**name) {
                    *valid = true;
                }
            }
            Change::DropConstraint { name, .. } => {
                self.checks.remove(&**name);
            }
            _ => {}
        }
    }

    /// Begins another migration: what is known of constraints stays, nothing else.
    pub fn next_migration(&mut self, layout: Layout) {
        let checks = std::mem::take(&mut self.checks);
        *self = Self { checks, ..Self::new(self.dialect, layout) };
    }
}

/// Whether a name may be another table's behind it.
fn makes_names_mean_others(what: &What<'_>) -> bool {
    match what {
        What::Drop { object: Object::Table | Object::View | Object::Schema, .. }
        | What::Alter {
            change: Change::RenameTable { .. } | Change::SetSchema { .. } | Change::Unrecognised,
            ..
        }
        | What::Rename { .. }
        | What::SetSchema { .. }
        | What::Rollback
        | What::Block { .. }
        | What::Dynamic { .. }
        | What::Unrecognised { .. } => true,
        What::Set { name, .. } => name == "search_path",
        What::Calls { functions, .. } => functions.iter().any(|of| of == "set_config"),
        _ => false,
    }
}

fn is_timeout(name: &str, dialect: Dialect) -> bool {
    match dialect {
        Dialect::Postgres => matches!(name, "lock_timeout" | "statement_timeout"),
        Dialect::Mysql => name == "lock_wait_timeout",
        Dialect::Sqlite => false,
    }
}

/// `public.a` and `a` are one.
fn key<'n>(name: &'n Name<'_>) -> Cow<'n, str> {
    match name.schema.as_deref() {
        Some("public") => Cow::Borrowed(&name.name),
        _ => name.text(),
    }
}

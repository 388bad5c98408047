//! What statements do, as far as it matters for what runs beside them.

use std::borrow::Cow;
use std::fmt;

/// The name of a table, a view, …: as the database compares it (unquoted names in lower case).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The schema, where it is said.
    pub schema: Option<String>,
    /// The name in it.
    pub name: String,
}

impl Name {
    /// A name without a schema.
    #[must_use]
    pub fn plain(name: impl Into<String>) -> Self {
        Self { schema: None, name: name.into() }
    }

    /// As it is written: without a schema, nothing is copied.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match &self.schema {
            Some(schema) => Cow::Owned(format!("{schema}.{}", self.name)),
            None => Cow::Borrowed(&self.name),
        }
    }

    /// Whether both may be the same thing: `public.a` and `a` are.
    #[must_use]
    pub fn may_be(&self, other: &Self) -> bool {
        fn schema(name: &Name) -> &str {
            name.schema.as_deref().unwrap_or("public")
        }
        self.name == other.name && schema(self) == schema(other)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// What kind of thing a name is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Object {
    /// A table, foreign ones included.
    Table,
    /// An index.
    Index,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A sequence.
    Sequence,
    /// A type or a domain.
    Type,
    /// A schema; MySQL's databases too.
    Schema,
    /// A database.
    Database,
    /// A function, procedure, routine or aggregate.
    Function,
    /// An extension.
    Extension,
    /// A role or a user.
    Role,
    /// A policy of row security.
    Policy,
    /// A trigger.
    Trigger,
    /// Anything else.
    Other,
}

impl Object {
    /// As people say it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Index => "index",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::Sequence => "sequence",
            Self::Type => "type",
            Self::Schema => "schema",
            Self::Database => "database",
            Self::Function => "function",
            Self::Extension => "extension",
            Self::Role => "role",
            Self::Policy => "policy",
            Self::Trigger => "trigger",
            Self::Other => "object",
        }
    }
}

/// What a new column's value is where none is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Default {
    /// None, or null.
    Null,
    /// The same for every row: the table is not rewritten.
    Stable,
    /// Perhaps another for every row: the function that makes it so.
    Volatile(String),
}

/// A column as it is defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type in lower case, as it was written.
    pub of_type: String,
    /// Whether null is refused.
    pub not_null: bool,
    /// What it is where nothing is given.
    pub default: Default,
    /// `GENERATED … STORED`.
    pub stored: bool,
    /// An identity, `serial` or `AUTO_INCREMENT`: numbered row by row.
    pub numbered: bool,
    /// The constraints defined with it.
    pub constraints: Vec<Constraint>,
}

/// A constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    /// Its name, where it is said.
    pub name: Option<String>,
    /// What it wants.
    pub kind: ConstraintKind,
    /// `NOT VALID`: rows that are there are not looked at.
    pub not_valid: bool,
    /// `USING INDEX`: an index that is there serves it.
    pub using_index: bool,
}

/// What a constraint wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConstraintKind {
    /// Rows of another table.
    ForeignKey {
        /// That table.
        references: Option<Name>,
    },
    /// An expression; if it is `column IS NOT NULL`, that column.
    Check {
        /// The column that it keeps from being null.
        not_null: Option<String>,
    },
    /// No two alike.
    Unique,
    /// The primary key.
    PrimaryKey,
    /// No two that conflict.
    Exclude,
    /// `NOT NULL` as a constraint of the table (PostgreSQL 18).
    NotNull,
}

/// A table as it is created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateTable {
    /// Its name.
    pub name: Name,
    /// Whether it may have been there before.
    pub if_not_exists: bool,
    /// Whether only this connection sees it.
    pub temporary: bool,
    /// Its columns.
    pub columns: Vec<Column>,
    /// The tables that its foreign keys lead to.
    pub references: Vec<Name>,
}

/// One change of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// `ADD COLUMN`.
    AddColumn(Box<Column>),
    /// `DROP COLUMN`.
    DropColumn {
        /// Its name.
        column: String,
        /// With what depends on it.
        cascade: bool,
    },
    /// `ALTER COLUMN … TYPE`, MySQL's `MODIFY`.
    AlterType {
        /// The column.
        column: String,
        /// The type it gets.
        to: String,
    },
    /// MySQL's `CHANGE`: a new name and definition.
    ChangeColumn {
        /// The old name.
        from: String,
        /// The new definition.
        to: Box<Column>,
    },
    /// `SET NOT NULL`.
    SetNotNull {
        /// The column.
        column: String,
    },
    /// `DROP NOT NULL`.
    DropNotNull {
        /// The column.
        column: String,
    },
    /// `ADD CONSTRAINT`.
    AddConstraint(Constraint),
    /// `DROP CONSTRAINT`, MySQL's `DROP PRIMARY KEY`, `FOREIGN KEY`, `CHECK`.
    DropConstraint {
        /// Its name.
        name: String,
        /// With what depends on it.
        cascade: bool,
    },
    /// `VALIDATE CONSTRAINT`.
    Validate {
        /// Its name.
        name: String,
    },
    /// `RENAME COLUMN`.
    RenameColumn {
        /// The old name.
        from: String,
        /// The new name.
        to: String,
    },
    /// `RENAME TO`.
    RenameTable {
        /// The new name.
        to: String,
    },
    /// `SET SCHEMA`.
    SetSchema {
        /// The new schema.
        schema: String,
    },
    /// `SET TABLESPACE`.
    SetTablespace {
        /// The new tablespace.
        tablespace: String,
    },
    /// `SET LOGGED`, `SET UNLOGGED`.
    SetLogged {
        /// Whether it survives a crash.
        logged: bool,
    },
    /// `SET ACCESS METHOD`.
    SetAccessMethod,
    /// `ATTACH PARTITION`.
    Attach {
        /// The partition.
        partition: Name,
    },
    /// `DETACH PARTITION`.
    Detach {
        /// The partition.
        partition: Name,
        /// Without blocking.
        concurrently: bool,
    },
    /// `DISABLE TRIGGER`, `DISABLE RULE`.
    DisableTrigger {
        /// Its name, `all` or `user`.
        trigger: String,
    },
    /// `ENABLE`, `DISABLE`, `FORCE` `ROW LEVEL SECURITY`.
    RowSecurity {
        /// The word for it.
        how: &'static str,
    },
    /// `ADD GENERATED … AS IDENTITY` on a column that is there.
    AddIdentity,
    /// MySQL's `ADD INDEX`.
    AddIndex,
    /// MySQL's `DROP INDEX`.
    DropIndex,
    /// What MySQL can only do by copying the table.
    Copies {
        /// The words for it.
        how: &'static str,
    },
    /// MySQL's `ALGORITHM = …`.
    Algorithm(String),
    /// MySQL's `LOCK = …`.
    Lock(String),
    /// A change of the catalogue alone that only needs a moment.
    Harmless,
    /// Something else.
    Unrecognised,
}

/// Which rows a statement changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All: there is no condition, or one that always holds.
    All,
    /// Those of a condition, however many those are.
    Filtered,
    /// A limited number: one key, a list, a range, a limit.
    Bounded,
}

/// What one part of a statement does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// `CREATE TABLE`.
    CreateTable(CreateTable),
    /// `CREATE INDEX`.
    CreateIndex {
        /// Its name, where it is said.
        name: Option<Name>,
        /// Of which table.
        table: Name,
        /// The words behind the table.
        of: String,
        /// Without blocking.
        concurrently: bool,
        /// No two alike.
        unique: bool,
    },
    /// `CREATE FUNCTION` or `PROCEDURE`: nothing of it runs yet.
    CreateFunction {
        /// Its name.
        name: Name,
        /// Its body, as it is written, if it is a string.
        body: Option<Vec<u8>>,
        /// The language, in lower case.
        language: String,
    },
    /// `CREATE` of something else; `on` is the table that it is locked for.
    Create {
        /// What.
        object: Object,
        /// The table of a trigger, a rule or a policy.
        on: Option<Name>,
    },
    /// `DROP`.
    Drop {
        /// What.
        object: Object,
        /// The word for it, where there is none above.
        word: String,
        /// Their names.
        names: Vec<Name>,
        /// With what depends on them.
        cascade: bool,
        /// Without blocking.
        concurrently: bool,
        /// The table of a trigger, a rule or a policy.
        on: Option<Name>,
    },
    /// `DROP OWNED BY`.
    DropOwned {
        /// Whose.
        roles: String,
    },
    /// One change of a table.
    Alter {
        /// The table.
        table: Name,
        /// The change.
        change: Change,
    },
    /// A rename of something that is no table.
    Rename {
        /// What.
        object: Object,
        /// The old name.
        name: Name,
        /// The new name.
        to: String,
    },
    /// `SET SCHEMA` of something that is no table.
    SetSchema {
        /// What.
        object: Object,
        /// Its name.
        name: Name,
        /// The new schema.
        schema: String,
    },
    /// `ALTER TYPE … RENAME VALUE`.
    RenameEnumValue {
        /// The type.
        name: Name,
        /// The old value.
        from: String,
        /// The new value.
        to: String,
    },
    /// `ALTER TYPE … ADD VALUE`.
    AddEnumValue,
    /// A change of a composite type's attributes, or of a domain's constraints.
    AlterAttribute {
        /// The type.
        name: Name,
        /// The words for it.
        how: &'static str,
    },
    /// `TRUNCATE`.
    Truncate {
        /// The tables.
        tables: Vec<Name>,
        /// With what refers to them.
        cascade: bool,
    },
    /// `DELETE`.
    Delete {
        /// From which table.
        table: Name,
        /// Which rows.
        scope: Scope,
    },
    /// `UPDATE`.
    Update {
        /// Which table.
        table: Name,
        /// Which rows.
        scope: Scope,
    },
    /// `INSERT`, `MERGE`, `COPY … FROM`.
    Insert {
        /// Into which table.
        table: Name,
        /// The table that rows are taken from, where there is one.
        from: Option<Name>,
    },
    /// `REINDEX`.
    Reindex {
        /// `index`, `table`, `schema`, …
        what: String,
        /// Its name.
        name: String,
        /// Without blocking.
        concurrently: bool,
    },
    /// `VACUUM`.
    Vacuum {
        /// Writes the table anew.
        full: bool,
        /// The table, where it is said.
        table: Option<Name>,
    },
    /// `CLUSTER`.
    Cluster {
        /// The table, where it is said.
        table: Option<Name>,
    },
    /// `REFRESH MATERIALIZED VIEW`.
    Refresh {
        /// The view.
        view: Name,
        /// Without blocking readers.
        concurrently: bool,
    },
    /// `REVOKE`.
    Revoke {
        /// What, from whom.
        words: String,
    },
    /// `LOCK TABLE`, MySQL's `LOCK TABLES`.
    LockTable {
        /// The tables.
        tables: Vec<Name>,
    },
    /// `SET`; `local` is until the transaction ends.
    Set {
        /// What, in lower case.
        name: String,
        /// Whether it is the number zero.
        zero: bool,
    },
    /// `BEGIN`.
    Begin,
    /// `COMMIT`, `ROLLBACK`.
    End,
    /// What cannot run in a transaction, and is not above.
    OutsideTransaction {
        /// The words for it.
        words: &'static str,
    },
    /// `COPY … PROGRAM`: runs a command on the server.
    Program,
    /// Functions that are run: those a migration may have defined.
    Calls {
        /// Their names.
        functions: Vec<String>,
    },
    /// A block that is run (`DO`).
    Block {
        /// Its body.
        body: Vec<u8>,
        /// Its language, in lower case.
        language: String,
    },
    /// SQL that is put together when it runs: what of it is known, if anything. `whole` says
    /// whether all of it is.
    Dynamic {
        /// The statement, with stand-ins for what is not known.
        sql: Option<Vec<u8>>,
        /// Whether nothing of it depends on what it finds.
        whole: bool,
    },
    /// Nothing that matters here.
    Harmless,
    /// Not understood: why.
    Unrecognised {
        /// What is wrong with it.
        why: &'static str,
    },
}

/// What one part of a statement does, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// What it does.
    pub what: What,
    /// Where it begins in the statement's text.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

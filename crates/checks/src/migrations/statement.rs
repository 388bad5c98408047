//! What statements do, as far as it matters for what runs beside them.

use std::borrow::Cow;

pub use super::name::{Name, Text};

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
pub enum Default<'a> {
    /// None, or null.
    Null,
    /// The same for every row: the table is not rewritten.
    Stable,
    /// Perhaps another for every row: the function that makes it so.
    Volatile(Text<'a>),
}

/// A column as it is defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column<'a> {
    /// Its name.
    pub name: Text<'a>,
    /// Its type in lower case, as it was written.
    pub of_type: Text<'a>,
    /// Whether null is refused.
    pub not_null: bool,
    /// What it is where nothing is given.
    pub default: Default<'a>,
    /// `GENERATED … STORED`.
    pub stored: bool,
    /// An identity, `serial` or `AUTO_INCREMENT`: numbered row by row.
    pub numbered: bool,
    /// The constraints defined with it.
    pub constraints: Vec<Constraint<'a>>,
}

/// A constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint<'a> {
    /// Its name, where it is said.
    pub name: Option<Text<'a>>,
    /// What it wants.
    pub kind: ConstraintKind<'a>,
    /// `NOT VALID`: rows that are there are not looked at.
    pub not_valid: bool,
    /// `USING INDEX`: an index that is there serves it.
    pub using_index: bool,
}

/// What a constraint wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConstraintKind<'a> {
    /// Rows of another table.
    ForeignKey {
        /// That table.
        references: Option<Name<'a>>,
    },
    /// An expression; if it is `column IS NOT NULL`, that column.
    Check {
        /// The column that it keeps from being null.
        not_null: Option<Text<'a>>,
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
pub struct CreateTable<'a> {
    /// Its name.
    pub name: Name<'a>,
    /// Whether it may have been there before.
    pub if_not_exists: bool,
    /// Whether only this connection sees it.
    pub temporary: bool,
    /// `ON COMMIT DROP`.
    pub until_commit: bool,
    /// Its columns.
    pub columns: Vec<Column<'a>>,
    /// The tables that its foreign keys lead to.
    pub references: Vec<Name<'a>>,
    /// What it is a partition of, or inherits from.
    pub parents: Vec<Name<'a>>,
}

/// One change of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// `ADD COLUMN`.
    AddColumn(Box<Column<'a>>),
    /// `DROP COLUMN`.
    DropColumn {
        /// Its name.
        column: Text<'a>,
        /// With what depends on it.
        cascade: bool,
    },
    /// `ALTER COLUMN … TYPE`, MySQL's `MODIFY`.
    AlterType {
        /// The column.
        column: Text<'a>,
        /// The type it gets.
        to: Text<'a>,
    },
    /// MySQL's `CHANGE`: a new name and definition.
    ChangeColumn {
        /// The old name.
        from: Text<'a>,
        /// The new definition.
        to: Box<Column<'a>>,
    },
    /// `SET NOT NULL`.
    SetNotNull {
        /// The column.
        column: Text<'a>,
    },
    /// `DROP NOT NULL`.
    DropNotNull {
        /// The column.
        column: Text<'a>,
    },
    /// `ADD CONSTRAINT`.
    AddConstraint(Constraint<'a>),
    /// `DROP CONSTRAINT`, MySQL's `DROP PRIMARY KEY`, `FOREIGN KEY`, `CHECK`.
    DropConstraint {
        /// Its name.
        name: Text<'a>,
        /// With what depends on it.
        cascade: bool,
    },
    /// `VALIDATE CONSTRAINT`.
    Validate {
        /// Its name.
        name: Text<'a>,
    },
    /// `RENAME COLUMN`.
    RenameColumn {
        /// The old name.
        from: Text<'a>,
        /// The new name.
        to: Text<'a>,
    },
    /// `RENAME TO`.
    RenameTable {
        /// The new name.
        to: Text<'a>,
    },
    /// `SET SCHEMA`.
    SetSchema {
        /// The new schema.
        schema: Text<'a>,
    },
    /// `SET TABLESPACE`.
    SetTablespace {
        /// The new tablespace.
        tablespace: Text<'a>,
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
        partition: Name<'a>,
    },
    /// `INHERIT parent`.
    Inherit {
        /// The table that has its rows, too.
        parent: Name<'a>,
    },
    /// `DETACH PARTITION`.
    Detach {
        /// The partition.
        partition: Name<'a>,
        /// Without blocking.
        concurrently: bool,
    },
    /// `DISABLE TRIGGER`, `DISABLE RULE`.
    DisableTrigger {
        /// Its name, `all` or `user`.
        trigger: Text<'a>,
    },
    /// `ENABLE`, `DISABLE`, `FORCE` `ROW LEVEL SECURITY`.
    RowSecurity {
        /// The word for it.
        how: &'static str,
    },
    /// `ALTER COLUMN … SET EXPRESSION AS` of a generated column (PostgreSQL 17).
    SetExpression {
        /// The column.
        column: Text<'a>,
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
    Algorithm(Text<'a>),
    /// MySQL's `LOCK = …`.
    Lock(Text<'a>),
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

/// What a trigger or a rule runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fires<'a> {
    /// A function of this name.
    Function(Text<'a>),
    /// Statements that are its own.
    Body(Cow<'a, [u8]>),
}

/// What functions are called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Values that something else is done with.
    Value,
    /// What they do: nothing else is done.
    Effect,
    /// The same, of a procedure.
    Call,
}

/// A text that is put together, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// With stand-ins for what is not known.
    pub sql: Vec<u8>,
    /// Nothing of it depends on what it finds.
    pub whole: bool,
    /// Variables whose text belongs at these places, in their order.
    pub variables: Vec<(usize, String)>,
}

/// What one part of a statement does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What<'a> {
    /// `CREATE TABLE`.
    CreateTable(CreateTable<'a>),
    /// `CREATE INDEX`.
    CreateIndex {
        /// Its name, where it is said.
        name: Option<Name<'a>>,
        /// Of which table.
        table: Name<'a>,
        /// The words behind the table.
        of: Text<'a>,
        /// Without blocking.
        concurrently: bool,
        /// No two alike.
        unique: bool,
    },
    /// `CREATE FUNCTION` or `PROCEDURE`: nothing of it runs yet.
    CreateFunction {
        /// Its name.
        name: Name<'a>,
        /// Its body, as it is written, if it is a string.
        body: Option<Cow<'a, [u8]>>,
        /// The language, in lower case.
        language: Text<'a>,
    },
    /// `CREATE TRIGGER`, `CREATE RULE`: nothing of it runs yet.
    CreateTrigger {
        /// Its name.
        name: Option<Text<'a>>,
        /// The table whose changes it is about.
        on: Option<Name<'a>>,
        /// What it runs, where that is seen.
        fires: Option<Fires<'a>>,
    },
    /// `CREATE` of something else; `on` is the table that it is locked for.
    Create {
        /// What.
        object: Object,
        /// The table of a policy.
        on: Option<Name<'a>>,
    },
    /// `DROP`.
    Drop {
        /// What.
        object: Object,
        /// The word for it, where there is none above.
        word: &'static str,
        /// Their names.
        names: Vec<Name<'a>>,
        /// With what depends on them.
        cascade: bool,
        /// Without blocking.
        concurrently: bool,
        /// The table of a trigger, a rule or a policy.
        on: Option<Name<'a>>,
    },
    /// `DROP OWNED BY`.
    DropOwned {
        /// Whose.
        roles: Text<'a>,
    },
    /// One change of a table.
    Alter {
        /// The table.
        table: Name<'a>,
        /// The change.
        change: Change<'a>,
    },
    /// A rename of something that is no table.
    Rename {
        /// What.
        object: Object,
        /// The old name.
        name: Name<'a>,
        /// The new name.
        to: Text<'a>,
    },
    /// `SET SCHEMA` of something that is no table.
    SetSchema {
        /// What.
        object: Object,
        /// Its name.
        name: Name<'a>,
        /// The new schema.
        schema: Text<'a>,
    },
    /// `ALTER TYPE … RENAME VALUE`.
    RenameEnumValue {
        /// The type.
        name: Name<'a>,
        /// The old value.
        from: Text<'a>,
        /// The new value.
        to: Text<'a>,
    },
    /// `ALTER TYPE … ADD VALUE`.
    AddEnumValue,
    /// A change of a composite type's attributes, or of a domain's constraints.
    AlterAttribute {
        /// The type.
        name: Name<'a>,
        /// The words for it.
        how: &'static str,
    },
    /// `TRUNCATE`.
    Truncate {
        /// The tables.
        tables: Vec<Name<'a>>,
        /// With what refers to them.
        cascade: bool,
    },
    /// `DELETE`.
    Delete {
        /// From which table.
        table: Name<'a>,
        /// Which rows.
        scope: Scope,
    },
    /// `UPDATE`.
    Update {
        /// Which table.
        table: Name<'a>,
        /// Which rows.
        scope: Scope,
    },
    /// `INSERT`, `MERGE`, `COPY … FROM`.
    Insert {
        /// Into which table.
        table: Name<'a>,
        /// The table that rows are taken from, where there is one.
        from: Option<Name<'a>>,
    },
    /// `REINDEX`.
    Reindex {
        /// `index`, `table`, `schema`, …
        what: Text<'a>,
        /// Its name.
        name: Text<'a>,
        /// Without blocking.
        concurrently: bool,
    },
    /// `VACUUM`.
    Vacuum {
        /// Writes the table anew.
        full: bool,
        /// The table, where it is said.
        table: Option<Name<'a>>,
    },
    /// `CLUSTER`.
    Cluster {
        /// The table, where it is said.
        table: Option<Name<'a>>,
    },
    /// `REFRESH MATERIALIZED VIEW`.
    Refresh {
        /// The view.
        view: Name<'a>,
        /// Without blocking readers.
        concurrently: bool,
    },
    /// `REVOKE`.
    Revoke {
        /// What, from whom.
        words: Text<'a>,
    },
    /// `LOCK TABLE`, MySQL's `LOCK TABLES`.
    LockTable {
        /// The tables.
        tables: Vec<Name<'a>>,
    },
    /// `SET`; `local` is until the transaction ends.
    Set {
        /// What, in lower case.
        name: Text<'a>,
        /// Whether it is the number zero.
        zero: bool,
    },
    /// `BEGIN`.
    Begin,
    /// `COMMIT`.
    End,
    /// `ROLLBACK`: what was done since it began is not.
    Rollback,
    /// What cannot run in a transaction, and is not above.
    OutsideTransaction {
        /// The words for it.
        words: &'static str,
    },
    /// `COPY … PROGRAM`, `COPY … TO 'file'`: something on the server that is not the database's.
    Server {
        /// The words for it.
        does: &'static str,
    },
    /// `ALTER SYSTEM`, MySQL's `RESET MASTER`, `SET GLOBAL`, …: it is not about one database.
    ChangesServer {
        /// The words for it.
        how: &'static str,
    },
    /// Functions that are run.
    Calls {
        /// Their names; among them may be words that stand before parentheses as they do.
        functions: Vec<Text<'a>>,
        /// What they are called for.
        purpose: Purpose,
    },
    /// A block that is run (`DO`).
    Block {
        /// Its body.
        body: Cow<'a, [u8]>,
        /// Its language, in lower case.
        language: Text<'a>,
    },
    /// SQL that is put together when it runs: what of it is known, if anything. `whole` says
    /// whether all of it is.
    Dynamic {
        /// The statement, with stand-ins for what is not known.
        sql: Option<Cow<'a, [u8]>>,
        /// Whether nothing of it depends on what it finds.
        whole: bool,
    },
    /// `PREPARE name AS …`: what it runs is the action before. MySQL's `FROM @variable` names that.
    Prepare {
        /// Its name.
        name: Text<'a>,
        /// The variable that has its text.
        from: Option<Text<'a>>,
    },
    /// `EXECUTE name` of what was prepared.
    Execute {
        /// Its name.
        name: Text<'a>,
    },
    /// MySQL's `SET @a = …, @b = …`: what each may say; none of them if that is not known.
    SetTexts(Vec<(Text<'a>, Vec<Draft>)>),
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
pub struct Action<'a> {
    /// What it does.
    pub what: What<'a>,
    /// Where it begins in the statement's text.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

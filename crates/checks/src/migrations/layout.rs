//! Which tool a migration is written for, by where it lies and what it is called.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::undoing::{compensates, has_up, undoes_another};
use crate::sql::Tool;

/// The tool that applies a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// `migrations/20240101120000_name/migration.sql`.
    Prisma,
    /// `meta/_journal.json` beside the files.
    Drizzle,
    /// `1_name.up.sql`, `1_name.down.sql`.
    GolangMigrate,
    /// The same or `1_name.sql`, in a package of Rust.
    Sqlx,
    /// `2024-01-01-120000_name/up.sql`, `down.sql`.
    Diesel,
    /// `V1__name.sql`, `U1__name.sql`, `R__name.sql`.
    Flyway,
    /// `--liquibase formatted sql`.
    Liquibase,
    /// `-- +goose Up`.
    Goose,
    /// `-- migrate:up`.
    Dbmate,
    /// Files of SQL, by whatever tool.
    Plain,
}

/// Whether a tool runs a file in a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transaction {
    /// It begins one.
    Tool,
    /// It sends the file as one query: the server makes a transaction of it, unless it is one
    /// statement.
    Implicit,
    /// Each statement is its own.
    None,
}

impl Layout {
    /// The tool whose marks are in a file: it knows better than the file's name.
    pub(super) const fn of(tool: Tool) -> Self {
        match tool {
            Tool::Dbmate => Self::Dbmate,
            Tool::Goose => Self::Goose,
        }
    }

    /// Whether a tool runs a file in a transaction on PostgreSQL, by default.
    #[must_use]
    pub const fn transaction(self) -> Transaction {
        match self {
            // Prisma and golang-migrate: one query. Flyway looks: it leaves the transaction out
            // where every statement needs that, and refuses a mixture.
            Self::Prisma | Self::GolangMigrate | Self::Flyway => Transaction::Implicit,
            Self::Drizzle
            | Self::Sqlx
            | Self::Diesel
            | Self::Liquibase
            | Self::Goose
            | Self::Dbmate => Transaction::Tool,
            Self::Plain => Transaction::None,
        }
    }

    /// How a migration of it runs without a transaction.
    #[must_use]
    pub const fn without_transaction(self) -> &'static str {
        match self {
            Self::Prisma | Self::GolangMigrate => "a file with this statement alone",
            Self::Drizzle => "Drizzle has none: run it by hand, before",
            Self::Diesel => "`run_in_transaction = false` in metadata.toml beside the file",
            Self::Sqlx => "begin the file with `-- no-transaction`",
            Self::Flyway => "a file with this statement alone, or executeInTransaction=false",
            Self::Liquibase => "runInTransaction:false on its changeset",
            Self::Goose => "`-- +goose NO TRANSACTION`",
            Self::Dbmate => "`-- migrate:up transaction:false`",
            Self::Plain => "leave BEGIN and COMMIT out",
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prisma => "Prisma",
            Self::Drizzle => "Drizzle",
            Self::GolangMigrate => "golang-migrate",
            Self::Sqlx => "sqlx",
            Self::Diesel => "Diesel",
            Self::Flyway => "Flyway",
            Self::Liquibase => "Liquibase",
            Self::Goose => "goose",
            Self::Dbmate => "dbmate",
            Self::Plain => "SQL",
        })
    }
}

/// What a file does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Applies a change; a file with marks may do both.
    Up,
    /// Undoes it, when somebody asks for it.
    Down,
    /// Is applied again whenever it changes (Flyway's `R__`), or each time (its callbacks).
    Repeatable,
}

/// One migration's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Its path, with `/`.
    pub path: String,
    /// The tool it is written for.
    pub layout: Layout,
    /// What it does.
    pub part: Part,
    /// Its version, where it has one.
    pub version: Option<Version>,
    /// A file beside it says that its tool begins no transaction.
    pub without_transaction: bool,
}

impl Migration {
    /// A file of a tool.
    #[must_use]
    pub fn new(path: String, layout: Layout, part: Part) -> Self {
        Self { version: version(&path, layout), path, layout, part, without_transaction: false }
    }

    /// The file beside it in which its tool looks for settings, and what stands there if it is to
    /// begin no transaction.
    #[must_use]
    pub fn settings(&self) -> Option<(String, &'static str)> {
        match self.layout {
            Layout::Diesel => {
                Some((join(parent(&self.path), "metadata.toml"), "run_in_transaction=false"))
            }
            Layout::Flyway => Some((format!("{}.conf", self.path), "executeInTransaction=false")),
            _ => None,
        }
    }

    /// The folder that holds its sequence.
    #[must_use]
    pub fn sequence(&self) -> &str {
        let folder = parent(&self.path);
        if matches!(self.layout, Layout::Prisma | Layout::Diesel) { parent(folder) } else { folder }
    }
}

/// A version: numbers, compared one by one (`V1_2` is after `V1.1`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    first: u128,
    /// Nearly always none.
    others: Vec<u128>,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        self.others.iter().try_for_each(|number| write!(f, ".{number}"))
    }
}

/// The migrations among the files of a repository. `everything` takes every file of SQL, as it
/// is right for a folder that somebody named; else only those in folders that are known to hold
/// migrations.
#[must_use]
pub fn migrations(paths: Vec<String>, everything: bool) -> Vec<Migration> {
    migrations_in(paths, |path| everything || in_known_folder(path))
}

/// The same, of every file of SQL whose path is known to be one's.
#[must_use]
pub fn migrations_in(mut paths: Vec<String>, is_known: impl Fn(&str) -> bool) -> Vec<Migration> {
    paths.sort_unstable();
    paths.dedup();
    let mut folders: BTreeMap<&str, Folder> = BTreeMap::new();
    let kinds = paths.iter().map(|path| {
        if !is_sql(path) {
            return None;
        }
        let folder = folders.entry(parent(path)).or_insert_with_key(|of| Folder::of(of, &paths));
        let (layout, part) = layout(path, folder, &paths);
        let known = layout != Layout::Plain || is_known(path);
        known.then_some((layout, part))
    });
    let kinds: Vec<_> = kinds.collect();
    let taken = paths.into_iter().zip(kinds).filter_map(|(path, kind)| {
        let (layout, part) = kind?;
        Some(Migration::new(path, layout, part))
    });
    let mut migrations: Vec<_> = taken.collect();
    migrations.sort_by(|a, b| {
        a.sequence()
            .cmp(b.sequence())
            .then_with(|| a.version.cmp(&b.version))
            .then_with(|| a.path.cmp(&b.path))
    });
    migrations
}

/// Whether a path is among these, which are in order.
fn is_among(paths: &[String], path: &str) -> bool {
    paths.binary_search_by(|of| of.as_str().cmp(path)).is_ok()
}

/// What files of SQL end with.
const ENDS: [&str; 4] = [".sql", ".psql", ".pgsql", ".ddl"];

/// Whether a file is SQL by its name.
#[must_use]
pub fn is_sql(path: &str) -> bool {
    ENDS.iter().any(|end| has_end(path, end))
}

/// What a folder says of the migrations in it.
struct Folder {
    /// Drizzle's journal is in it.
    drizzle: bool,
    /// It is in a package of Rust.
    rust: bool,
    /// Flyway's migrations are in it.
    flyway: bool,
    /// Supabase runs every file of SQL in it, whatever it is called.
    supabase: bool,
}

impl Folder {
    fn of(folder: &str, paths: &[String]) -> Self {
        let has = |folder: &str, name: &str| is_among(paths, &join(folder, name));
        Self {
            drizzle: has(folder, "meta/_journal.json"),
            rust: ancestors(folder).any(|folder| has(folder, "Cargo.toml")),
            flyway: beginning(paths, folder, "V").any(|name| flyway(name) == Some(Part::Up)),
            supabase: file_name(folder) == "migrations" && file_name(parent(folder)) == "supabase",
        }
    }
}

/// The names in a folder that begin with this.
pub(super) fn beginning<'p>(
    paths: &'p [String],
    folder: &str,
    with: &str,
) -> impl Iterator<Item = &'p str> {
    let begin = join(folder, with);
    let from = paths.partition_point(|path| *path < begin);
    let name_at = begin.len() - with.len();
    paths[from..]
        .iter()
        .take_while(move |path| path.starts_with(&begin))
        .filter_map(move |path| path.get(name_at..))
        .filter(|name| slash(name).is_none())
}

fn layout(path: &str, of: &Folder, paths: &[String]) -> (Layout, Part) {
    let (folder, name) = (parent(path), file_name(path));
    let beside = |name: &str| is_among(paths, &join(folder, name));
    let parent_has = |name: &str| is_among(paths, &join(parent(folder), name));
    let prisma = || starts_with_version(file_name(folder)) || parent_has("migration_lock.toml");
    if name == "migration.sql" && prisma() {
        return (Layout::Prisma, Part::Up);
    }
    if name == "down.sql" && beside("migration.sql") && prisma() {
        return (Layout::Prisma, Part::Down);
    }
    // Diesel asks for both files, and runs what the folder's name orders.
    if starts_with_version(file_name(folder)) && (beside("up.sql") && beside("down.sql")) {
        match name {
            "up.sql" => return (Layout::Diesel, Part::Up),
            "down.sql" => return (Layout::Diesel, Part::Down),
            _ => {}
        }
    }
    if of.drizzle {
        return (Layout::Drizzle, if compensates(name, beside) { Part::Down } else { Part::Up });
    }
    if let Some(part) = flyway(name) {
        // Whoever is not Flyway runs it as any other file.
        let runs = part == Part::Down && !undoes_another(name, folder, paths);
        return (Layout::Flyway, if runs { Part::Up } else { part });
    }
    if of.flyway && is_callback(name) {
        return (Layout::Flyway, Part::Repeatable);
    }
    let tool = if of.rust { Layout::Sqlx } else { Layout::GolangMigrate };
    if starts_with_version(name) {
        if has_end(name, ".up.sql") {
            return (tool, Part::Up);
        }
        if has_end(name, ".down.sql") {
            let down = !of.supabase && has_up(name, folder, paths);
            return (tool, if down { Part::Down } else { Part::Up });
        }
        if of.rust && file_name(folder) == "migrations" {
            return (Layout::Sqlx, Part::Up);
        }
    }
    // Diesel's pairs, and those of hand-written tools.
    let ups = name.strip_suffix("down.sql").filter(|stem| stem.is_empty() || stem.ends_with('.'));
    let pair = ups.is_some_and(|stem| beside(&format!("{stem}up.sql")));
    let down = !of.supabase && (pair || compensates(name, beside));
    (Layout::Plain, if down { Part::Down } else { Part::Up })
}

/// Whether Flyway runs it by itself before or after migrations (its "callbacks").
fn is_callback(name: &str) -> bool {
    let when = ["before", "after", "create"].iter().find_map(|when| name.strip_prefix(when));
    when.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_uppercase()))
}

fn flyway(name: &str) -> Option<Part> {
    // Nearly every other file ends here.
    if !name.starts_with(['V', 'B', 'U', 'R']) {
        return None;
    }
    let (prefix, _) = name.split_once("__")?;
    let digits = |rest: &str| {
        rest.starts_with(|first: char| first.is_ascii_digit())
            && rest.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '_')
    };
    match prefix.split_at_checked(1)? {
        ("V" | "B", rest) if digits(rest) => Some(Part::Up),
        ("U", rest) if digits(rest) => Some(Part::Down),
        ("R", "") => Some(Part::Repeatable),
        _ => None,
    }
}

fn version(path: &str, layout: Layout) -> Option<Version> {
    let (folder, name) = (parent(path), file_name(path));
    let text = match layout {
        Layout::Prisma | Layout::Diesel => file_name(folder),
        Layout::Flyway => name.get(1..)?.split("__").next()?,
        _ => name,
    };
    match layout {
        // Diesel leaves the dashes out.
        Layout::Diesel => {
            let name = text.split('_').next()?.replace('-', "");
            Some(Version { first: name.parse().ok()?, others: Vec::new() })
        }
        Layout::Flyway => {
            let mut parts = text.split(['_', '.']).map_while(|part| part.parse().ok());
            Some(Version { first: parts.next()?, others: parts.collect() })
        }
        _ => {
            let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            Some(Version { first: text[..end].parse().ok()?, others: Vec::new() })
        }
    }
}

/// Whether a path leads through a folder that is known to hold migrations.
#[must_use]
pub fn in_known_folder(path: &str) -> bool {
    ancestors(parent(path)).any(|folder| is_known_folder(file_name(folder)))
}

/// Whether a folder of this name is known to hold migrations.
#[must_use]
pub fn is_known_folder(name: &str) -> bool {
    ["migrations", "migration", "migrate", "changelog", "changelogs"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

pub(super) fn starts_with_version(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_digit())
}

pub(super) fn has_end(path: &str, end: &str) -> bool {
    let from = path.len().checked_sub(end.len());
    from.and_then(|from| path.get(from..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

/// The folder that a path is in.
#[must_use]
pub fn parent(path: &str) -> &str {
    slash(path).map_or("", |at| &path[..at])
}

/// The name that a file has in its folder.
#[must_use]
pub fn file_name(path: &str) -> &str {
    slash(path).map_or(path, |at| &path[at + 1..])
}

fn slash(path: &str) -> Option<usize> {
    memchr::memrchr(b'/', path.as_bytes())
}

pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The folder itself, and those that it is in.
fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| (!folder.is_empty()).then(|| parent(folder)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(paths: &[&str]) -> Vec<String> {
        let told = migrations(paths.iter().map(ToString::to_string).collect(), false);
        let told = told.iter().map(|of| {
            let version = of.version.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
            format!("{} {} {:?} {version}", of.path, of.layout, of.part)
        });
        told.collect()
    }

    #[test]
    fn every_layout_is_found_by_itself() {
        assert_eq!(
            found(&[
                "prisma/migrations/20240101_a/migration.sql",
                "prisma/migrations/20240101_a/down.sql"
            ]),
            [
                "prisma/migrations/20240101_a/down.sql Prisma Down 20240101",
                "prisma/migrations/20240101_a/migration.sql Prisma Up 20240101"
            ]
        );
        assert_eq!(
            found(&["drizzle/meta/_journal.json", "drizzle/0001_b.sql"]),
            ["drizzle/0001_b.sql Drizzle Up 1"]
        );
        assert_eq!(
            found(&["db/000002_b.up.sql", "db/000002_b.down.sql", "x.sql"]),
            [
                "db/000002_b.down.sql golang-migrate Down 2",
                "db/000002_b.up.sql golang-migrate Up 2"
            ]
        );
        assert_eq!(
            found(&["Cargo.toml", "migrations/3_c.sql", "migrations/4_d.up.sql"]),
            ["migrations/3_c.sql sqlx Up 3", "migrations/4_d.up.sql sqlx Up 4"]
        );
        assert_eq!(
            found(&[
                "sql/V1_2__x.sql",
                "sql/V1.10__y.sql",
                "sql/R__v.sql",
                "sql/V1.0__b.sql",
                "sql/V1__a.sql",
                "sql/U1__x.sql",
                "sql/Very__x.sql"
            ]),
            [
                "sql/R__v.sql Flyway Repeatable -",
                "sql/U1__x.sql Flyway Down 1",
                "sql/V1__a.sql Flyway Up 1",
                "sql/V1.0__b.sql Flyway Up 1.0",
                "sql/V1_2__x.sql Flyway Up 1.2",
                "sql/V1.10__y.sql Flyway Up 1.10"
            ]
        );
        assert_eq!(
            found(&[
                "migrations/2024-01-02-030405_a/up.sql",
                "migrations/2024-01-02-030405_a/down.sql"
            ]),
            [
                "migrations/2024-01-02-030405_a/down.sql Diesel Down 20240102030405",
                "migrations/2024-01-02-030405_a/up.sql Diesel Up 20240102030405"
            ]
        );
        assert_eq!(
            found(&["db/migrations/7_x.sql", "queries/7_x.sql"]),
            ["db/migrations/7_x.sql SQL Up 7"]
        );
        assert_eq!(
            found(&["migrations/1_x.PSQL", "migrations/2_y.pgsql", "migrations/3_z.txt"]),
            ["migrations/1_x.PSQL SQL Up 1", "migrations/2_y.pgsql SQL Up 2"]
        );
    }

    #[test]
    fn callbacks_of_flyway_and_folders_in_capitals_are_found() {
        assert_eq!(
            found(&["sql/V1__a.sql", "sql/afterMigrate__b.sql", "sql/afterwards.sql"]),
            ["sql/afterMigrate__b.sql Flyway Repeatable -", "sql/V1__a.sql Flyway Up 1",]
        );
        assert_eq!(found(&["sql/afterMigrate.sql"]), Vec::<String>::new());
        assert_eq!(found(&["Data/Migrations/1_a.sql"]), ["Data/Migrations/1_a.sql SQL Up 1"]);
    }
}

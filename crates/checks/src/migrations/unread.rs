//! Migrations that are no SQL: programs and change logs. They are known by where they lie and what
//! is in them; nothing of them is judged, and each is told.

use std::borrow::Cow;

use memchr::memmem;

use super::layout::{file_name, has_end, in_known_folder, parent, starts_with_version};
use super::rules::UNREADABLE;
use crate::finding::{Allowed, Finding, Span};
use crate::secrets::inline;
use crate::source_file::is_test;

/// In what a migration is written that is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// SQL that is packed.
    Packed,
    /// SQL that a template engine makes of it.
    Template,
    /// What golang-migrate takes for a migration by `.up.`, whatever follows.
    OtherEnding,
    /// Liquibase's XML, YAML or JSON.
    ChangeLog,
    /// Rails, Sequel.
    Ruby,
    /// Django, Alembic, yoyo, peewee.
    Python,
    /// Knex, Sequelize, TypeORM and others, in JavaScript or TypeScript.
    Script,
    /// goose, bun, gormigrate.
    Go,
    /// Flyway's, in Java or Kotlin.
    Java,
    /// Laravel, Doctrine, Phinx.
    Php,
    /// Entity Framework, FluentMigrator.
    Dotnet,
    /// Ecto.
    Elixir,
    /// SeaORM, refinery.
    Rust,
}

impl Unread {
    /// What a file may be by its path alone. `named`: somebody named the folder that it is in, so
    /// that a name with a version is enough.
    #[must_use]
    pub fn may_be(path: &str, named: bool) -> Option<Self> {
        let (stem, end) = path.rsplit_once('.')?;
        let kind = match &*end.to_ascii_lowercase() {
            "gz" | "bz2" | "xz" | "zst" | "zip" if has_end(stem, ".sql") => Self::Packed,
            "tmpl" | "tpl" | "template" | "gotmpl" | "j2" | "jinja" | "jinja2" | "erb"
            | "mustache" | "hbs" | "liquid" | "in"
                if has_end(stem, ".sql") =>
            {
                Self::Template
            }
            "xml" | "yaml" | "yml" | "json" => Self::ChangeLog,
            "rb" => Self::Ruby,
            "py" => Self::Python,
            "js" | "mjs" | "cjs" | "ts" | "mts" | "cts" => Self::Script,
            "go" => Self::Go,
            "java" | "kt" => Self::Java,
            "php" => Self::Php,
            "cs" | "vb" | "fs" => Self::Dotnet,
            "ex" | "exs" => Self::Elixir,
            "rs" => Self::Rust,
            "sql" | "psql" | "pgsql" | "ddl" => return None,
            _ if is_versioned(file_name(path)) && file_name(path).contains(".up.") => {
                Self::OtherEnding
            }
            _ => return None,
        };
        let by_tool = match kind {
            Self::ChangeLog => file_name(path).to_ascii_lowercase().contains("changelog"),
            Self::Python => file_name(parent(path)) == "versions",
            _ => false,
        };
        let by_name = named && starts_with_version(file_name(path));
        (by_tool || by_name || in_known_folder(path)).then_some(kind)
    }

    /// Whether the content says so, too, or a name as tools give them.
    #[must_use]
    pub fn is(self, path: &str, content: &[u8]) -> bool {
        let named_so = match self {
            Self::Packed | Self::Template | Self::OtherEnding => true,
            Self::Ruby | Self::Python | Self::Script | Self::Go | Self::Php | Self::Elixir => {
                is_versioned(file_name(path)) && !is_test(path) && !path.ends_with(".d.ts")
            }
            _ => false,
        };
        named_so || self.is_by_content(content)
    }

    fn is_by_content(self, content: &[u8]) -> bool {
        // Of UTF-16, too, as Visual Studio writes it.
        let narrow: Vec<u8>;
        let text = if memchr::memchr(0, content).is_some() {
            narrow = content.iter().copied().filter(|byte| *byte != 0).collect();
            &narrow
        } else {
            content
        };
        let has =
            |marks: &[&str]| marks.iter().any(|mark| memmem::find(text, mark.as_bytes()).is_some());
        match self {
            Self::Packed | Self::Template | Self::OtherEnding => true,
            // One that only includes others changes nothing; an entity or an escape may hide it.
            Self::ChangeLog => {
                has(&["databaseChangeLog"]) && has(&["changeSet", "<!ENTITY", "\\x", "\\u"])
            }
            Self::Ruby => derives(text, &["<"]) || has(&["Sequel.migration", "ROM::SQL.migration"]),
            Self::Python => has(&[
                "class Migration(",
                "import Migration",
                "down_revision",
                "def upgrade(",
                "def migrate(",
                "from yoyo import",
            ]),
            Self::Script => {
                has(&["MigrationInterface"]) || derives(text, &["extends"]) || defines_up(text)
            }
            Self::Go => has(&[
                "AddMigration",
                "AddNamedMigration",
                "NewGoMigration",
                "igrations.MustRegister",
                "gormigrate.",
            ]),
            Self::Java => derives(text, &["extends", "implements", ":"]),
            Self::Php => derives(text, &["extends"]),
            Self::Dotnet => {
                has(&["migrationBuilder."]) || derives(text, &[":", "Inherits", "inherit"])
            }
            Self::Elixir => derives(text, &["use"]),
            Self::Rust => has(&["MigrationTrait for", "fn migration() ->"]),
        }
    }

    /// What is told of such a file; allowed where it says so in a comment.
    #[must_use]
    pub fn finding(self, path: &str, content: &[u8]) -> Finding {
        let (what, instead) = self.said();
        let message = format!("is {what}: what it does to the database is not analysed");
        let mut finding = Finding::new(&UNREADABLE.rule, path, Span::FILE, message).undecided();
        finding.help = Some(Cow::Owned(match self {
            Self::Packed => "Commit it unpacked.".to_owned(),
            Self::OtherEnding => "Let it end with `.sql`.".to_owned(),
            Self::Template => "Commit the SQL that is made of it.".to_owned(),
            _ => format!(
                "Commit the SQL that it runs ({instead}) below a folder `migrations`, so that it is \
                 judged; then allow this file in a comment of its own, with the reason: \
                 shipway: allow unreadable: WHY"
            ),
        }));
        let mut lines = content.split(|byte| *byte == b'\n').zip(1..);
        finding.allowed = lines.find_map(|(line, number): (_, usize)| {
            let reason = inline::allowance([line, b""], UNREADABLE.rule.id.as_str())?;
            Some(Allowed { reason, by: format!("{path}:{number}") })
        });
        finding
    }

    /// What it is, and what gives its SQL.
    const fn said(self) -> (&'static str, &'static str) {
        match self {
            Self::Packed => ("SQL that is packed", ""),
            Self::Template => ("SQL that a template makes", ""),
            Self::OtherEnding => ("a migration of golang-migrate by its `.up.`", ""),
            Self::ChangeLog => ("a change log of Liquibase", "`liquibase update-sql`"),
            Self::Ruby => {
                ("a migration in Ruby", "the log of `bin/rails db:migrate` on a scratch database")
            }
            Self::Python => (
                "a migration in Python",
                "Django: `manage.py sqlmigrate APP NAME`; Alembic: `alembic upgrade FROM:TO --sql`",
            ),
            Self::Script => (
                "a migration in JavaScript or TypeScript",
                "the queries that its tool logs on a scratch database",
            ),
            Self::Go => {
                ("a migration in Go", "the queries that its tool logs on a scratch database")
            }
            Self::Java => ("a migration in Java or Kotlin", "the statements that it executes"),
            Self::Php => (
                "a migration in PHP",
                "Laravel: `php artisan migrate --pretend`; Doctrine: `migrations:migrate --write-sql`",
            ),
            Self::Dotnet => ("a migration of .NET", "`dotnet ef migrations script FROM TO`"),
            Self::Elixir => (
                "a migration in Elixir",
                "`mix ecto.migrate --log-migrations-sql` on a scratch database",
            ),
            Self::Rust => {
                ("a migration in Rust", "the queries that its tool logs on a scratch database")
            }
        }
    }
}

/// A version and something behind it: `0001_a.py`, `20240101-a.js`.
fn is_versioned(name: &str) -> bool {
    let rest = name.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < name.len() && rest.starts_with(['_', '-'])
}

/// Whether something is derived from a class whose name ends in `Migration`: one of the signs
/// stands before that name.
fn derives(text: &[u8], signs: &[&str]) -> bool {
    let class = "Migration";
    memmem::find_iter(text, class).any(|at| {
        let ends = text.get(at + class.len()).is_none_or(|byte| !is_word(*byte));
        let in_name = |byte: &u8| is_word(*byte) || matches!(byte, b'.' | b'\\');
        // Names of Ruby and C++ have `::` in them.
        let mut before = &text[..at];
        loop {
            match before {
                [rest @ .., last] if in_name(last) => before = rest,
                [rest @ .., b':', b':'] => before = rest,
                _ => break,
            }
        }
        let before = before.trim_ascii_end();
        ends && signs.iter().any(|sign| before.ends_with(sign.as_bytes()))
    })
}

/// Whether a script defines something that is called `up`: a function, a method or a property.
fn defines_up(text: &[u8]) -> bool {
    memmem::find_iter(text, "up").any(|at| {
        let (before, after) = (&text[..at], &text[at + 2..]);
        let alone = !before.last().copied().is_some_and(is_word)
            && !after.first().copied().is_some_and(is_word);
        alone && is_definition(before, after)
    })
}

/// Whether a name between these is defined there, and not called or spoken of.
fn is_definition(before: &[u8], after: &[u8]) -> bool {
    const KEYWORDS: &[&str] =
        &["function", "const", "let", "var", "async", "public", "static", "readonly", "override"];
    let quote = |byte: &u8| matches!(byte, b'"' | b'\'' | b'`');
    let (before, after) = match (before, after) {
        ([before @ .., open], [close, after @ ..]) if quote(open) && quote(close) => {
            (before, after)
        }
        outside => outside,
    };
    let (before, after) = (before.trim_ascii_end(), after.trim_ascii_start());
    let word = before.rsplit(|byte| !is_word(*byte)).next().unwrap_or_default();
    let exported = before.ends_with(b".") || before.ends_with(b"[");
    let begins = before.is_empty()
        || before.ends_with(b"{")
        || before.ends_with(b",")
        || before.ends_with(b";")
        || before.ends_with(b"}")
        || before.ends_with(b")")
        || KEYWORDS.iter().any(|keyword| word == keyword.as_bytes());
    match after {
        [b'=', b'=', ..] => false,
        [b'=', ..] => exported || begins,
        [b']', rest @ ..] => exported && rest.trim_ascii_start().starts_with(b"="),
        [b':', ..] => begins,
        [b'(', ..] if word == b"function" => true,
        [b'(', rest @ ..] => {
            let body = memchr::memchr(b')', rest).map(|end| rest[end + 1..].trim_ascii_start());
            begins && body.is_some_and(|body| body.starts_with(b"{") || body.starts_with(b":"))
        }
        // A shorthand property, or an export of this name.
        [b',' | b'}', ..] => word == b"as" || before.ends_with(b"{") || before.ends_with(b","),
        _ => false,
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &str, content: &str) -> bool {
        Unread::may_be(path, false).is_some_and(|of| of.is(path, content.as_bytes()))
    }

    #[test]
    fn migrations_that_are_no_sql_are_known_by_place_and_content() {
        for (path, content) in [
            ("db/migrate/20240101_drop.rb", "class Drop < ActiveRecord::Migration[7.1]\n"),
            ("migrations/001_a.rb", "Sequel.migration do\n"),
            ("shop/migrations/0001_initial.py", "class Migration(migrations.Migration):\n"),
            ("alembic/versions/ab12_x.py", "revision = 'ab12'\ndown_revision = None\n"),
            ("migrations/versions/ab12_x.py", "def upgrade():\n    op.drop_table('a')\n"),
            ("src/migrations/1-Init.ts", "export class Init implements MigrationInterface {\n"),
            ("migrations/1_a.js", "exports.up = knex => knex.schema.dropTable('a')\n"),
            ("migrations/1_a.js", "exports['up'] = f\n"),
            ("migrations/1_a.ts", "export async function up(db: Kysely<any>) {}\n"),
            ("migrations/1_a.cjs", "module.exports = {\n  async up(queryInterface) {\n  },\n"),
            ("migrations/1_a.cjs", "module.exports = { up: (q) => q.dropTable('a') }\n"),
            ("migrations/1_a.mjs", "const f = 1;\nexport { f as up };\n"),
            ("migrations/1_a.ts", "export class A extends Migration {\n"),
            ("db/migrations/1_a.go", "goose.AddMigrationContext(up, down)\n"),
            ("src/main/java/db/migration/V1__a.java", "class V1__a extends BaseJavaMigration {"),
            ("database/migrations/2024_a.php", "return new class extends Migration\n"),
            (
                "migrations/Version1.php",
                "final class Version1 extends \\Doctrine\\AbstractMigration",
            ),
            ("Data/Migrations/2024_A.cs", "public partial class A : Migration\n{"),
            ("priv/repo/migrations/2024_a.exs", "  use Ecto.Migration\n"),
            ("migration/src/m2024_a.rs", "impl MigrationTrait for Migration {}\n"),
            ("src/main/resources/db/changelog.xml", "<databaseChangeLog><changeSet id='1'/>"),
            ("db/changelog/1.yaml", "databaseChangeLog:\n- changeSet:\n"),
            ("db/changelog/1.json", "{\"databaseChangeLog\": [{\"changeSet\": {}}]}"),
            ("migrations/2_b.sql.gz", ""),
            ("migrations/2_b.up.txt", "DROP TABLE a"),
            ("migrations/2_b.sql.tmpl", "DROP TABLE a"),
            ("db/migrate/2_b.SQL.J2", "DROP TABLE a"),
            ("db/migrate/2_b.rb", "require 'elsewhere'"),
            ("migrations/2024-b.ts", "export * from './elsewhere';"),
        ] {
            assert!(told(path, content), "{path}: {content}");
        }
        let wide: Vec<u8> =
            "class A : Migration".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(Unread::Dotnet.is("A.cs", &wide));
    }

    #[test]
    fn what_lies_among_migrations_and_is_none_is_not_told() {
        for (path, content) in [
            ("src/up.ts", "export async function up(db) {}\n"),
            ("drizzle/migrations/schema.ts", "// set up, then: pgTable\nexport const a = 1;\n"),
            ("migrations/meta/_journal.json", "{\"dialect\": \"postgresql\"}"),
            (
                "migrations/run.ts",
                "await migrator.up();\nconst d = x ? up : down;\nawait up(db);\n",
            ),
            ("migrations/run.ts", "type D = 'up' | 'down';\nrun(['up', 'down']);\n"),
            ("migrations/index.ts", "const all: Promise<Migration>[] = [];\n"),
            ("migrations/migrations.js", "export default { journal, migrations: { m0000 } }\n"),
            ("shop/migrations/__init__.py", ""),
            ("migrations/env.py", "from alembic import context\ndef run_migrations_online():\n"),
            ("Migrations/A.Designer.cs", "[Migration(\"2024_A\")]\npartial class A\n"),
            ("Migrations/ShopModelSnapshot.cs", "partial class S : ModelSnapshot\n"),
            ("migrations/embed.go", "//go:embed *.sql\nvar FS embed.FS\n"),
            ("db/changelog/master.xml", "<databaseChangeLog><include file='1.sql'/>"),
            ("changelogs/changelog.yaml", "releases:\n  1.0.0: {}\n"),
            ("migration/src/lib.rs", "impl MigratorTrait for Migrator {}\n"),
            ("data/export.sql.gz", ""),
            ("chart/templates/init.sql.tpl", ""),
            ("migrations/README.tmpl", ""),
            ("migrations/2_b.sql.md5", ""),
            ("migrations/2_b.test.ts", "test('b', () => {})"),
            ("migrations/2_b.up.sql", ""),
            ("migrations/start.up.txt", ""),
        ] {
            assert!(!told(path, content), "{path}: {content}");
        }
    }

    #[test]
    fn a_file_may_allow_itself_with_a_reason() {
        let text = b"# shipway: allow unreadable: its SQL is migrations/sql/2.sql\nclass A";
        let finding = Unread::Ruby.finding("db/migrate/2_a.rb", text);
        assert_eq!(finding.allowed.unwrap().by, "db/migrate/2_a.rb:1");
        assert!(Unread::Ruby.finding("a.rb", b"class A").allowed.is_none());
    }
}

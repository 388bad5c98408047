//! Whose SQL it is.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// PostgreSQL, and what speaks like it.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
    /// SQLite.
    Sqlite,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Postgres, Self::Mysql, Self::Sqlite];

    /// As people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MySQL",
            Self::Sqlite => "SQLite",
        }
    }

    /// The dialect that a text gives away by words that only one of them has.
    #[must_use]
    pub fn guess(text: &[u8]) -> Option<Self> {
        const SIGNS: &[(&str, Dialect)] = &[
            ("auto_increment", Dialect::Mysql),
            ("engine=", Dialect::Mysql),
            ("engine =", Dialect::Mysql),
            ("change column ", Dialect::Mysql),
            ("modify column ", Dialect::Mysql),
            ("\ndelimiter ", Dialect::Mysql),
            ("autoincrement", Dialect::Sqlite),
            ("pragma ", Dialect::Sqlite),
            ("without rowid", Dialect::Sqlite),
            ("timestamptz", Dialect::Postgres),
            ("plpgsql", Dialect::Postgres),
            ("concurrently", Dialect::Postgres),
            ("jsonb", Dialect::Postgres),
            ("bigserial", Dialect::Postgres),
            ("$$", Dialect::Postgres),
        ];
        let text = text.to_ascii_lowercase();
        let votes = |dialect: Self| {
            let signs = SIGNS.iter().filter(|(_, of)| *of == dialect);
            signs.filter(|(sign, _)| memchr::memmem::find(&text, sign.as_bytes()).is_some()).count()
        };
        let best = Self::ALL.into_iter().max_by_key(|dialect| votes(*dialect))?;
        // Both of these use backticks, and neither has its own words in every file.
        match votes(best) {
            0 if text.contains(&b'`') => Some(Self::Mysql),
            0 => None,
            _ => Some(best),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that is no dialect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no dialect: postgres, mysql or sqlite")]
pub struct NoDialect(String);

impl FromStr for Dialect {
    type Err = NoDialect;

    fn from_str(text: &str) -> Result<Self, NoDialect> {
        match text.to_ascii_lowercase().as_str() {
            "postgres" | "postgresql" | "pg" | "cockroachdb" => Ok(Self::Postgres),
            "mysql" | "mariadb" => Ok(Self::Mysql),
            "sqlite" | "turso" => Ok(Self::Sqlite),
            _ => Err(NoDialect(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_gives_its_dialect_away() {
        let of = |text: &str| Dialect::guess(text.as_bytes());
        assert_eq!(of("CREATE TABLE a (id INT AUTO_INCREMENT)"), Some(Dialect::Mysql));
        assert_eq!(of("ALTER TABLE `a` ADD b INT"), Some(Dialect::Mysql));
        assert_eq!(of("PRAGMA foreign_keys=off; CREATE TABLE `a` (b)"), Some(Dialect::Sqlite));
        assert_eq!(of("CREATE TABLE a (b jsonb)"), Some(Dialect::Postgres));
        assert_eq!(of("CREATE TABLE a (b int)"), None);
    }
}

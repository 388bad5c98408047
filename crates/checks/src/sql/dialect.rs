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
            ("/*!", Dialect::Mysql),
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
        let text = without_prose(text).to_ascii_lowercase();
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

/// A text without its comments and strings: what those say is no SQL. What MySQL runs in them is, and is
/// kept by its sign.
fn without_prose(text: &[u8]) -> Vec<u8> {
    let (mut plain, mut rest) = (Vec::with_capacity(text.len()), text);
    let behind = |rest: &[u8], sign: &[u8]| {
        memchr::memmem::find(rest, sign).map_or(rest.len(), |found| found + sign.len())
    };
    while let Some(at) = memchr::memchr3(b'-', b'/', b'\'', rest) {
        plain.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let (kept, length) = match rest {
            [b'-', b'-', ..] => (0, memchr::memchr(b'\n', rest).unwrap_or(rest.len())),
            [b'/', b'*', b'!', ..] => (3, 3),
            [b'/', b'*', ..] => (0, behind(rest, b"*/")),
            [b'\'', text @ ..] => {
                (0, 1 + memchr::memchr(b'\'', text).map_or(text.len(), |end| end + 1))
            }
            _ => (1, 1),
        };
        plain.extend_from_slice(&rest[..kept]);
        rest = &rest[length..];
    }
    plain.extend_from_slice(rest);
    plain
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
        assert_eq!(of("-- for `a`\n/* jsonb */ SELECT 'it -- is' -- PRAGMA x"), None);
        assert_eq!(of("/*!50000 DROP TABLE a */ -- jsonb timestamptz"), Some(Dialect::Mysql));
        assert_eq!(of("SELECT 1 /* jsonb"), None);
    }
}

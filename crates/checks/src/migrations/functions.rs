//! What may stand before parentheses without running anything that matters.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::sql::Dialect;

static POSTGRESQL: LazyLock<HashSet<&str>> =
    LazyLock::new(|| names(include_str!("functions_of_postgresql.txt")));
static MYSQL: LazyLock<HashSet<&str>> =
    LazyLock::new(|| names(include_str!("functions_of_mysql.txt")));

fn names(list: &'static str) -> HashSet<&'static str> {
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).collect()
}

/// Words of the grammar and types that parentheses may follow.
const WORDS: &[&str] = &[
    "all",
    "and",
    "any",
    "array",
    "as",
    "between",
    "by",
    "case",
    "cast",
    "character",
    "conflict",
    "cube",
    "dec",
    "decimal",
    "distinct",
    "else",
    "except",
    "exists",
    "extract",
    "filter",
    "float",
    "from",
    "group",
    "having",
    "ilike",
    "in",
    "intersect",
    "into",
    "is",
    "join",
    "key",
    "lateral",
    "like",
    "limit",
    "materialized",
    "national",
    "nchar",
    "not",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "over",
    "partition",
    "position",
    "precision",
    "returning",
    "rollup",
    "row",
    "rows",
    "select",
    "set",
    "sets",
    "some",
    "substring",
    "tablesample",
    "then",
    "union",
    "unique",
    "using",
    "values",
    "varying",
    "when",
    "where",
    "window",
    "with",
    "within",
    "zone",
];

/// The same of MySQL alone, its types too.
const WORDS_OF_MYSQL: &[&str] = &[
    "against",
    "bigint",
    "binary",
    "bit",
    "columns",
    "datetime",
    "div",
    "do",
    "double",
    "elseif",
    "end",
    "enum",
    "fields",
    "fixed",
    "ignore",
    "index",
    "int",
    "integer",
    "keys",
    "lines",
    "loop",
    "mediumint",
    "member",
    "numeric",
    "nvarchar",
    "of",
    "path",
    "real",
    "regexp",
    "return",
    "rlike",
    "separator",
    "signed",
    "smallint",
    "sounds",
    "tinyint",
    "unsigned",
    "until",
    "use",
    "value",
    "varbinary",
    "varchar",
    "vector",
    "while",
    "xor",
];

/// Whether a name before parentheses calls nothing that could change what is there.
pub(super) fn is_harmless(name: &str, dialect: Dialect) -> bool {
    WORDS.binary_search(&name).is_ok()
        || match dialect {
            Dialect::Postgres => POSTGRESQL.contains(name),
            Dialect::Mysql => MYSQL.contains(name) || WORDS_OF_MYSQL.binary_search(&name).is_ok(),
            // No functions can be defined in it.
            Dialect::Sqlite => true,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_text_is_not_harmless() {
        assert!(WORDS.is_sorted() && WORDS_OF_MYSQL.is_sorted());
        let is_harmless = |name| is_harmless(name, Dialect::Postgres);
        for name in ["setval", "count", "lower", "coalesce", "varchar", "numeric", "in"] {
            assert!(is_harmless(name), "{name}");
        }
        for name in ["query_to_xml", "lo_unlink", "ts_stat", "dblink_exec", "wipe", "#"] {
            assert!(!is_harmless(name), "{name}");
        }
        for name in ["group_concat", "json_table", "signed", "in", "sys.format_bytes"] {
            assert!(super::is_harmless(name, Dialect::Mysql), "{name}");
        }
        for name in ["sys_exec", "sys.execute_prepared_stmt", "group_replication_set_as_primary"] {
            assert!(!super::is_harmless(name, Dialect::Mysql), "{name}");
        }
    }
}

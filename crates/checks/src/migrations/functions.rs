//! What may stand before parentheses in PostgreSQL without running anything that matters.

use std::collections::HashSet;
use std::sync::LazyLock;

static FUNCTIONS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("functions_of_postgresql.txt").lines();
    lines.filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace).collect()
});

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

/// Whether a name before parentheses calls nothing that could change what is there.
pub(super) fn is_harmless(name: &str) -> bool {
    FUNCTIONS.contains(name) || WORDS.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_text_is_not_harmless() {
        assert!(WORDS.is_sorted());
        for name in ["setval", "count", "lower", "coalesce", "varchar", "numeric", "in"] {
            assert!(is_harmless(name), "{name}");
        }
        for name in ["query_to_xml", "lo_unlink", "ts_stat", "dblink_exec", "wipe", "#"] {
            assert!(!is_harmless(name), "{name}");
        }
    }
}

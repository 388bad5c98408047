//! Migrations outside of the folders that are known, by their numbers: `sql/1_a.sql`, `sql/2_b.sql`.

use std::collections::{HashMap, HashSet};

use shipway_checks::migrations::layout::{file_name, in_known_folder, is_sql, parent};
use shipway_checks::source_file::is_test;

/// What folders are called in which people keep the SQL of a database.
const FOLDERS: &[&str] =
    &["sql", "schema", "schemas", "ddl", "database", "databases", "db", "changes", "updates"];

/// The folders in which at least two files of SQL have numbers that differ.
pub(super) fn folders(names: &[String]) -> HashSet<String> {
    let mut first: HashMap<&str, &str> = HashMap::new();
    let mut folders = HashSet::new();
    for path in names.iter().filter(|path| is_numbered(path)) {
        let (folder, number) = (parent(path), number(path));
        if *first.entry(folder).or_insert(number) != number && !folders.contains(folder) {
            folders.insert(folder.to_owned());
        }
    }
    folders
}

/// Whether a file may be one of such a sequence: by its number and its folder's name.
pub(super) fn is_numbered(path: &str) -> bool {
    let name = file_name(path);
    let behind = name.trim_start_matches(|c: char| c.is_ascii_digit());
    let folder = file_name(parent(path));
    behind.len() < name.len()
        && behind.starts_with(['_', '-'])
        && is_sql(path)
        && FOLDERS.iter().any(|known| folder.eq_ignore_ascii_case(known))
        && !in_known_folder(path)
        && !is_test(path)
}

fn number(path: &str) -> &str {
    let name = file_name(path);
    let end = name.find(|c: char| !c.is_ascii_digit()).unwrap_or(name.len());
    name[..end].trim_start_matches('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_differ_make_a_sequence_of_a_folder() {
        let found = |paths: &[&str]| {
            let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
            let mut found: Vec<_> = folders(&paths).into_iter().collect();
            found.sort();
            found
        };
        let some = ["sql/1_a.sql", "sql/2_b.sql", "app/Schema/001-a.sql", "app/Schema/002-b.sql"];
        assert_eq!(found(&some), ["app/Schema", "sql"]);
        for none in [
            ["queries/1_a.sql", "queries/2_b.sql"],
            ["sql/1_a.sql", "sql/users.sql"],
            ["sql/1_a.sql", "sql/01_b.sql"],
            ["tests/sql/1_a.sql", "tests/sql/2_b.sql"],
            ["sql/3d.sql", "sql/4d.sql"],
            ["1_a.sql", "2_b.sql"],
        ] {
            assert_eq!(found(&none), Vec::<String>::new(), "{none:?}");
        }
    }
}

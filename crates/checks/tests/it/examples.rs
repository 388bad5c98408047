//! The examples of the rules, as `rules/*.sql` write them.
//!
//! `-- rule: NAME` begins a rule; `-- bad: WHY` and `-- good: WHY` begin an example of it, which
//! goes on to the next of these lines. A dialect (`mysql`, `sqlite`) or `additive` may stand
//! behind the first word.

use std::fs;
use std::path::PathBuf;

use shipway_checks::sql::Dialect;

/// An example of a rule.
#[derive(Debug, Clone)]
pub(crate) struct Example {
    pub(crate) rule: String,
    pub(crate) bad: bool,
    pub(crate) dialect: Dialect,
    pub(crate) additive: bool,
    pub(crate) why: String,
    pub(crate) sql: String,
}

/// Where the examples are.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../checks/tests/it/rules"))
}

/// Every example, in the order of the files.
pub(crate) fn all() -> Vec<Example> {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| !path.ends_with("given.sql")).collect();
    files.sort();
    files.iter().flat_map(|path| read(&fs::read_to_string(path).unwrap())).collect()
}

fn read(text: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut rule = String::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("-- rule: ") {
            name.clone_into(&mut rule);
        } else if let Some(example) = head(line, &rule) {
            examples.push(example);
        } else if let Some(example) = examples.last_mut().filter(|_| !line.is_empty()) {
            example.sql.push_str(line);
            example.sql.push('\n');
        }
    }
    examples
}

fn head(line: &str, rule: &str) -> Option<Example> {
    let (head, why) = line.strip_prefix("-- ")?.split_once(": ")?;
    let mut words = head.split(' ');
    let bad = match words.next()? {
        "bad" => true,
        "good" => false,
        _ => return None,
    };
    let (mut dialect, mut additive) = (Dialect::Postgres, false);
    match words.next() {
        Some("additive") => additive = true,
        Some(name) => dialect = name.parse().unwrap(),
        None => {}
    }
    let (rule, why) = (rule.to_owned(), why.to_owned());
    Some(Example { rule, bad, dialect, additive, why, sql: String::new() })
}

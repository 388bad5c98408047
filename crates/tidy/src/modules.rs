//! Every file of Rust belongs to something, and has something in it.

use std::collections::BTreeSet;

use crate::code::code_only;
use crate::{Finding, Tree};

/// Every file under `crates/` is reached from a root by `mod`.
pub fn reachable(tree: &Tree) -> Vec<Finding> {
    let ours: Vec<_> = tree
        .ending(".rs")
        .map(|(path, _)| path)
        .filter(|path| path.starts_with("crates/"))
        .collect();
    let mut reached = BTreeSet::new();
    let mut next: Vec<String> =
        ours.iter().filter(|path| is_root(path)).map(|&path| path.to_owned()).collect();
    while let Some(path) = next.pop() {
        if let Some(source) = tree.text(&path) {
            for name in declared(&code_only(source)) {
                let folder = children_folder(&path);
                next.push(format!("{folder}/{name}.rs"));
                next.push(format!("{folder}/{name}/mod.rs"));
            }
            reached.insert(path);
        }
    }
    let dead = ours.into_iter().filter(|path| !reached.contains(*path));
    dead.map(|path| Finding::new(path, "no `mod` leads to this file")).collect()
}

/// No file is without code.
pub fn empty(tree: &Tree) -> Vec<Finding> {
    let sources = tree.ending(".rs").filter(|(path, _)| path.starts_with("crates/"));
    let empty = sources.filter(|(_, source)| code_only(source).trim().is_empty());
    empty.map(|(path, _)| Finding::new(path, "has no code: it waits until it has")).collect()
}

/// What cargo compiles by itself.
fn is_root(path: &str) -> bool {
    let parts: Vec<_> = path.split('/').skip(2).collect();
    matches!(
        parts[..],
        ["build.rs"]
            | ["src", "lib.rs" | "main.rs"]
            | ["src", "bin", _]
            | ["tests" | "benches" | "examples", _]
            | ["tests" | "benches" | "examples", _, "main.rs"]
    )
}

/// Where the files are that `path` declares with `mod`.
fn children_folder(path: &str) -> &str {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    if matches!(file, "mod.rs" | "lib.rs" | "main.rs") || is_root(path) {
        folder
    } else {
        path.strip_suffix(".rs").unwrap_or(path)
    }
}

/// The names in `mod name;`.
fn declared(code: &str) -> Vec<&str> {
    let mut words = code
        .split_inclusive(|c: char| c.is_whitespace() || c == ';' || c == '{')
        .map(str::trim)
        .filter(|word| !word.is_empty());
    let mut names = Vec::new();
    while let Some(word) = words.next() {
        if word == "mod"
            && let Some(name) = words.next().and_then(|name| name.strip_suffix(';'))
        {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_nothing_declares_is_found() {
        let tree = Tree::of([
            ("crates/a/src/lib.rs", "pub mod one;\n// mod dead;\nmod inline { }"),
            ("crates/a/src/one.rs", "mod two;"),
            ("crates/a/src/one/two.rs", "pub(crate) mod three;"),
            ("crates/a/src/one/two/three/mod.rs", "mod four;"),
            ("crates/a/src/one/two/three/four.rs", "x"),
            ("crates/a/src/bin/tool.rs", "x"),
            ("crates/a/src/dead.rs", "x"),
            ("crates/a/tests/it/main.rs", "mod case;"),
            ("crates/a/tests/it/case.rs", "x"),
            ("crates/a/tests/it/lost.rs", "x"),
        ]);
        let places: Vec<_> = reachable(&tree).into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["crates/a/src/dead.rs", "crates/a/tests/it/lost.rs"]);
    }

    #[test]
    fn a_file_of_comments_alone_is_found() {
        let tree =
            Tree::of([("crates/a/src/lib.rs", "//! Later.\n"), ("crates/b/src/lib.rs", "x")]);
        assert_eq!(empty(&tree)[0].place, "crates/a/src/lib.rs");
        assert_eq!(empty(&tree).len(), 1);
    }
}

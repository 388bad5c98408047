//! What no file says: where and by whom it happened to be written.

use std::path::Path;

use crate::{Finding, Tree};

/// Beginnings of paths that exist on one machine only.
const PATHS: &[&str] = &[concat!("/ro", "ot/"), concat!("/wo", "rk/")];

/// Words about how the text came to be.
const WORDS: &[&str] = &[
    concat!("ass", "istant"),
    concat!("ass", "istants"),
    concat!("chat", "bot"),
    concat!("language ", "model"),
    concat!("this ", "session"),
    concat!("previous ", "session"),
    concat!("next ", "session"),
    concat!("my ", "session"),
    concat!("sub", "agent"),
    concat!("sub-", "agent"),
    concat!("the ", "brief"),
];

/// No file names a folder of one machine; `root` is where the repository is.
pub fn machine_paths(tree: &Tree, root: &Path) -> Vec<Finding> {
    let root = root.to_string_lossy().into_owned();
    // The root of the file system, or a folder in it, is in every path.
    let root = (root.matches('/').count() > 1).then_some(root);
    let banned: Vec<&str> = PATHS.iter().copied().chain(root.as_deref()).collect();
    find(tree, &banned, |before, after| {
        !before.is_some_and(is_of_path) && after.is_none_or(|_| true)
    })
}

fn is_of_path(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '~' | '*' | '}')
}

/// No file speaks of how it came to be.
pub fn workplace(tree: &Tree) -> Vec<Finding> {
    let is_end = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
    find(tree, WORDS, |before, after| is_end(before) && is_end(after))
}

fn find(
    tree: &Tree,
    banned: &[&str],
    counts: impl Fn(Option<char>, Option<char>) -> bool,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.own() {
        for (index, line) in text.lines().enumerate() {
            let line = line.to_lowercase();
            for word in banned {
                let mut places = line.match_indices(word);
                let found = places.any(|(at, word)| {
                    let before = line[..at].chars().next_back();
                    counts(before, line[at + word.len()..].chars().next())
                });
                if found {
                    findings.push(Finding::at(path, index + 1, format!("says `{word}`")));
                }
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_one_machine_is_found() {
        for path in PATHS.iter().copied().chain(["/srv/here/repo"]) {
            let text = format!("fine\nsee {path}x\nhttps://example.org{path}x\n/home/x{path}\n");
            let tree = Tree::of([("a.txt", text.as_str())]);
            let findings = machine_paths(&tree, Path::new("/srv/here/repo"));
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert_eq!(findings[0].place, "a.txt:2");
        }
    }

    #[test]
    fn words_about_the_workplace_are_found() {
        for word in WORDS {
            let text = format!("x{word}x\nIt is {}.\n", word.to_uppercase());
            let findings = workplace(&Tree::of([("a.md", text.as_str())]));
            assert_eq!(findings, [Finding::at("a.md", 2, format!("says `{word}`"))]);
        }
    }
}

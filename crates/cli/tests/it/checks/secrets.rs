//! `shipway check secrets`.

use shipway_checks::secrets::{example, kinds};

use super::Change;

/// A made-up secret of a kind in a line of its own, and the secret alone.
fn planted(id: &str) -> (String, String) {
    let kind = kinds().find(|kind| kind.id == id).unwrap();
    (format!("{}\n", example::planted(kind, 7)), example::value(kind, 7))
}

#[test]
fn a_secret_is_found_named_and_never_shown() {
    let (line, secret) = planted("npm-token");
    let change =
        Change::new(&[], &[("app/settings.toml", &line), ("app/clean.txt", "token: none\n")]);
    for format in ["text", "json", "sarif", "github"] {
        let (code, out, error) = change.check(&["secrets", "--format", format]);
        assert_eq!(code, 1, "{out}{error}");
        assert!(out.contains("app/settings.toml") && out.contains("npm-token"), "{out}");
        assert!(!format!("{out}{error}").contains(&secret[8..secret.len() - 4]), "{format}");
    }
    let (_, out, _) = change.check(&["secrets"]);
    assert!(out.ends_with("3 files searched: 1 found, 0 allowed: 1 critical\n"), "{out}");
}

#[test]
fn an_allowance_counts_with_its_reason_alone() {
    let (line, _) = planted("npm-token");
    let line = line.trim_end();
    let with = format!("{line} # shipway: allow npm-token: revoked in May\n");
    let (code, out, _) = Change::new(&[], &[("a.conf", &with)]).check(&["secrets"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("allowed by a.conf:1: revoked in May"), "{out}");
    assert!(out.contains("0 found, 1 allowed"), "{out}");
    let without = format!("{line} # shipway: allow npm-token\n");
    assert_eq!(Change::new(&[], &[("a.conf", &without)]).check(&["secrets"]).0, 1);
}

#[test]
fn a_change_is_judged_by_the_baseline_that_was_there_before_it() {
    let (old, _) = planted("npm-token");
    let (new, _) = planted("pypi-token");
    let change = Change::new(&[("a.conf", &old)], &[("b.conf", &new)]);
    change.repo.commit("Another").unwrap();
    let (code, out, _) = change.check(&["secrets", "--since", "main"]);
    assert_eq!(code, 1);
    assert!(out.contains("pypi-token") && !out.contains("npm-token"), "{out}");

    let (_, lines, _) = change.check(&["secrets", "--write-baseline"]);
    let known: String = lines.lines().map(|line| format!("{line}rotated\n")).collect();
    change.write(&[(".shipway/secrets-baseline", &known)]);
    let (code, out, _) = change.check(&["secrets"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("0 found, 2 allowed"), "{out}");
    // The change brings its own baseline: that is no judge of it.
    change.repo.commit("Allow ourselves").unwrap();
    assert_eq!(change.check(&["secrets", "--since", "main"]).0, 1);
}

#[test]
fn history_remembers_what_was_removed() {
    let (line, _) = planted("github-pat");
    let change = Change::new(&[("a.conf", &line)], &[("a.conf", "clean\n")]);
    change.repo.commit("Remove it").unwrap();
    assert_eq!(change.check(&["secrets"]).0, 0);
    let (code, out, _) = change.check(&["secrets", "--history"]);
    assert_eq!(code, 1);
    assert!(out.contains("github-pat"), "{out}");
}

#[test]
fn what_cannot_be_searched_keeps_the_gate_shut() {
    let change = Change::new(&[], &[]);
    std::fs::write(change.repo.path().join("a.zip"), b"PK\x03\x04 and no more").unwrap();
    let (code, out, _) = change.check(&["secrets"]);
    assert_eq!(code, 1);
    assert!(out.contains("a.zip") && out.contains("not analysed"), "{out}");
}

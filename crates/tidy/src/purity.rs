//! The pure crates touch no clock, network, files, randomness or threads.

use crate::code::{paths, product_code};
use crate::{Finding, Tree};

/// The crates that are pure.
const PURE: &[&str] = &["crates/core/src/", "crates/workflow/src/", "crates/checks/src/"];

/// The beginnings of paths that a pure crate does not name, and why.
const PATHS: &[(&str, &str)] = &[
    ("tokio", "pure code has no runtime"),
    ("std::fs", "files are read outside and handed in"),
    ("std::thread", "pure code starts no threads"),
    ("std::process", "pure code starts no processes"),
    ("std::env", "the environment is read outside and handed in"),
    ("std::io::stdin", "input is read outside"),
    ("std::io::stdout", "output is written outside"),
    ("std::io::stderr", "output is written outside"),
    ("rand", "randomness is handed in"),
    ("getrandom", "randomness is handed in"),
    ("Timestamp::now", "time enters as the input's timestamp"),
    ("Zoned::now", "time enters as the input's timestamp"),
    ("fs::read", "files are read outside and handed in"),
];

/// Names that a pure crate does not say at all, however they are imported.
/// (Addresses are data; what opens a connection is not.)
const NAMES: &[(&str, &str)] = &[
    ("Instant", "time enters as the input's timestamp"),
    ("SystemTime", "time enters as the input's timestamp"),
    ("TcpStream", "the network is asked outside"),
    ("TcpListener", "the network is asked outside"),
    ("UdpSocket", "the network is asked outside"),
    ("UnixStream", "the network is asked outside"),
    ("ToSocketAddrs", "names are looked up outside"),
];

/// Pure crates name nothing that does I/O, is random, or tells the time.
pub fn purity(tree: &Tree) -> Vec<Finding> {
    let pure = tree
        .ending(".rs")
        .filter(|(path, _)| PURE.iter().any(|folder| path.starts_with(folder)) && !is_test(path));
    pure.flat_map(|(path, source)| {
        let named = paths(&product_code(source));
        named.into_iter().filter_map(move |(line, name)| {
            let (banned, why) = impure(&name)?;
            Some(Finding::at(path, line, format!("`{banned}` in a pure crate: {why}")))
        })
    })
    .collect()
}

fn impure(path: &str) -> Option<(&'static str, &'static str)> {
    let by_path = PATHS.iter().find(|(banned, _)| {
        let plain = path.strip_prefix("jiff::").unwrap_or(path);
        begins_with(plain, banned)
    });
    let by_name = NAMES.iter().find(|(banned, _)| path.split("::").any(|name| name == *banned));
    by_path.or(by_name).copied()
}

/// Declared with `#[cfg(test)] mod tests;`.
fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

fn begins_with(path: &str, banned: &str) -> bool {
    path.strip_prefix(banned).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_out_is_found() {
        let source = "\
//! No tokio here.
use std::{collections::BTreeMap, fs};
use std::time::{Duration, Instant};
fn f() { let now = jiff::Timestamp::now(); let random = rand; }
use std::net::{SocketAddr, TcpStream};
#[cfg(test)]
mod tests { use std::fs; }
";
        let tree = Tree::of([("crates/core/src/a.rs", source), ("crates/host/src/a.rs", source)]);
        let places: Vec<_> = purity(&tree).into_iter().map(|finding| finding.place).collect();
        let expected = ["2", "3", "4", "4", "5"].map(|line| format!("crates/core/src/a.rs:{line}"));
        assert_eq!(places, expected);
    }

    #[test]
    fn names_that_only_begin_alike_are_no_matter() {
        let source = "use std::fsx; fn random() {} let randomly = strand::x;";
        assert!(purity(&Tree::of([("crates/core/src/a.rs", source)])).is_empty());
    }
}

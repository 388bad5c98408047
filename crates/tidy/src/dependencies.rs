//! Who may depend on whom.

use crate::{Finding, Graph};

/// What each crate may use, as ARCHITECTURE.md draws it. Whatever is not
/// here may not be there.
const MAY_USE: &[(&str, &[&str])] = &[
    ("workflow", &[]),
    ("core", &["workflow"]),
    ("checks", &["core", "workflow"]),
    ("process", &[]),
    ("evidence", &["checks", "core", "workflow", "process"]),
    ("store", &["core", "workflow"]),
    ("results", &["core"]),
    ("runner", &["core", "workflow", "process", "results"]),
    ("host", &["process"]),
    ("hosting", &[]),
    ("targets", &["core", "workflow", "host"]),
    (
        "server",
        &[
            "store", "runner", "results", "targets", "host", "hosting", "process", "evidence",
            "checks", "core", "workflow",
        ],
    ),
    (
        "cli",
        &[
            "server", "store", "runner", "results", "targets", "host", "hosting", "evidence",
            "checks", "core", "workflow",
        ],
    ),
    ("sim", &["core", "store", "targets"]),
    ("tidy", &[]),
];

/// Only ever used by tests.
const TEST_ONLY: &[&str] = &["sim", "tidy"];

/// Crates that have no business with these packages of others: pure.
const PURE: &[&str] = &["core", "workflow", "checks"];
const NOT_PURE: &[&str] =
    &["tokio", "rand", "getrandom", "rustix", "libc", "hyper", "reqwest", "tempfile", "uuid"];

/// Packages that are not wanted, and why.
const BANNED: &[(&str, &str)] = &[
    ("openssl", "one TLS: rustls with aws-lc"),
    ("openssl-sys", "one TLS: rustls with aws-lc"),
    ("native-tls", "one TLS: rustls with aws-lc"),
    ("ring", "one cryptography: aws-lc"),
    ("serde_yaml", "no longer maintained; positions are lost"),
    ("chrono", "one calendar: jiff"),
];

/// Packages of which one version is enough: large, or part of interfaces.
const ONE_VERSION: &[&str] = &[
    "axum",
    "bytes",
    "clap",
    "h2",
    "http",
    "http-body",
    "hyper",
    "hyper-util",
    "indexmap",
    "jiff",
    "libsqlite3-sys",
    "reqwest",
    "rusqlite",
    "rustix",
    "rustls",
    "schemars",
    "serde",
    "serde_json",
    "sha2",
    "thiserror",
    "tokio",
    "tokio-util",
    "tower",
    "tracing",
    "tracing-subscriber",
    "tungstenite",
];

/// Dependencies between our crates go one way.
pub fn direction(graph: &Graph) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in &graph.members {
        let Some((_, may)) = MAY_USE.iter().find(|(name, _)| *name == member.name) else {
            let message = "a new crate: say in ARCHITECTURE.md and here what it may use";
            findings.push(Finding::new(&member.name, message));
            continue;
        };
        for used in &member.uses {
            if TEST_ONLY.contains(&used.as_str()) {
                let message = format!("`{used}` is for tests: make it a dev-dependency");
                findings.push(Finding::new(&member.name, message));
            } else if !may.contains(&used.as_str()) {
                findings.push(Finding::new(&member.name, format!("may not use `{used}`")));
            }
        }
        for used in &member.tests_use {
            // A crate's tests may use the crate itself with other features.
            let own = *used == member.name || TEST_ONLY.contains(&used.as_str());
            if !own && !may.contains(&used.as_str()) {
                findings.push(Finding::new(&member.name, format!("tests may not use `{used}`")));
            }
        }
    }
    findings
}

/// The pure crates depend on nothing that does I/O or is random.
pub fn purity(graph: &Graph) -> Vec<Finding> {
    let pure = graph.members.iter().filter(|member| PURE.contains(&member.name.as_str()));
    pure.flat_map(|member| {
        let impure = member.external.iter().filter(|name| NOT_PURE.contains(&name.as_str()));
        impure.map(|name| Finding::new(&member.name, format!("is pure, and uses `{name}`")))
    })
    .collect()
}

/// No package that is not wanted is built.
pub fn banned(graph: &Graph) -> Vec<Finding> {
    let found = graph.external.iter().filter_map(|(name, version)| {
        if name == "hyper" && version.starts_with("0.") {
            return Some(Finding::new(format_args!("{name} {version}"), "banned: one hyper, 1.x"));
        }
        let (_, why) = BANNED.iter().find(|(banned, _)| banned == name)?;
        Some(Finding::new(format_args!("{name} {version}"), format!("banned: {why}")))
    });
    found.collect()
}

/// Of the large packages, one version is built.
pub fn one_version(graph: &Graph) -> Vec<Finding> {
    let found = ONE_VERSION.iter().filter_map(|name| {
        let versions = graph.external.iter().filter(|(other, _)| other == name);
        let versions: Vec<_> = versions.map(|(_, version)| version.as_str()).collect();
        let message = || format!("more than one version: {}", versions.join(", "));
        (versions.len() > 1).then(|| Finding::new(name, message()))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Member;

    fn member(name: &str, uses: &[&str], tests_use: &[&str], external: &[&str]) -> Graph {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let (uses, tests_use, external) = (owned(uses), owned(tests_use), owned(external));
        let member = Member { name: name.to_owned(), uses, tests_use, external };
        Graph { members: vec![member], external: Vec::new() }
    }

    fn built(packages: &[(&str, &str)]) -> Graph {
        let owned = |&(name, version): &(&str, &str)| (name.to_owned(), version.to_owned());
        Graph { members: Vec::new(), external: packages.iter().map(owned).collect() }
    }

    fn said(findings: &[Finding]) -> Vec<String> {
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_dependency_upwards_is_found() {
        let findings = direction(&member("core", &["workflow", "store"], &[], &[]));
        assert_eq!(said(&findings), ["core: may not use `store`"]);
        let findings = direction(&member("core", &[], &["server"], &[]));
        assert_eq!(said(&findings), ["core: tests may not use `server`"]);
    }

    #[test]
    fn what_is_for_tests_is_only_used_by_tests() {
        let findings = direction(&member("cli", &["sim"], &[], &[]));
        assert_eq!(said(&findings), ["cli: `sim` is for tests: make it a dev-dependency"]);
        assert!(direction(&member("cli", &["core"], &["sim"], &[])).is_empty());
    }

    #[test]
    fn a_crate_that_nobody_drew_is_found() {
        assert_eq!(direction(&member("utils", &[], &[], &[])).len(), 1);
    }

    #[test]
    fn a_pure_crate_with_a_runtime_is_found() {
        let findings = purity(&member("core", &[], &[], &["serde", "tokio"]));
        assert_eq!(said(&findings), ["core: is pure, and uses `tokio`"]);
        assert!(purity(&member("host", &[], &[], &["tokio"])).is_empty());
    }

    #[test]
    fn banned_packages_are_found() {
        let findings = banned(&built(&[("hyper", "0.14.3"), ("hyper", "1.2.0"), ("ring", "1.0")]));
        let expected =
            ["hyper 0.14.3: banned: one hyper, 1.x", "ring 1.0: banned: one cryptography: aws-lc"];
        assert_eq!(said(&findings), expected);
    }

    #[test]
    fn a_second_version_is_found() {
        let findings = one_version(&built(&[("http", "0.2.1"), ("http", "1.1.0"), ("syn", "1")]));
        assert_eq!(said(&findings), ["http: more than one version: 0.2.1, 1.1.0"]);
    }
}

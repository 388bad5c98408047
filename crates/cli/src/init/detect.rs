//! Which folders of a repository are services, and which they are made of.

use std::collections::BTreeSet;

use super::folder::Folder;
use super::kind::{self, Sighting};
use super::{Detected, Found, Tree};

/// Folders whose folders are often services.
const GROUPS: &[&str] = &["services", "apps", "packages", "crates", "cmd"];

/// What the repository seems to be. Where nothing is recognised, one service
/// stands for all of it, without a command.
pub(crate) fn detect(tree: &Tree) -> Detected {
    let mut services = Vec::new();
    let mut libraries = Vec::new();
    for path in candidates(tree) {
        match kind::look(Folder { tree, path: &path }) {
            Some(Sighting::Services(found)) => services.extend(found),
            Some(Sighting::Library) => libraries.push(path),
            Some(Sighting::Workspace) | None => {}
        }
    }
    if services.is_empty() {
        services.push(kind::unknown(Folder { tree, path: "." }));
    }
    for service in &mut services {
        service.uses = used(tree, service, &libraries);
    }
    make_unique(&mut services);
    let branch = if tree.branch.is_empty() { "main" } else { &tree.branch };
    Detected {
        project: name(&tree.name),
        branch: branch.to_owned(),
        services,
        has_workflows: tree.files.iter().any(|file| file.starts_with(".github/workflows/")),
    }
}

/// Folders that hold parts of a program, or nothing that is run.
const PARTS: &[&str] = &[
    "doc",
    "docs",
    "example",
    "examples",
    "fixtures",
    "migrations",
    "public",
    "scripts",
    "src",
    "static",
    "templates",
    "test",
    "tests",
    "www",
];

/// The root, the folders in it, and the folders in groups.
fn candidates(tree: &Tree) -> BTreeSet<String> {
    let mut found = BTreeSet::from([".".to_owned()]);
    for file in &tree.files {
        let parts: Vec<&str> = file.split('/').collect();
        match parts.as_slice() {
            [folder, _]
                if !folder.starts_with('.')
                    && !GROUPS.contains(folder)
                    && !PARTS.contains(folder) =>
            {
                found.insert((*folder).to_owned());
            }
            [group, folder, _, ..] if GROUPS.contains(group) => {
                found.insert(format!("{group}/{folder}"));
            }
            _ => {}
        }
    }
    found
}

/// The libraries of the repository that the service's manifest names, and
/// those that they name in turn.
fn used(tree: &Tree, service: &Found, libraries: &[String]) -> Vec<String> {
    let names = |folder: &str, library: &str| {
        kind::names_library(Folder { tree, path: folder }, Folder { tree, path: library })
    };
    let mut used: Vec<String> = Vec::new();
    let next = |used: &[String]| {
        let mut left =
            libraries.iter().filter(|library| **library != service.path && !used.contains(library));
        left.find(|library| {
            names(&service.path, library) || used.iter().any(|other| names(other, library))
        })
        .cloned()
    };
    while let Some(library) = next(&used) {
        used.push(library);
    }
    used.sort();
    used
}

/// Two services never share a name: the second gets a number.
fn make_unique(services: &mut [Found]) {
    let mut taken = BTreeSet::new();
    for service in services {
        let mut number = 2;
        let wanted = service.name.clone();
        while !taken.insert(service.name.clone()) {
            let suffix = format!("-{number}");
            let kept: String = wanted.chars().take(63 - suffix.len()).collect();
            service.name = name(&format!("{kept}{suffix}"));
            number += 1;
        }
    }
}

/// `text` as the name of a project, a service or a job: lower case, and `-` for
/// other characters.
pub(super) fn name(text: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let cleaned: String = text.to_ascii_lowercase().chars().map(allowed).collect();
    let begun = cleaned.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let kept: String = begun.chars().take(63).collect();
    let kept = kept.trim_end_matches(['-', '_']);
    if kept.is_empty() { "app".to_owned() } else { kept.to_owned() }
}

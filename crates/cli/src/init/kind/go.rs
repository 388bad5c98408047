//! Go: `go.mod`, with `main.go` or `cmd/*/main.go`.

use super::super::Found;
use super::super::detect::name;
use super::super::folder::Folder;
use super::{Sighting, recipe, service};

pub(super) fn look(folder: Folder) -> Option<Sighting> {
    if !folder.has("go.mod") {
        return None;
    }
    let mut found: Vec<Found> = folder
        .folders_with("cmd", "main.go")
        .into_iter()
        .map(|command| program(folder, command, &format!("./cmd/{command}")))
        .collect();
    if folder.has("main.go") {
        found.push(program(folder, module_name(folder).unwrap_or(folder.name()), "."));
    }
    Some(if found.is_empty() { Sighting::Library } else { Sighting::Services(found) })
}

fn program(folder: Folder, called: &str, package: &str) -> Found {
    let binary = format!("bin/{}", name(called));
    let mut found = service(folder, called, "a Go program");
    found.build = recipe(format!("go build -o {binary} {package}"), &[&binary]);
    found.run = Some(format!("./{binary}"));
    found.tests = vec!["go vet ./...".to_owned(), "go test ./...".to_owned()];
    found
}

/// The last part of the module's path that is no version.
fn module_name(folder: Folder<'_>) -> Option<&str> {
    let path = module(folder)?;
    let version = |part: &&str| {
        let digits = part.strip_prefix('v').unwrap_or("");
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
    };
    path.rsplit('/').find(|part| !version(part))
}

fn module(folder: Folder<'_>) -> Option<&str> {
    folder.text("go.mod")?.lines().find_map(|line| line.strip_prefix("module ")).map(str::trim)
}

pub(super) fn names_library(service: Folder, library: Folder) -> bool {
    let (Some(manifest), Some(other)) = (service.text("go.mod"), module(library)) else {
        return false;
    };
    manifest.split_whitespace().any(|word| word == other) && module(service) != Some(other)
}

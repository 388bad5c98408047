//! Rust: `Cargo.toml`.

use super::super::folder::{Folder, is_word, toml_text};
use super::{Sighting, recipe, service};

pub(super) fn look(folder: Folder) -> Option<Sighting> {
    let manifest = folder.text("Cargo.toml")?;
    let name = |section| toml_text(manifest, section, "name").filter(|name| is_word(name));
    let Some(package) = name("package") else {
        return Some(Sighting::Workspace);
    };
    let bin = name("[bin]");
    if bin.is_none() && !folder.has("src/main.rs") {
        return Some(Sighting::Library);
    }
    let program = toml_text(manifest, "package", "default-run")
        .filter(|name| is_word(name))
        .or(bin)
        .unwrap_or(package);
    let locked = folder.has("Cargo.lock") || folder.root_has("Cargo.lock");
    let locked = if locked { " --locked" } else { "" };
    // A member of a workspace builds into its own folder, so that the release
    // is found there.
    let place = if folder.path == "." { "" } else { " --target-dir target" };
    let binary = format!("target/release/{program}");
    let mut found = service(folder, program, "a Rust program");
    found.build = recipe(format!("cargo build --release{locked}{place}"), &[&binary]);
    found.run = Some(format!("./{binary}"));
    found.tests = vec![format!("cargo test{locked}")];
    Some(Sighting::Services(vec![found]))
}

pub(super) fn names_library(service: Folder, library: Folder) -> bool {
    let (Some(manifest), Some(other)) = (service.text("Cargo.toml"), library.text("Cargo.toml"))
    else {
        return false;
    };
    let Some(package) = toml_text(other, "package", "name") else { return false };
    manifest.lines().any(|line| {
        let rest = line.trim_start().strip_prefix(package);
        rest.is_some_and(|rest| rest.starts_with([' ', '=', '.']))
    })
}

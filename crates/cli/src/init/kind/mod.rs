//! What a folder is: a module for each language or way to run.

mod docker;
mod go;
mod java;
mod node;
mod procfile;
mod python;
mod rust;
mod shell;
mod site;

use super::detect::name;
use super::folder::Folder;
use super::{Found, Recipe};

/// What a folder turned out to be.
pub(super) enum Sighting {
    /// These are built and run.
    Services(Vec<Found>),
    /// Others are made of it.
    Library,
    /// It only holds others together.
    Workspace,
}

/// What `folder` is, if anything here knows it.
pub(super) fn look(folder: Folder) -> Option<Sighting> {
    let sighting = rust::look(folder)
        .or_else(|| go::look(folder))
        .or_else(|| java::look(folder))
        .or_else(|| python::look(folder))
        .or_else(|| node::look(folder))
        .or_else(|| site::look(folder))
        .or_else(|| docker::look(folder))?;
    Some(match sighting {
        Sighting::Services(services) => Sighting::Services(procfile::apply(folder, services)),
        other => other,
    })
}

/// Whether the manifest of `service` names `library`.
pub(super) fn names_library(service: Folder, library: Folder) -> bool {
    rust::names_library(service, library)
        || node::names_library(service, library)
        || go::names_library(service, library)
}

/// A service of which nothing is known.
pub(super) fn unknown(folder: Folder) -> Found {
    let mut found = service(folder, folder.name(), "nothing that is recognised");
    found.notes.push("Nothing here says how it is built and started: fill in both.".to_owned());
    found
}

/// A service in `folder`, to be filled in by its kind.
fn service(folder: Folder, called: &str, what: &'static str) -> Found {
    Found {
        name: name(called),
        path: folder.path.to_owned(),
        what,
        uses: Vec::new(),
        build: None,
        run: None,
        listens: true,
        health: None,
        migrations: migrations(folder),
        tests: Vec::new(),
        notes: Vec::new(),
    }
}

/// A folder that is usually one of migrations.
fn migrations(folder: Folder) -> Option<(&'static str, Option<String>)> {
    const FOLDERS: [&str; 4] = ["prisma/migrations", "db/migrations", "db/migrate", "migrations"];
    let found = FOLDERS.into_iter().find(|name| folder.has_folder(name))?;
    let apply = (found == "prisma/migrations").then(|| "npx prisma migrate deploy".to_owned());
    Some((found, apply))
}

fn recipe(run: impl Into<String>, outputs: &[&str]) -> Option<Recipe> {
    let outputs = outputs.iter().map(|&output| output.to_owned()).collect();
    Some(Recipe { run: run.into(), outputs })
}

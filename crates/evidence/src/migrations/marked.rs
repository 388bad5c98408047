//! Migrations outside of the folders that are known: the marks of their tool are in them.

use std::collections::HashSet;
use std::path::Path;

use shipway_checks::migrations::Status;
use shipway_checks::migrations::layout::{in_known_folder, is_sql, parent};

use super::beginning;
use super::compared::Compared;

/// What tools look for in a file of SQL, in small letters: goose, sql-migrate, dbmate, Liquibase.
const MARKS: &[&str] = &[
    "-- +goose up",
    "-- +migrate up",
    "-- migrate:up",
    "--liquibase formatted sql",
    "-- liquibase formatted sql",
];

/// The folders of new or changed files that have such a mark.
pub(super) fn folders(names: &[String], compared: &Compared<'_>, root: &Path) -> HashSet<String> {
    let outside = names.iter().filter(|path| is_sql(path) && !in_known_folder(path));
    let judged =
        outside.filter(|path| matches!(compared.status(path), Some(Status::New | Status::Changed)));
    let marked = judged.filter(|path| {
        let text = beginning(&root.join(path));
        let text = String::from_utf8_lossy(&text).to_ascii_lowercase();
        MARKS.iter().any(|mark| text.contains(mark))
    });
    marked.map(|path| parent(path).to_owned()).collect()
}

//! Paths in the repository, and in URLs.

use shipway_workflow::diagnostic::nearest;

use super::item::Item;
use super::{PathKind, code, value};

/// A path from the root of the repository or of a service, without `.` and
/// `..`, and without `/` at its end; `.` is the root itself.
pub(super) fn relative(item: Item) -> Option<String> {
    let text = value::text(item)?;
    let parts: Vec<&str> =
        text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let outside = text.starts_with('/') || parts.contains(&"..");
    if outside || text.contains(['\\', '\0']) {
        let message = format!("`{text}` leads out of the repository");
        let help = "write a path from the repository's root, with `/`";
        item.error_with_help(code::BAD_VALUE, message, help);
        return None;
    }
    Some(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

/// A path inside another.
pub(super) fn join(folder: &str, path: &str) -> String {
    match (folder, path) {
        (".", path) => path.to_owned(),
        (folder, ".") => folder.to_owned(),
        (folder, path) => format!("{folder}/{path}"),
    }
}

/// A folder of the repository.
pub(super) fn folder(item: Item) -> Option<String> {
    let path = relative(item)?;
    must_be_folder(item, &path).then_some(path)
}

/// Reports a `path` that is no folder.
pub(super) fn must_be_folder(item: Item, path: &str) -> bool {
    match item.reader.facts.at(path) {
        Some(PathKind::Folder) => true,
        Some(PathKind::File) => {
            item.error(code::MISSING_PATH, format!("`{path}` is a file, not a folder"));
            false
        }
        None => {
            missing(item, path, "folder");
            false
        }
    }
}

/// Reports that there is no such file or folder, with the nearest there is.
pub(super) fn missing(item: Item, path: &str, kind: &str) {
    let message = format!("the repository has no {kind} `{path}`");
    let problem = item.reader.error(code::MISSING_PATH, item.node.at(), message);
    item.reader.report(match nearest_path(item, path) {
        Some(near) => problem.with_help(format!("did you mean `{near}`?")),
        None => problem,
    });
}

/// What is in the same folder under a similar name.
pub(super) fn nearest_path(item: Item, path: &str) -> Option<String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or((".", path));
    let names = item.reader.facts.names_in(folder);
    nearest(name, &names).map(|near| join(folder, near))
}

/// A pattern of files in a service's folder.
pub(super) fn pattern(item: Item) -> Option<String> {
    let text = relative(item)?;
    if let Err(problem) = globset::Glob::new(&text) {
        let message = format!("`{text}` is not a pattern: {}", problem.kind());
        item.error(code::BAD_VALUE, message);
        return None;
    }
    Some(text)
}

/// The path of a URL.
pub(super) fn url_path(item: Item) -> Option<String> {
    let text = value::text(item)?;
    let printable = text.chars().all(|c| c.is_ascii_graphic());
    if !text.starts_with('/') || !printable || text.contains('#') {
        let message = format!("`{text}` is not the path of a URL");
        item.error_with_help(code::BAD_VALUE, message, "write it like `/health/ready`");
        return None;
    }
    Some(text)
}

//! What problem matchers find, as annotations.

use std::path::Path;

use super::Listener;
use super::matcher::Found;
use crate::protocol::{Level, Stream};
use crate::worker::command::Place;
use crate::worker::glob::clean;

/// A matcher that is too slow for as many lines is removed.
const PATIENCE: usize = 3;

impl Listener<'_> {
    /// Whether a matcher took the line `text`; then it is shown as what it is.
    pub(super) async fn matched(&mut self, stream: Stream, text: &str) -> bool {
        let text = without_colours(text);
        let mut too_slow = Vec::new();
        let mut taken = None;
        let channel = self.channel(stream);
        for at in 0..channel.matchers.len() {
            let found = (0..PATIENCE).find_map(|_| channel.matchers[at].take(&text).ok());
            let Some(found) = found else {
                too_slow.push(channel.matchers[at].owner.clone());
                continue;
            };
            let Some(found) = found else { continue };
            for (other, matcher) in channel.matchers.iter_mut().enumerate() {
                if other != at {
                    matcher.reset();
                }
            }
            taken = noted(&found);
            if taken.is_some() {
                break;
            }
        }
        for owner in &too_slow {
            self.channel(stream).matchers.retain(|matcher| !matcher.is_of(owner));
            let message =
                format!("The problem matcher `{owner}` is removed: it takes too long to match");
            let place = Place::default();
            self.annotate(stream, Level::Warning, place, &message, &message).await;
        }
        let Some((level, message, found)) = taken else { return false };
        let place = Place {
            file: self.file(&found),
            line: found.line().and_then(|line| line.parse().ok()),
            column: found.column().and_then(|column| column.parse().ok()),
            ..Place::default()
        };
        self.annotate(stream, level, place, &text, &message).await;
        true
    }

    /// The file, if it is there and in the workspace: what is elsewhere is not
    /// of the repository.
    fn file(&self, found: &Found) -> Option<String> {
        let file = Path::new(found.file()?);
        let workspace = &self.shared.message.folders.workspace;
        let folder = found.base_path().and_then(|path| Path::new(path).parent());
        let relative = folder.map_or_else(|| file.to_owned(), |folder| folder.join(file));
        let relative = self.paths.here(&relative.to_string_lossy());
        let path = clean(&workspace.join(relative));
        if path.is_file() { inside(workspace, &path) } else { None }
    }
}

/// The level and the message, if what was found has both.
fn noted(found: &Found) -> Option<(Level, String, Found)> {
    let level = match found.severity().map(str::to_ascii_lowercase).as_deref() {
        None | Some("error") => Level::Error,
        Some("warning") => Level::Warning,
        Some("notice") => Level::Notice,
        Some(_) => return None,
    };
    Some((level, found.message()?.to_owned(), found.clone()))
}

/// The path in the workspace, if it is in there.
pub(super) fn inside(workspace: &Path, file: &Path) -> Option<String> {
    let path = clean(&workspace.join(file));
    Some(path.strip_prefix(workspace).ok()?.to_string_lossy().into_owned())
}

/// A line without the sequences that colour it: `ESC [ … m`.
fn without_colours(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        out.push_str(&rest[..at]);
        let after = &rest[at + 2..];
        let end = after.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(after.len());
        rest = after[end..].strip_prefix('m').unwrap_or(&after[end..]);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_taken_out() {
        assert_eq!(
            without_colours("\u{1b}[1;31merror\u{1b}[0m: \u{1b}[Kx \u{1b}"),
            "error: Kx \u{1b}"
        );
    }

    #[test]
    fn paths_are_those_of_the_repository() {
        let root = Path::new("/w");
        assert_eq!(inside(root, Path::new("a/../b.rs")), Some("b.rs".to_owned()));
        assert_eq!(inside(root, Path::new("/w/c.rs")), Some("c.rs".to_owned()));
        assert_eq!(inside(root, Path::new("/etc/passwd")), None);
    }
}

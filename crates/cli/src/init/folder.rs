//! One folder of a repository, and what its manifests say.

use super::tree::Tree;

/// A folder that may be a service.
#[derive(Clone, Copy)]
pub(super) struct Folder<'a> {
    pub(super) tree: &'a Tree,
    /// From the repository's root; `.` is the root.
    pub(super) path: &'a str,
}

impl<'a> Folder<'a> {
    fn inside(self, name: &str) -> String {
        if self.path == "." { name.to_owned() } else { format!("{}/{name}", self.path) }
    }

    /// Whether it has this file.
    pub(super) fn has(self, file: &str) -> bool {
        self.tree.files.contains(&self.inside(file))
    }

    /// The first of these files that it has.
    pub(super) fn first<'n>(self, files: &[&'n str]) -> Option<&'n str> {
        files.iter().copied().find(|file| self.has(file))
    }

    /// Whether it has this folder with at least one file somewhere inside.
    pub(super) fn has_folder(self, name: &str) -> bool {
        let prefix = self.inside(name) + "/";
        let mut from = self.tree.files.range(prefix.clone()..);
        from.next().is_some_and(|file| file.starts_with(&prefix))
    }

    /// The text of a manifest.
    pub(super) fn text(self, file: &str) -> Option<&'a str> {
        self.tree.texts.get(&self.inside(file)).map(String::as_str)
    }

    /// The folders directly inside `name` that have this file, if a command can
    /// name them.
    pub(super) fn folders_with(self, name: &str, file: &str) -> Vec<&'a str> {
        let prefix = self.inside(name) + "/";
        let files = self.tree.files.iter().filter_map(|path| path.strip_prefix(prefix.as_str()));
        files
            .filter_map(|path| path.split_once('/'))
            .filter(|(folder, rest)| *rest == file && is_word(folder))
            .map(|(folder, _)| folder)
            .collect()
    }

    /// The last part of its path; the repository's name for the root.
    pub(super) fn name(self) -> &'a str {
        match self.path {
            "." => &self.tree.name,
            path => path.rsplit('/').next().unwrap_or(path),
        }
    }

    /// Whether a folder at the root may belong to a program of the root.
    pub(super) fn is_part_of_root(self, manifests: &[&str]) -> bool {
        let at_root = self.path != "." && !self.path.contains('/');
        at_root && manifests.iter().any(|file| self.root_has(file))
    }

    /// Whether the repository's root has this file.
    pub(super) fn root_has(self, file: &str) -> bool {
        self.tree.files.contains(file)
    }
}

/// Whether `text` can stand in a command and in a pattern as it is.
pub(super) fn is_word(text: &str) -> bool {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(harmless)
}

/// The text of `key = "…"` in `[section]` of a TOML manifest, as far as lines
/// show it: enough for a name.
pub(super) fn toml_text<'a>(manifest: &'a str, section: &str, key: &str) -> Option<&'a str> {
    let header = format!("[{section}]");
    let lines = manifest.lines().map(str::trim).skip_while(|line| *line != header).skip(1);
    lines.take_while(|line| !line.starts_with('[')).find_map(|line| {
        let value = line.strip_prefix(key)?.trim_start().strip_prefix('=')?.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        value[1..].split(quote).next()
    })
}

/// What stands between `<tag>` and `</tag>` first.
pub(super) fn xml_text<'a>(manifest: &'a str, tag: &str) -> Option<&'a str> {
    let (_, after) = manifest.split_once(&format!("<{tag}>"))?;
    after.split_once(&format!("</{tag}>")).map(|(text, _)| text.trim())
}

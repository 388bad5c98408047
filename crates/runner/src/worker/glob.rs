//! Patterns for files, as `hashFiles` and the artifact actions take them: one a
//! line, later ones win, `!` takes away, a folder means all in it.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use indexmap::IndexSet;

/// What is wrong with a pattern, or with looking for files.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GlobError {
    /// Not a pattern.
    #[error("`{pattern}` is no pattern for files: {reason}")]
    Pattern { pattern: String, reason: String },
    /// A folder cannot be read.
    #[error("cannot look for files in {path}: {source}")]
    Read { path: PathBuf, source: io::Error },
}

/// How folders are searched.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Walk {
    /// Also what begins with a dot.
    pub(crate) hidden: bool,
    /// Links are what they lead to, and those that lead nowhere are left out;
    /// otherwise a link is a file.
    pub(crate) follow: bool,
}

impl Walk {
    /// Shows `path` and what is below it to `see`, by name, with whether it is a folder.
    /// `around` are the folders that it is in, links resolved: one that leads
    /// back into them is not entered.
    fn visit(
        self,
        path: &Path,
        around: &mut Vec<PathBuf>,
        see: &mut dyn FnMut(&Path, bool),
    ) -> Result<(), GlobError> {
        let error = |source| GlobError::Read { path: path.to_owned(), source };
        let metadata = if self.follow { fs::metadata(path) } else { fs::symlink_metadata(path) };
        let is_dir = match metadata {
            Ok(metadata) => metadata.is_dir(),
            Err(absent) if absent.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(error(source)),
        };
        see(path, is_dir);
        if !is_dir {
            return Ok(());
        }
        let real = if self.follow { fs::canonicalize(path).map_err(error)? } else { path.into() };
        if around.contains(&real) {
            return Ok(());
        }
        around.push(real);
        let entries = fs::read_dir(path).map_err(error)?;
        let names = entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>();
        let mut names = names.map_err(error)?;
        names.sort_unstable();
        for name in names {
            if self.hidden || !name.as_encoded_bytes().starts_with(b".") {
                self.visit(&path.join(name), around, see)?;
            }
        }
        around.pop();
        Ok(())
    }
}

/// Patterns in their order.
pub(crate) struct Patterns {
    patterns: Vec<Pattern>,
}

struct Pattern {
    /// Takes files away instead of adding them.
    exclude: bool,
    /// The longest folder without a wildcard: where to look.
    base: PathBuf,
    /// It has a wildcard: `base` is not all of it.
    wild: bool,
    /// It ends with a slash.
    only_folders: bool,
    matcher: GlobMatcher,
    /// Everything below what matches matches, too.
    below: GlobMatcher,
}

impl Patterns {
    /// Reads patterns; relative ones are relative to `root`. Empty lines and
    /// those that begin with `#` do not count.
    pub(crate) fn parse<'p>(
        root: &Path,
        lines: impl IntoIterator<Item = &'p str>,
    ) -> Result<Self, GlobError> {
        let patterns = lines
            .into_iter()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| Pattern::parse(root, line))
            .collect::<Result<_, _>>()?;
        Ok(Self { patterns })
    }

    /// The folders that are searched: of every pattern that adds.
    pub(crate) fn bases(&self) -> impl Iterator<Item = &Path> {
        self.patterns
            .iter()
            .filter(|pattern| !pattern.exclude)
            .map(|pattern| pattern.base.as_path())
    }

    /// The files that match, and all that is in folders that match.
    pub(crate) fn files(&self, walk: Walk) -> Result<BTreeSet<PathBuf>, GlobError> {
        Ok(self.files_in_turn(walk)?.into_iter().collect())
    }

    /// As [`Patterns::files`], in the order in which `@actions/glob` finds them: by the
    /// patterns that say where to look, then by name.
    pub(crate) fn files_in_turn(&self, walk: Walk) -> Result<Vec<PathBuf>, GlobError> {
        let mut found = Vec::new();
        let bases: IndexSet<&Path> = self.bases().collect();
        let is_below = |base: &Path| base.ancestors().skip(1).any(|above| bases.contains(above));
        for base in bases.iter().filter(|base| !is_below(base)) {
            walk.visit(base, &mut Vec::new(), &mut |path, is_dir| {
                if !is_dir && self.matches(path) {
                    found.push(path.to_owned());
                }
            })?;
        }
        Ok(found)
    }

    /// The files and folders that match as such, not what is in them.
    pub(crate) fn exact(&self) -> Result<BTreeSet<PathBuf>, GlobError> {
        let matches = |path: &Path| {
            self.patterns.iter().fold(false, |matched, pattern| {
                if pattern.matcher.is_match(path) { !pattern.exclude } else { matched }
            })
        };
        let mut found = BTreeSet::new();
        for pattern in self.patterns.iter().filter(|pattern| !pattern.exclude) {
            if !pattern.wild {
                let there = fs::symlink_metadata(&pattern.base).is_ok();
                found.extend(there.then(|| pattern.base.clone()).filter(|path| matches(path)));
                continue;
            }
            let walk = Walk { hidden: true, follow: false };
            walk.visit(&pattern.base, &mut Vec::new(), &mut |path, _| {
                if matches(path) {
                    found.insert(path.to_owned());
                }
            })?;
        }
        Ok(found)
    }

    /// Whether a file matches.
    fn matches(&self, path: &Path) -> bool {
        self.patterns.iter().fold(false, |matched, pattern| {
            let itself = !pattern.only_folders && pattern.matcher.is_match(path);
            let here = itself || pattern.below.is_match(path);
            if here { !pattern.exclude } else { matched }
        })
    }
}

impl Pattern {
    fn parse(root: &Path, line: &str) -> Result<Self, GlobError> {
        let (mut exclude, mut text) = (false, line);
        while let Some(rest) = text.strip_prefix('!') {
            (exclude, text) = (!exclude, rest.trim());
        }
        let text = match text.strip_prefix("~/") {
            Some(rest) => format!("{}/{rest}", std::env::var("HOME").unwrap_or_default()),
            None => text.to_owned(),
        };
        let only_folders = text.ends_with('/');
        let text = match text.trim_end_matches('/') {
            "" if only_folders => "/",
            text => text,
        };
        let mut parts = text.split('/').enumerate();
        if parts.any(|(at, part)| part == ".." || (part == "." && at > 0)) {
            return Err(GlobError::Pattern {
                pattern: line.to_owned(),
                reason: "`..` cannot be in it, nor `.` behind its beginning".to_owned(),
            });
        }
        let (fixed, wild) = split(text);
        let base = clean(&root.join(fixed));
        let escaped = globset::escape(&base.to_string_lossy());
        let whole = match wild.is_empty() {
            true => escaped,
            false => format!("{}/{}", escaped.trim_end_matches('/'), with_plain_braces(&wild)),
        };
        let build = |text: &str| {
            let glob =
                GlobBuilder::new(text).literal_separator(true).backslash_escape(true).build();
            glob.map(|glob| glob.compile_matcher()).map_err(|error| GlobError::Pattern {
                pattern: line.to_owned(),
                reason: error.kind().to_string(),
            })
        };
        let below = format!("{}/**", whole.trim_end_matches('/'));
        let wild = !wild.is_empty();
        let (matcher, below) = (build(&whole)?, build(&below)?);
        Ok(Self { exclude, base, wild, only_folders, matcher, below })
    }
}

/// The leading parts without a wildcard, and the rest.
fn split(pattern: &str) -> (String, String) {
    let wild = |part: &str| part.contains(['*', '?', '[']);
    let parts: Vec<&str> = pattern.split('/').collect();
    let at = parts.iter().position(|part| wild(part)).unwrap_or(parts.len());
    let mut fixed = parts[..at].join("/");
    if at > 0 && fixed.is_empty() {
        fixed.push('/');
    }
    (fixed, parts[at..].join("/"))
}

/// A pattern in which braces mean themselves, as everywhere in GitHub's patterns.
fn with_plain_braces(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut is_escaped = false;
    for c in pattern.chars() {
        if matches!(c, '{' | '}') && !is_escaped {
            out.push('\\');
        }
        is_escaped = c == '\\' && !is_escaped;
        out.push(c);
    }
    out
}

/// The path without `.` and `..`, without asking the file system.
pub(crate) fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            part => clean.push(part),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lines: &[&str], hidden: bool) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for file in ["a.txt", "b.log", "dist/x.js", "dist/deep/y.js", "dist/.cache/z.js", "[odd]/q"]
        {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        let patterns = Patterns::parse(folder.path(), lines.iter().copied()).unwrap();
        let files = patterns.files(Walk { hidden, follow: false }).unwrap();
        files
            .iter()
            .map(|path| path.strip_prefix(folder.path()).unwrap().display().to_string())
            .collect()
    }

    #[test]
    fn files_folders_and_wildcards() {
        assert_eq!(found(&["a.txt"], false), ["a.txt"]);
        assert_eq!(found(&["./dist/"], false), ["dist/deep/y.js", "dist/x.js"]);
        assert_eq!(found(&["dist"], true), ["dist/.cache/z.js", "dist/deep/y.js", "dist/x.js"]);
        assert_eq!(found(&["*.txt", "*.log"], false), ["a.txt", "b.log"]);
        assert_eq!(found(&["**/*.js"], false), ["dist/deep/y.js", "dist/x.js"]);
        assert_eq!(found(&["dist/*"], false), ["dist/deep/y.js", "dist/x.js"]);
        assert_eq!(found(&["./a.txt", "b.log/", "!!b.log", "# no"], false), ["a.txt", "b.log"]);
        assert_eq!(found(&["b.log/", "*/deep/"], false), ["dist/deep/y.js"]);
        assert_eq!(found(&["**/*.{js,txt}"], false), Vec::<String>::new());
        assert_eq!(found(&["no-such-file"], false), Vec::<String>::new());
    }

    #[test]
    fn what_is_excluded_may_be_included_again() {
        assert_eq!(found(&["dist", "!dist/deep"], false), ["dist/x.js"]);
        assert_eq!(
            found(&["**/*", "!**/*.js", "dist/x.js"], false),
            ["[odd]/q", "a.txt", "b.log", "dist/x.js"]
        );
    }

    #[test]
    fn they_are_found_in_the_order_of_the_patterns() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["a/b", "a-b", "a/a", "z", "m/x"] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        let found = |lines: &[&str]| {
            let patterns = Patterns::parse(folder.path(), lines.iter().copied()).unwrap();
            let found = patterns.files_in_turn(Walk { hidden: true, follow: false }).unwrap();
            let name = |p: &PathBuf| p.strip_prefix(folder.path()).unwrap().display().to_string();
            found.iter().map(name).collect::<Vec<_>>()
        };
        assert_eq!(found(&["**"]), ["a/a", "a/b", "a-b", "m/x", "z"]);
        assert_eq!(found(&["z", "m/*", "a", "z", "!a/a"]), ["z", "m/x", "a/b"]);
        assert_eq!(found(&["z", "a/b", "*"]), ["a/a", "a/b", "a-b", "m/x", "z"]);
    }

    #[test]
    fn links_are_followed_and_circles_left() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("a")).unwrap();
        fs::create_dir_all(at("b")).unwrap();
        fs::write(at("b/file"), "").unwrap();
        let link = |to: &str, from: &str| std::os::unix::fs::symlink(to, at(from)).unwrap();
        link("../b", "a/to-b");
        link("../a", "b/to-a");
        link("nowhere", "a/broken");
        let patterns = Patterns::parse(folder.path(), ["a"]).unwrap();
        let names = |walk| {
            let files = patterns.files(walk).unwrap();
            let name = |p: &PathBuf| p.strip_prefix(folder.path()).unwrap().display().to_string();
            files.iter().map(name).collect::<Vec<_>>()
        };
        assert_eq!(names(Walk { hidden: true, follow: true }), ["a/to-b/file"]);
        assert_eq!(names(Walk { hidden: true, follow: false }), ["a/broken", "a/to-b"]);
    }

    #[test]
    fn exactly_what_a_pattern_names() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for dir in ["x/node_modules/left", "y/node_modules", "node_modules"] {
            fs::create_dir_all(at(dir)).unwrap();
        }
        let exact = |lines: &[&str]| {
            let patterns = Patterns::parse(folder.path(), lines.iter().copied()).unwrap();
            let found = patterns.exact().unwrap();
            let name = |p: &PathBuf| p.strip_prefix(folder.path()).unwrap().display().to_string();
            found.iter().map(name).collect::<Vec<_>>()
        };
        let all = ["node_modules", "x/node_modules", "y/node_modules"];
        assert_eq!(exact(&["**/node_modules"]), all);
        assert_eq!(exact(&["**/node_modules", "!y/*"]), all[..2]);
        assert_eq!(exact(&["x", "none"]), ["x"]);
        assert_eq!(exact(&["*/node_modules"]), all[1..]);
    }

    #[test]
    fn a_bad_pattern_is_named() {
        for pattern in ["a[b", "../a", "a/../b", "!a/./b", "a/.."] {
            let error = Patterns::parse(Path::new("/"), [pattern]).err().unwrap().to_string();
            assert!(
                error.starts_with(&format!("`{pattern}` is no pattern for files: ")),
                "{error}"
            );
        }
    }
}

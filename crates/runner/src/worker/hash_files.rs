//! `hashFiles(…)`.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::worker::glob::{Patterns, Walk};

/// Makes what links lead to be hashed, too, where it is the first argument.
const FOLLOW: &str = "--follow-symbolic-links";

/// SHA-256 over the SHA-256 of each file of the workspace that matches, in the order in which
/// GitHub finds them; empty when none does. `pattern_here` is a pattern as it means files here.
///
/// # Errors
/// When an argument is no pattern, or a file cannot be read, such as a link that leads nowhere.
pub(crate) fn hash_files(
    workspace: &Path,
    arguments: &[String],
    pattern_here: impl Fn(&str) -> String,
) -> Result<String, String> {
    let (follow, patterns) = match arguments {
        [option, patterns @ ..] if option.eq_ignore_ascii_case(FOLLOW) => (true, patterns),
        [option, ..] if option.starts_with("--") => {
            return Err(format!(
                "`{option}` is no option of hashFiles, which has `{FOLLOW}` alone"
            ));
        }
        patterns => (false, patterns),
    };
    let lines = patterns.iter().flat_map(|pattern| pattern.lines());
    let patterns: Vec<String> = lines.map(|line| pattern_here(line.trim())).collect();
    let patterns = Patterns::parse(workspace, patterns.iter().map(String::as_str))
        .map_err(|error| error.to_string())?;
    let found =
        patterns.files_in_turn(Walk { hidden: true, follow }).map_err(|error| error.to_string())?;
    let mut all = None;
    for path in found.iter().filter(|path| path.starts_with(workspace)) {
        let cannot = |error: io::Error| format!("cannot hash {}: {error}", path.display());
        if fs::metadata(path).map_err(cannot)?.is_dir() {
            continue; // A link to a folder.
        }
        let mut one = HashWriter(Sha256::new());
        io::copy(&mut File::open(path).map_err(cannot)?, &mut one).map_err(cannot)?;
        all.get_or_insert_with(Sha256::new).update(one.0.finalize());
    }
    let digest = all.map(Sha256::finalize);
    Ok(digest.iter().flatten().map(|byte| format!("{byte:02x}")).collect())
}

/// A hasher as something to write to.
pub(crate) struct HashWriter(pub(crate) Sha256);

impl io::Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// The files' contents are their names.
    fn workspace() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for file in ["work/a", "work/b", "work/d/c", "outside"] {
            fs::create_dir_all(at(file).parent().unwrap()).unwrap();
            fs::write(at(file), file.rsplit('/').next().unwrap()).unwrap();
        }
        symlink("d", at("work/to-folder")).unwrap();
        symlink("a", at("work/to-file")).unwrap();
        folder
    }

    fn hash(folder: &tempfile::TempDir, arguments: &[&str]) -> Result<String, String> {
        let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
        hash_files(&folder.path().join("work"), &arguments, str::to_owned)
    }

    fn of(contents: &[&str]) -> Result<String, String> {
        let mut all = Sha256::new();
        contents.iter().for_each(|content| all.update(Sha256::digest(content)));
        Ok(all.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    #[test]
    fn the_order_is_that_of_the_patterns() {
        let folder = workspace();
        assert_eq!(hash(&folder, &["b", "a"]), of(&["b", "a"]));
        assert_eq!(hash(&folder, &["d/*\nb", "a"]), of(&["c", "b", "a"]));
        assert_eq!(hash(&folder, &["b", "./*", "!d"]), of(&["a", "b", "a"]));
    }

    #[test]
    fn links_are_files_unless_they_are_followed() {
        let folder = workspace();
        assert_eq!(hash(&folder, &["**"]), of(&["a", "b", "c", "a"]));
        assert_eq!(hash(&folder, &[FOLLOW, "**"]), of(&["a", "b", "c", "a", "c"]));
        assert!(hash(&folder, &["--follow", "**"]).unwrap_err().starts_with("`--follow` is no"));
        symlink("nowhere", folder.path().join("work/broken")).unwrap();
        assert!(hash(&folder, &["**"]).unwrap_err().contains("/broken: No such file"));
        assert_eq!(hash(&folder, &[FOLLOW, "**"]), of(&["a", "b", "c", "a", "c"]));
    }

    #[test]
    fn what_is_outside_of_the_workspace_does_not_count() {
        let folder = workspace();
        let outside = folder.path().join("outside").display().to_string();
        assert_eq!(hash(&folder, &[&outside]), Ok(String::new()));
        assert_eq!(hash(&folder, &[&outside, "a"]), of(&["a"]));
        assert!(hash(&folder, &["../**"]).unwrap_err().contains("`..` cannot be in it"));
    }
}

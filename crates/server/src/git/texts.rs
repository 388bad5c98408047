//! Many files of a commit at once: two questions to git, however many they are.

use std::io::{Seek as _, Write as _};
use std::process::Stdio;

use shipway_core::ids::CommitId;

use super::{GitError, Repository, bytes, command, not_understood, run};

impl Repository {
    /// The texts of the files that are directly in `folder` at a commit and
    /// whose paths `wanted` picks, in the order of their paths.
    ///
    /// # Errors
    /// When git fails, or one of them is not text.
    pub fn texts(
        &self,
        commit: &CommitId,
        folder: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<(String, String)>, GitError> {
        let folder = format!("{folder}/");
        let tree = bytes(&self.root, ["ls-tree", "-z", commit.as_str(), "--", &folder])?;
        let tree = String::from_utf8_lossy(&tree);
        let mut files: Vec<(&str, &str)> = Vec::new();
        for line in tree.split('\0').filter(|line| !line.is_empty()) {
            let (about, path) = line.split_once('\t').ok_or_else(|| odd("ls-tree", line))?;
            let id = about.rsplit(' ').next().unwrap_or_default();
            // Neither folders nor links to elsewhere.
            if about.starts_with("100") && wanted(path) {
                files.push((id, path));
            }
        }
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self.blobs(files.iter().map(|(id, _)| *id))?;
        let mut rest = answer.as_slice();
        let mut texts = Vec::new();
        for (id, path) in files {
            let (blob, after) = next(rest).ok_or_else(|| odd("cat-file", id))?;
            rest = after;
            let text = std::str::from_utf8(blob).map_err(|_| GitError::NotText {
                path: path.to_owned(),
                commit: commit.short().to_owned(),
            })?;
            texts.push((path.to_owned(), text.to_owned()));
        }
        Ok(texts)
    }

    /// What git says of each of these objects, one behind the other.
    fn blobs<'a>(&self, ids: impl Iterator<Item = &'a str>) -> Result<Vec<u8>, GitError> {
        // A file, not a pipe: git may answer before it was asked everything.
        let mut asked = tempfile::tempfile().map_err(GitError::NoGit)?;
        let lines: String = ids.flat_map(|id| [id, "\n"]).collect();
        let written = asked.write_all(lines.as_bytes()).and_then(|()| asked.rewind());
        written.map_err(GitError::NoGit)?;
        let mut command = command(&self.root);
        command.args(["cat-file", "--batch"]).stdin(Stdio::from(asked));
        run(command)
    }
}

/// `<id> blob <size>`, the bytes, and what follows.
fn next(answer: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = answer.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let size: usize = head.rsplit_once(' ')?.1.parse().ok()?;
    let blob = answer.get(end + 1..)?.get(..size)?;
    Some((blob, answer.get(end + 1 + size + 1..)?))
}

fn odd(command: &str, answer: &str) -> GitError {
    not_understood(command, answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(dir: &std::path::Path, arguments: &[&str]) {
        let mut command = command(dir);
        command.args(["-c", "user.name=T", "-c", "user.email=t@example.org"]).args(arguments);
        run(command).unwrap();
    }

    #[test]
    fn files_of_a_folder_with_their_texts() {
        let dir = tempfile::tempdir().unwrap();
        git(dir.path(), &["init", "--quiet"]);
        let write = |path: &str, text: &[u8]| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("f/b.yml", b"two\nlines");
        write("f/a.yml", b"");
        write("f/a b.yml", "ä\n\n".as_bytes());
        write("f/other.txt", b"\xff");
        write("f/deep/c.yml", b"deep");
        std::os::unix::fs::symlink("b.yml", dir.path().join("f/link.yml")).unwrap();
        git(dir.path(), &["add", "--all"]);
        git(dir.path(), &["commit", "--quiet", "-m", "one"]);
        let repository = Repository::at(dir.path()).unwrap();
        let commit = repository.head().unwrap().id;
        let texts = |end: &'static str| repository.texts(&commit, "f", move |p| p.ends_with(end));
        let pair = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        assert_eq!(
            texts(".yml").unwrap(),
            [pair("f/a b.yml", "ä\n\n"), pair("f/a.yml", ""), pair("f/b.yml", "two\nlines")]
        );
        assert!(matches!(texts(".txt"), Err(GitError::NotText { .. })));
        assert_eq!(repository.texts(&commit, "nowhere", |_| true).unwrap(), []);
    }
}

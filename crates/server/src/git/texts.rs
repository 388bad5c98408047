//! Files of a commit.

use serde::Serialize;
use shipway_core::ids::CommitId;

use super::objects::Kind;
use super::trees::entries;
use super::{GitError, Repository, not_understood};

/// A file of a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct File {
    /// From the repository's root.
    pub path: String,
    /// What is in it.
    pub blob: BlobId,
}

/// What git calls the content of a file: a digest of it, so that two of one name are
/// the same. Source: "Git Objects" in Pro Git, gitglossary(7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlobId(String);

impl Repository {
    /// The text of a file at a commit; `None` if it is not there.
    ///
    /// # Errors
    /// When git fails or the file is not text.
    pub fn text(&self, commit: &CommitId, path: &str) -> Result<Option<String>, GitError> {
        // To git, these are relative to the folder it works in.
        if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Ok(None);
        }
        let found = self.object(&format!("{commit}:{path}"))?;
        let blob = found.filter(|object| object.kind == Kind::Blob);
        blob.map(|blob| text(blob.content, commit, path)).transpose()
    }

    /// The files that are directly in `folder` at a commit and whose paths `wanted`
    /// picks, in the order of their paths.
    ///
    /// # Errors
    /// When git fails.
    pub fn files_in(
        &self,
        commit: &CommitId,
        folder: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<File>, GitError> {
        let tree = self.object(&format!("{commit}:{folder}"))?;
        let Some(tree) = tree.filter(|object| object.kind == Kind::Tree) else {
            return Ok(Vec::new());
        };
        let (entries, _) = entries(&tree).ok_or_else(|| not_understood("cat-file", folder))?;
        let files = entries.into_iter().filter_map(|entry| {
            let path = format!("{folder}/{}", entry.name);
            // Neither folders nor links to elsewhere.
            (entry.is_file() && wanted(&path)).then_some(File { path, blob: BlobId(entry.id) })
        });
        Ok(files.collect())
    }

    /// The texts of files of a commit, in their order.
    ///
    /// # Errors
    /// When git fails, or one of them is not text.
    pub fn texts<'f>(
        &self,
        commit: &CommitId,
        files: impl IntoIterator<Item = &'f File>,
    ) -> Result<Vec<String>, GitError> {
        let files: Vec<&File> = files.into_iter().collect();
        let ids: Vec<&str> = files.iter().map(|file| file.blob.0.as_str()).collect();
        let found = files.iter().zip(self.objects(&ids)?).map(|(file, blob)| {
            let blob = blob.ok_or_else(|| not_understood("cat-file", &file.path))?;
            text(blob.content, commit, &file.path)
        });
        found.collect()
    }
}

fn text(blob: Vec<u8>, commit: &CommitId, path: &str) -> Result<String, GitError> {
    let (path, commit) = (path.to_owned(), commit.short().to_owned());
    String::from_utf8(blob).map_err(|_| GitError::NotText { path, commit })
}

#[cfg(test)]
mod tests {
    use super::super::{command, run};
    use super::*;

    fn git(dir: &std::path::Path, arguments: &[&str]) {
        let mut command = command(dir);
        command.args(["-c", "user.name=T", "-c", "user.email=t@example.org"]).args(arguments);
        run(command).unwrap();
    }

    #[test]
    fn files_of_a_folder_with_their_texts() {
        for format in ["sha1", "sha256"] {
            let dir = tempfile::tempdir().unwrap();
            git(dir.path(), &["init", "--quiet", &format!("--object-format={format}")]);
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
            let files =
                |end: &str| repository.files_in(&commit, "f", |path| path.ends_with(end)).unwrap();
            let texts = |files: &[File]| repository.texts(&commit, files);
            let found = files(".yml");
            let paths: Vec<&str> = found.iter().map(|file| file.path.as_str()).collect();
            assert_eq!(paths, ["f/a b.yml", "f/a.yml", "f/b.yml"]);
            assert_eq!(texts(&found).unwrap(), ["ä\n\n", "", "two\nlines"]);
            assert_eq!(texts(&found[2..]).unwrap(), ["two\nlines"]);
            assert!(matches!(texts(&files(".txt")), Err(GitError::NotText { .. })));
            assert_eq!(repository.files_in(&commit, "nowhere", |_| true).unwrap(), []);
            for none in ["f", "f/none", "./f/a.yml", "../x", "f/a.yml\n", "", "f//a.yml"] {
                assert_eq!(repository.text(&commit, none).unwrap(), None, "{none:?}");
            }
            assert_eq!(repository.text(&commit, "f/deep/c.yml").unwrap().unwrap(), "deep");
        }
    }

    #[test]
    fn many_and_long_answers_do_not_get_stuck() {
        let dir = tempfile::tempdir().unwrap();
        git(dir.path(), &["init", "--quiet"]);
        std::fs::create_dir(dir.path().join("f")).unwrap();
        let long = "x".repeat(200_000);
        for number in 0..250 {
            std::fs::write(dir.path().join(format!("f/{number:03}")), &long).unwrap();
        }
        git(dir.path(), &["add", "--all"]);
        git(dir.path(), &["commit", "--quiet", "-m", "one"]);
        let repository = Repository::at(dir.path()).unwrap();
        let commit = repository.head().unwrap().id;
        let files = repository.files_in(&commit, "f", |_| true).unwrap();
        let texts = repository.texts(&commit, &files).unwrap();
        assert_eq!(texts.len(), 250);
        assert!(texts.iter().all(|text| *text == long));
        // A name that is too long for a path is none, and the next is answered.
        assert_eq!(repository.text(&commit, &"y/".repeat(3_000)).unwrap(), None);
        assert_eq!(repository.text(&commit, &"y".repeat(9_000)).unwrap(), None);
        assert!(repository.text(&commit, "f/001").unwrap().is_some());
    }
}

//! Files of a commit.

use shipway_core::ids::CommitId;

use super::objects::Kind;
use super::trees::entries;
use super::{GitError, Repository, not_understood};

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
        let tree = self.object(&format!("{commit}:{folder}"))?;
        let Some(tree) = tree.filter(|object| object.kind == Kind::Tree) else {
            return Ok(Vec::new());
        };
        let (entries, _) = entries(&tree).ok_or_else(|| not_understood("cat-file", folder))?;
        let files = entries.into_iter().filter_map(|entry| {
            let path = format!("{folder}/{}", entry.name);
            // Neither folders nor links to elsewhere.
            (entry.is_file() && wanted(&path)).then_some((path, entry.id))
        });
        let (paths, ids): (Vec<String>, Vec<String>) = files.unzip();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let mut texts = Vec::new();
        for (path, blob) in paths.into_iter().zip(self.objects(&ids)?) {
            let blob = blob.ok_or_else(|| not_understood("cat-file", &path))?;
            let text = text(blob.content, commit, &path)?;
            texts.push((path, text));
        }
        Ok(texts)
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
            let texts =
                |end: &'static str| repository.texts(&commit, "f", move |p| p.ends_with(end));
            let pair = |path: &str, text: &str| (path.to_owned(), text.to_owned());
            assert_eq!(
                texts(".yml").unwrap(),
                [pair("f/a b.yml", "ä\n\n"), pair("f/a.yml", ""), pair("f/b.yml", "two\nlines")]
            );
            assert!(matches!(texts(".txt"), Err(GitError::NotText { .. })));
            assert_eq!(repository.texts(&commit, "nowhere", |_| true).unwrap(), []);
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
        let texts = repository.texts(&commit, "f", |_| true).unwrap();
        assert_eq!(texts.len(), 250);
        assert!(texts.iter().all(|(_, text)| *text == long));
        // A name that is too long for a path is none, and the next is answered.
        assert_eq!(repository.text(&commit, &"y/".repeat(3_000)).unwrap(), None);
        assert_eq!(repository.text(&commit, &"y".repeat(9_000)).unwrap(), None);
        assert!(repository.text(&commit, "f/001").unwrap().is_some());
    }
}

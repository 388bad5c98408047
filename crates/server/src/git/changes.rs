//! Which files differ between two commits.

use std::collections::HashMap;

use shipway_core::ids::CommitId;

use super::objects::Kind;
use super::trees::{Entry, entries};
use super::{GitError, Repository, git, not_understood, paths};

/// As many pairs of folders are compared here; with more, git is faster.
const FOLDERS: usize = 32;

/// Two folders of the same path, by their ids; `None` on a side where there is
/// none.
struct Pair {
    path: String,
    before: Option<String>,
    after: Option<String>,
}

impl Repository {
    /// The files that differ between two commits, in the order of their paths.
    ///
    /// # Errors
    /// When git fails, for example because a commit is not there any more.
    pub fn changed(&self, from: &CommitId, to: &CommitId) -> Result<Vec<String>, GitError> {
        match (self.tree(from), self.tree(to)) {
            (Ok(before), Ok(after)) => self.changed_between_trees(&before, &after),
            _ => self.told_by_git(from.as_str(), to.as_str()),
        }
    }

    /// The files that differ between two trees, in the order of their paths.
    pub(super) fn changed_between_trees(
        &self,
        before: &str,
        after: &str,
    ) -> Result<Vec<String>, GitError> {
        let Some(mut files) = self.differing(before.to_owned(), after.to_owned())? else {
            return self.told_by_git(before, after);
        };
        files.sort();
        Ok(files)
    }

    fn told_by_git(&self, before: &str, after: &str) -> Result<Vec<String>, GitError> {
        let diff = ["diff-tree", "-r", "--name-only", "--no-renames", "-z", before, after, "--"];
        Ok(paths(&git(&self.root, diff)?))
    }

    /// The files that differ between two trees; `None` if they are many, or not
    /// as usual.
    fn differing(&self, before: String, after: String) -> Result<Option<Vec<String>>, GitError> {
        let (mut files, mut looked) = (Vec::new(), 0);
        let top = Pair { path: String::new(), before: Some(before), after: Some(after) };
        let mut folders = vec![top];
        while let Some(pair) = folders.pop() {
            looked += 1;
            if looked > FOLDERS {
                return Ok(None);
            }
            let (Some(before), Some(after)) =
                (self.folder(pair.before.as_deref())?, self.folder(pair.after.as_deref())?)
            else {
                return Ok(None);
            };
            compare(&pair.path, &before, &after, &mut files, &mut folders);
        }
        Ok(Some(files))
    }

    /// What is in a folder; `None` if it is no folder, or has names that are no
    /// text, or something else than files, links and folders.
    fn folder(&self, id: Option<&str>) -> Result<Option<Vec<Entry>>, GitError> {
        let Some(id) = id else { return Ok(Some(Vec::new())) };
        let tree = self.object(id)?.filter(|object| object.kind == Kind::Tree);
        let Some(tree) = tree else { return Ok(None) };
        let odd = || not_understood("cat-file", id);
        let (entries, all_texts) = entries(&tree).ok_or_else(odd)?;
        let usual = all_texts && entries.iter().all(Entry::is_usual);
        Ok(usual.then_some(entries))
    }
}

fn compare(
    path: &str,
    before: &[Entry],
    after: &[Entry],
    files: &mut Vec<String>,
    folders: &mut Vec<Pair>,
) {
    let mut others: HashMap<&str, &Entry> =
        before.iter().map(|entry| (entry.name.as_str(), entry)).collect();
    let mut pairs: Vec<(Option<&Entry>, Option<&Entry>)> =
        after.iter().map(|entry| (others.remove(entry.name.as_str()), Some(entry))).collect();
    pairs.extend(others.into_values().map(|gone| (Some(gone), None)));
    for (before, after) in pairs {
        if before == after {
            continue;
        }
        let name = before.or(after).map_or("", |entry| entry.name.as_str());
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        if [before, after].into_iter().flatten().any(|entry| !entry.is_folder()) {
            files.push(path.clone());
        }
        let is_folder = |entry: &&Entry| entry.is_folder();
        let folder = |side: Option<&Entry>| side.filter(is_folder).map(|entry| entry.id.clone());
        let (before, after) = (folder(before), folder(after));
        if before.is_some() || after.is_some() {
            folders.push(Pair { path, before, after });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::git::{command, run};

    fn git_in(dir: &Path, arguments: &[&str]) -> String {
        let mut command = command(dir);
        command.args(["-c", "user.name=T", "-c", "user.email=t@example.org"]).args(arguments);
        String::from_utf8(run(command).unwrap()).unwrap()
    }

    fn write(dir: &Path, path: &str, text: &str) {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn commit(dir: &Path) -> CommitId {
        git_in(dir, &["add", "--all"]);
        git_in(dir, &["commit", "--quiet", "--allow-empty", "-m", "c"]);
        CommitId::new(git_in(dir, &["rev-parse", "HEAD"]).trim()).unwrap()
    }

    /// As git says it.
    fn by_git(dir: &Path, from: &CommitId, to: &CommitId) -> Vec<String> {
        let ends = [from.as_str(), to.as_str(), "--"];
        let diff = ["diff-tree", "-r", "--name-only", "--no-renames", "-z"];
        paths(&git_in(dir, &[diff.as_slice(), &ends].concat()))
    }

    #[test]
    fn it_is_what_git_says() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        git_in(dir, &["init", "--quiet"]);
        for path in ["same", "changed", "gone", "a/b/c/deep", "a/same", "turns", "folder/x/y"] {
            write(dir, path, path);
        }
        let first = commit(dir);
        write(dir, "changed", "otherwise");
        fs::remove_file(dir.join("gone")).unwrap();
        write(dir, "a/b/c/deep", "otherwise");
        fs::remove_file(dir.join("turns")).unwrap();
        write(dir, "turns/into", "a folder");
        write(dir, "turns.txt", "sorts between");
        fs::remove_dir_all(dir.join("folder")).unwrap();
        write(dir, "folder", "a file");
        write(dir, "new/é é", "");
        std::os::unix::fs::symlink("same", dir.join("link")).unwrap();
        let mut mode = fs::metadata(dir.join("a/same")).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
        fs::set_permissions(dir.join("a/same"), mode).unwrap();
        let second = commit(dir);
        for number in 0..FOLDERS + 5 {
            write(dir, &format!("many/{number}/file"), "");
        }
        let third = commit(dir);
        let repository = Repository::at(dir).unwrap();
        let commits = [&first, &second, &third];
        for (from, to) in commits.into_iter().flat_map(|a| commits.map(|b| (a, b))) {
            let told = by_git(dir, from, to);
            assert_eq!(repository.changed(from, to).unwrap(), told);
            let tree = |commit| repository.tree(commit).unwrap();
            let own = repository.differing(tree(from), tree(to)).unwrap();
            assert_eq!(own.is_none(), told.len() > FOLDERS, "{told:?}");
        }
        assert_eq!(by_git(dir, &first, &second).len(), 11);
    }

    #[test]
    fn what_is_another_repository_is_left_to_git() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        git_in(dir, &["init", "--quiet"]);
        write(dir, "a", "");
        let first = commit(dir);
        let link = format!("160000,{first},sub");
        git_in(dir, &["update-index", "--add", "--cacheinfo", &link]);
        git_in(dir, &["commit", "--quiet", "-m", "c"]);
        let second = CommitId::new(git_in(dir, &["rev-parse", "HEAD"]).trim()).unwrap();
        let repository = Repository::at(dir).unwrap();
        let tree = |commit| repository.tree(commit).unwrap();
        assert_eq!(repository.differing(tree(&first), tree(&second)).unwrap(), None);
        assert_eq!(repository.changed(&first, &second).unwrap(), ["sub"]);
    }

    #[test]
    fn names_that_are_no_text_are_left_to_git() {
        use std::os::unix::ffi::OsStrExt as _;
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        git_in(dir, &["init", "--quiet"]);
        write(dir, "a", "");
        let first = commit(dir);
        fs::write(dir.join(std::ffi::OsStr::from_bytes(b"\xff")), "").unwrap();
        let second = commit(dir);
        let repository = Repository::at(dir).unwrap();
        assert_eq!(repository.changed(&first, &second).unwrap(), ["\u{fffd}"]);
    }
}

//! What lies between commits: what events tell about a push or a pull request.

use shipway_core::ids::CommitId;
use shipway_core::plan::Commit;

use super::{GitError, Repository, answer, command, git, line, run};

impl Repository {
    /// Where `origin` has the branch, as far as this repository knows.
    ///
    /// # Errors
    /// When git fails.
    pub fn upstream(&self, branch: &str) -> Result<Option<CommitId>, GitError> {
        self.reference(&format!("refs/remotes/origin/{branch}"))
    }

    /// Where this repository has the branch.
    ///
    /// # Errors
    /// When git fails.
    pub fn local(&self, branch: &str) -> Result<Option<CommitId>, GitError> {
        self.reference(&format!("refs/heads/{branch}"))
    }

    /// Whether any branch of `origin` is known here.
    ///
    /// # Errors
    /// When git fails.
    pub fn has_upstreams(&self) -> Result<bool, GitError> {
        let some = ["for-each-ref", "--count=1", "refs/remotes/origin"];
        Ok(!line(&git(&self.root, some)?).is_empty())
    }

    fn reference(&self, name: &str) -> Result<Option<CommitId>, GitError> {
        let found = self.object(&format!("{name}^{{commit}}"))?;
        found.map(|commit| CommitId::new(commit.id)).transpose().map_err(Into::into)
    }

    /// The branch that the others go to: what `origin` says, else `main` or
    /// `master`, if there is one.
    ///
    /// # Errors
    /// When git fails.
    pub fn default_branch(&self) -> Result<Option<String>, GitError> {
        if let Some(name) = self.origin_branch()? {
            return Ok(Some(name));
        }
        for name in ["main", "master"] {
            if self.local(name)?.is_some() || self.upstream(name)?.is_some() {
                return Ok(Some(name.to_owned()));
            }
        }
        Ok(None)
    }

    /// The newest commit that both have; `None` if they have none.
    ///
    /// # Errors
    /// When git fails.
    pub fn merge_base(&self, a: &CommitId, b: &CommitId) -> Result<Option<CommitId>, GitError> {
        let base = answer(git(&self.root, ["merge-base", a.as_str(), b.as_str()]))?;
        base.map(|id| CommitId::new(line(&id))).transpose().map_err(Into::into)
    }

    /// How many commits `to` has that `from` has not.
    ///
    /// # Errors
    /// When git fails.
    pub fn count_between(&self, from: &CommitId, to: &CommitId) -> Result<usize, GitError> {
        if self.follows(to, from)? {
            return Ok(1);
        }
        let range = format!("{from}..{to}");
        let count = git(&self.root, ["rev-list", "--count", &range])?;
        line(&count).parse().map_err(|_| super::not_understood("rev-list", &count))
    }

    /// The newest `most` commits that `to` has and `from` has not, oldest first.
    ///
    /// # Errors
    /// When git fails.
    pub fn between(
        &self,
        from: &CommitId,
        to: &CommitId,
        most: usize,
    ) -> Result<Vec<Commit>, GitError> {
        if most > 0 && self.follows(to, from)? {
            return Ok(vec![self.commit(to.as_str())?]);
        }
        let (range, count) = (format!("{from}..{to}"), format!("--max-count={most}"));
        let ids = git(&self.root, ["rev-list", &count, &range])?;
        let mut commits: Vec<Commit> =
            ids.lines().map(|id| self.commit(id)).collect::<Result<_, _>>()?;
        commits.reverse();
        Ok(commits)
    }

    /// A commit that merges `head` into `base`, of no branch; `None` where they
    /// conflict. No branch, index or file changes.
    ///
    /// # Errors
    /// When git fails, for example because it is older than 2.38.
    pub fn merged(
        &self,
        base: &CommitId,
        head: &CommitId,
        message: &str,
    ) -> Result<Option<Commit>, GitError> {
        let merge = ["merge-tree", "--write-tree", base.as_str(), head.as_str()];
        let Some(tree) = answer(git(&self.root, merge))? else { return Ok(None) };
        let tree = tree.lines().next().unwrap_or_default();
        let mut commit = command(&self.root);
        commit.args(["-c", "user.name=shipway", "-c", "user.email=shipway@localhost"]);
        commit.args(["commit-tree", tree, "-p", base.as_str(), "-p", head.as_str()]);
        commit.args(["-m", message]);
        // The same merge is the same commit, whenever it is made.
        let date = self.commit(head.as_str())?.at.to_string();
        commit.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date);
        let id = String::from_utf8_lossy(&run(commit)?).into_owned();
        self.commit(line(&id)).map(Some)
    }
}

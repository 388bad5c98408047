//! `actions/checkout`, from the repository that the job came from. No network:
//! the new repository borrows the objects of the other one.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Inputs, flag, text};
use crate::worker::environment::Base;
use crate::worker::glob::clean;
use crate::worker::program::{Program, find};
use crate::worker::step::{Body, Ending};

pub(super) async fn run(body: &Body<'_>, inputs: &Inputs) -> Result<Ending, String> {
    let message = &body.shared.message;
    let workspace = &message.folders.workspace;
    let target = clean(&workspace.join(text(inputs, "path").unwrap_or_default()));
    if !target.starts_with(workspace) {
        return Err(format!(
            "Repository path '{}' is not under '{}'",
            target.display(),
            workspace.display()
        ));
    }
    let script = Script {
        target: &target,
        reference: text(inputs, "ref"),
        clean: flag(inputs, "clean", true)?,
        everything: text(inputs, "fetch-depth") == Some("0"),
        tags: flag(inputs, "fetch-tags", false)?,
    };
    script.run(body).await
}

/// What to check out, and how.
struct Script<'a> {
    target: &'a Path,
    /// `None`: the run's commit.
    reference: Option<&'a str>,
    clean: bool,
    /// All branches and tags (`fetch-depth: 0`). History is always whole: it
    /// costs nothing here.
    everything: bool,
    tags: bool,
}

/// One program for the whole, so that it is stopped and contained as one.
/// Values come as variables, never as text of the script.
const SCRIPT: &str = r#"
set -eu
objects=$(cd "$SOURCE" && git rev-parse --path-format=absolute --git-path objects)
commit=$(git -C "$SOURCE" rev-parse --verify --quiet --end-of-options "$WANTED^{commit}" ||
         git -C "$SOURCE" rev-parse --verify --quiet --end-of-options "origin/$WANTED^{commit}") || {
  echo "A branch, tag or commit '$WANTED' could not be found in $SOURCE" >&2
  exit 1
}
mkdir -p "$TARGET"
cd "$TARGET"
if [ ! -e .git ]; then git init --quiet --template= --initial-branch=shipway-empty .; fi
mkdir -p .git/objects/info
printf '%s\n' "$objects" > .git/objects/info/alternates
git config gc.auto 0
git config remote.origin.url "$SOURCE"
git config remote.origin.fetch '+refs/heads/*:refs/remotes/origin/*'
git config remote.origin.pushurl 'file:///dev/null/a-run-does-not-push'
if [ "$EVERYTHING" = true ]; then
  git fetch --quiet --no-recurse-submodules --tags "$SOURCE" '+refs/heads/*:refs/remotes/origin/*'
elif [ "$TAGS" = true ]; then
  git fetch --quiet --no-recurse-submodules "$SOURCE" '+refs/tags/*:refs/tags/*'
fi
if [ "$CLEAN" = true ] && git rev-parse --verify --quiet HEAD >/dev/null; then
  git clean -ffdxq
  git reset --hard --quiet
fi
if [ -n "$BRANCH" ]; then
  git update-ref "refs/remotes/origin/$BRANCH" "$commit"
  git checkout --quiet --force -B "$BRANCH" "$commit" --
  git branch --quiet --set-upstream-to="origin/$BRANCH" 2>/dev/null || :
else
  git checkout --quiet --force --detach "$commit" --
fi
git log -1 --format='HEAD is now at %h %s'
echo "commit=$commit" >> "$GITHUB_OUTPUT"
echo "ref=$WANTED" >> "$GITHUB_OUTPUT"
"#;

impl Script<'_> {
    async fn run(&self, body: &Body<'_>) -> Result<Ending, String> {
        let source = &body.shared.message.source;
        let mut env = body.environment_over(Base::Machine);
        let sh = find("sh", &env).ok_or("there is no `sh` in the PATH")?;
        find("git", &env).ok_or("there is no `git` in the PATH: actions/checkout needs it")?;
        let (wanted, branch) = match self.reference {
            None => (source.commit.as_str(), source.branch.as_deref().unwrap_or_default()),
            Some(reference) => (short(reference), ""),
        };
        let mut set = |name: &str, value: OsString| env.push((name.into(), value));
        set("SOURCE", source.repository.clone().into_os_string());
        set("TARGET", PathBuf::from(self.target).into_os_string());
        set("WANTED", wanted.into());
        set("BRANCH", branch.into());
        set("CLEAN", self.clean.to_string().into());
        set("EVERYTHING", self.everything.to_string().into());
        set("TAGS", self.tags.to_string().into());
        set("GIT_TERMINAL_PROMPT", "0".into());
        let args = vec!["-c".into(), SCRIPT.into()];
        let dir = body.shared.message.folders.workspace.clone();
        body.program_here(Program { program: sh, args, dir, env }).await
    }
}

/// A branch or tag by the name that `rev-parse` finds it by.
fn short(reference: &str) -> &str {
    reference.strip_prefix("refs/heads/").unwrap_or(reference)
}

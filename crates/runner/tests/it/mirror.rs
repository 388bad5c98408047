//! Repositories of actions for tests: real ones, in a mirror folder.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A git repository `owner/name` in a folder.
pub(crate) struct Origin {
    folder: PathBuf,
}

impl Origin {
    /// A new repository `name` (`owner/name`) in `mirror`.
    pub(crate) fn new(mirror: &Path, name: &str) -> Self {
        let folder = mirror.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let origin = Self { folder };
        origin.git(&["init", "--quiet", "--initial-branch=main"]);
        origin
    }

    /// One that serves as a mirror's, at tag `v1`.
    pub(crate) fn with(mirror: &Path, name: &str, files: &[(&str, &str)]) -> Self {
        let origin = Self::new(mirror, name);
        origin.commit(files);
        origin.git(&["tag", "v1"]);
        origin
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        let identity = ["-c", "user.name=T", "-c", "user.email=t@example.org"];
        let output = Command::new("git")
            .arg("-C")
            .arg(&self.folder)
            .args(identity)
            .args(args)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Commits files; the commit.
    pub(crate) fn commit(&self, files: &[(&str, &str)]) -> String {
        for (name, text) in files {
            let path = self.folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "change"]);
        self.git(&["rev-parse", "HEAD"])
    }
}

//! The archive of a cache: `tar`, compressed by `zstd` where it is installed,
//! called as the released action calls them.

use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

use shipway_core::digest::Digest;
use tokio::task::spawn_blocking;

use crate::worker::environment::Base;
use crate::worker::glob::Patterns;
use crate::worker::program::{Program, find};
use crate::worker::step::{Body, Ending};

/// What is packed, and how.
pub(super) struct Archive {
    /// What has to be the same where it is restored.
    pub(super) version: String,
    paths: Vec<String>,
    compression: Compression,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compression {
    Zstd,
    Gzip,
}

impl Compression {
    /// The word that the released action puts into the version.
    const fn word(self) -> &'static str {
        match self {
            Self::Zstd => "zstd-without-long",
            Self::Gzip => "gzip",
        }
    }
}

/// The released action changes this when its archives change.
const SALT: &str = "1.0";
const MANIFEST: &str = "manifest.txt";

impl Archive {
    pub(super) fn of(body: &Body<'_>, paths: &[String]) -> Self {
        let compression = match find("zstd", &body.environment_over(Base::Machine)) {
            Some(_) => Compression::Zstd,
            None => Compression::Gzip,
        };
        Self { version: version(paths, compression), paths: paths.to_vec(), compression }
    }

    pub(super) const fn file_name(&self) -> &'static str {
        match self.compression {
            Compression::Zstd => "cache.tzst",
            Compression::Gzip => "cache.tgz",
        }
    }

    /// Packs what the paths mean, into `folder`; the archive's path.
    pub(super) async fn pack(&self, body: &Body<'_>, folder: &Path) -> Result<PathBuf, String> {
        let workspace = body.shared.message.folders.workspace.clone();
        let place = body.place();
        let lines: Vec<String> = self.paths.iter().map(|line| place.pattern_here(line)).collect();
        let found = spawn_blocking(move || {
            let patterns = Patterns::parse(&workspace, lines.iter().map(String::as_str))?;
            patterns.exact().map(|found| (found, workspace))
        });
        let (found, workspace) =
            found.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        if found.is_empty() {
            return Err(
                "Path Validation Error: Path(s) specified in the action for caching do(es) \
                        not exist, hence no cache is being saved."
                    .to_owned(),
            );
        }
        let mut manifest = Vec::new();
        for path in &found {
            manifest.extend(relative(&workspace, path).as_os_str().as_encoded_bytes());
            manifest.push(b'\n');
        }
        fs::write(folder.join(MANIFEST), manifest).map_err(|error| error.to_string())?;
        let name = self.file_name();
        let args = ["--posix", "-cf", name, "--exclude", name, "-P", "-C"];
        let mut args: Vec<OsString> = args.map(OsString::from).to_vec();
        args.push(workspace.into_os_string());
        args.extend(["--files-from", MANIFEST].map(OsString::from));
        args.extend(self.filter(["zstd -T0", "-z"]));
        self.tar(body, folder, args).await?;
        Ok(folder.join(name))
    }

    /// Unpacks the archive that is in `folder`.
    pub(super) async fn unpack(&self, body: &Body<'_>, folder: &Path) -> Result<(), String> {
        let workspace = &body.shared.message.folders.workspace;
        let mut args: Vec<OsString> = vec!["-xf".into(), self.file_name().into()];
        args.extend(["-P", "-C"].map(OsString::from));
        args.push(workspace.clone().into_os_string());
        args.extend(self.filter(["zstd -d", "-z"]));
        self.tar(body, folder, args).await
    }

    fn filter(&self, [zstd, gzip]: [&str; 2]) -> Vec<OsString> {
        match self.compression {
            Compression::Zstd => vec!["--use-compress-program".into(), zstd.into()],
            Compression::Gzip => vec![gzip.into()],
        }
    }

    async fn tar(&self, body: &Body<'_>, dir: &Path, args: Vec<OsString>) -> Result<(), String> {
        let env = body.environment_over(Base::Machine);
        let program = find("tar", &env).ok_or("there is no `tar` in the PATH")?;
        let dir = dir.to_owned();
        match body.program_here(Program { program, args, dir, env }).await? {
            Ending::Success { .. } => Ok(()),
            Ending::Failure { message, .. } => Err(format!("tar failed: {message}")),
            Ending::Stopped => Err("it was called off".to_owned()),
        }
    }
}

/// As the released action computes it.
fn version(paths: &[String], compression: Compression) -> String {
    let mut parts: Vec<&str> = paths.iter().map(String::as_str).collect();
    parts.extend([compression.word(), SALT]);
    Digest::of(parts.join("|").as_bytes()).hex()
}

/// The way from `folder` to `path`, both absolute and clean; `.` for itself.
fn relative(folder: &Path, path: &Path) -> PathBuf {
    let (mut from, mut to) = (folder.components().peekable(), path.components().peekable());
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    let way: PathBuf = from.map(|_| Component::ParentDir).chain(to).collect();
    if way.as_os_str().is_empty() { PathBuf::from(".") } else { way }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_released_action() {
        // node -e "console.log(require('crypto').createHash('sha256')
        //   .update(['~/.npm','node_modules','gzip','1.0'].join('|')).digest('hex'))"
        let paths = ["~/.npm".to_owned(), "node_modules".to_owned()];
        let expected = "968e3aea03edad41d8b91581ef9d7f0b1f7776f6d419099a8efd7256ea89bf8c";
        assert_eq!(version(&paths, Compression::Gzip), expected);
        assert_ne!(version(&paths, Compression::Zstd), expected);
    }

    #[test]
    fn ways_lead_from_the_workspace() {
        let way = |path: &str| relative(Path::new("/job/ws"), Path::new(path));
        assert_eq!(way("/job/ws/a/b"), Path::new("a/b"));
        assert_eq!(way("/job/ws"), Path::new("."));
        assert_eq!(way("/job/other"), Path::new("../other"));
        assert_eq!(way("/opt/npm"), Path::new("../../opt/npm"));
    }
}

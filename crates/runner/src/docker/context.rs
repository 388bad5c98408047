//! What is sent to Docker to build an image: a folder as a tar archive.

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};
use sha2::{Digest, Sha256};

/// A folder as an archive, and what identifies its content.
pub(super) struct BuildContext {
    /// The archive, at its beginning; removed when closed.
    pub(super) archive: File,
    /// SHA-256 of the archive, in hex. Times and owners are not in it.
    pub(super) digest: String,
}

impl BuildContext {
    /// Packs `folder`, without what its `.dockerignore` names. `dockerfile` is
    /// always in.
    pub(super) fn pack(folder: &Path, dockerfile: &str) -> io::Result<Self> {
        let ignored = match fs::read_to_string(folder.join(".dockerignore")) {
            Ok(text) => Ignored::parse(&text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ignored::default(),
            Err(error) => return Err(error),
        };
        let mut builder = tar::Builder::new(tempfile::tempfile()?);
        builder.mode(tar::HeaderMode::Deterministic);
        builder.follow_symlinks(false);
        let keep = [dockerfile, ".dockerignore"];
        pack(&mut builder, folder, Path::new(""), &ignored, &keep)?;
        let mut archive = builder.into_inner()?;
        let digest = digest(&mut archive, dockerfile)?;
        archive.rewind()?;
        Ok(Self { archive, digest })
    }
}

fn pack(
    builder: &mut tar::Builder<File>,
    top: &Path,
    inside: &Path,
    ignored: &Ignored,
    keep: &[&str],
) -> io::Result<()> {
    let mut entries = fs::read_dir(top.join(inside))?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = inside.join(entry.file_name());
        let kind = entry.file_type()?;
        let kept = keep.iter().any(|keep| Path::new(keep) == path);
        let out = !kept && ignored.matches(&path);
        if kind.is_dir() {
            if !out {
                builder.append_dir(&path, entry.path())?;
            }
            // Something in an ignored folder may be wanted after all.
            if !out
                || ignored.has_exceptions
                || keep.iter().any(|k| Path::new(k).starts_with(&path))
            {
                pack(builder, top, &path, ignored, keep)?;
            }
        } else if !out && (kind.is_file() || kind.is_symlink()) {
            builder.append_path_with_name(entry.path(), &path)?;
        }
    }
    Ok(())
}

fn digest(archive: &mut File, dockerfile: &str) -> io::Result<String> {
    archive.rewind()?;
    let mut hash = Sha256::new();
    hash.update(dockerfile);
    let mut buffer = vec![0; 64 << 10];
    loop {
        match archive.read(&mut buffer)? {
            0 => break,
            count => hash.update(&buffer[..count]),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// `.dockerignore`: the last pattern that matches a path or a folder above it
/// decides.
///
/// Source: Docker's "Build context", `.dockerignore` files.
#[derive(Default)]
struct Ignored {
    patterns: Vec<(GlobMatcher, bool)>,
    has_exceptions: bool,
}

impl Ignored {
    fn parse(text: &str) -> io::Result<Self> {
        let mut ignored = Self::default();
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (pattern, out) = match line.strip_prefix('!') {
                Some(pattern) => (pattern.trim(), false),
                None => (line, true),
            };
            let pattern = pattern.trim_start_matches("./").trim_matches('/');
            let glob = GlobBuilder::new(pattern).literal_separator(true).build().map_err(|e| {
                io::Error::new(io::ErrorKind::InvalidData, format!(".dockerignore: {e}"))
            })?;
            ignored.patterns.push((glob.compile_matcher(), out));
            ignored.has_exceptions |= !out;
        }
        Ok(ignored)
    }

    fn matches(&self, path: &Path) -> bool {
        let hit = |glob: &GlobMatcher| path.ancestors().any(|above| glob.is_match(above));
        self.patterns.iter().rev().find(|(glob, _)| hit(glob)).is_some_and(|(_, out)| *out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let context = BuildContext::pack(folder, "Dockerfile").unwrap();
        let mut archive = tar::Archive::new(context.archive);
        let entries = archive.entries().unwrap();
        entries.map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect()
    }

    #[test]
    fn what_is_ignored_is_not_sent() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        file("Dockerfile", "FROM scratch");
        file("src/a.rs", "");
        file("target/big", "");
        file("docs/a.md", "");
        file("docs/keep.md", "");
        file(".dockerignore", "# no\n*file\n/target/\ndocs\n!docs/keep.md\n**/*.rs\n");
        let expected = [".dockerignore", "Dockerfile", "docs/keep.md", "src"];
        assert_eq!(names(folder.path()), expected);
    }

    #[test]
    fn content_identifies_and_time_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Dockerfile");
        let digest = || BuildContext::pack(folder.path(), "Dockerfile").unwrap().digest;
        fs::write(&path, "FROM scratch").unwrap();
        let first = digest();
        let file = File::options().append(true).open(&path).unwrap();
        file.set_modified(std::time::UNIX_EPOCH).unwrap();
        assert_eq!(digest(), first);
        fs::write(&path, "FROM other").unwrap();
        assert_ne!(digest(), first);
    }
}

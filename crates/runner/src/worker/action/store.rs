//! Where a run's artifacts are: `<artifacts>/<name>.tar`, one file each, written
//! beside and then named, so that an artifact is there whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::worker::hash_files::HashWriter;

/// Something about artifacts that did not work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error(
        "the artifact name `{0}` is not allowed: it must not be empty, begin with a dot or contain \
         any of \" : < > | * ? \\ / or a line break"
    )]
    Name(String),
    #[error(
        "Failed to create artifact: an artifact with this name already exists on the workflow run: \
         {0}. Choose another name, or set `overwrite: true`"
    )]
    Exists(String),
    #[error("cannot {what} {path}: {source}")]
    Io { what: &'static str, path: PathBuf, source: io::Error },
}

impl StoreError {
    fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }
}

/// The artifacts of a run.
pub(crate) struct Store<'a> {
    pub(crate) folder: &'a Path,
}

/// An artifact that was stored.
#[derive(Debug)]
pub(crate) struct Stored {
    /// SHA-256 of the file, in hex.
    pub(crate) digest: String,
    /// Its length in bytes.
    pub(crate) size: u64,
}

const ENDING: &str = ".tar";

impl Store<'_> {
    /// The file of an artifact.
    pub(crate) fn path(&self, name: &str) -> Result<PathBuf, StoreError> {
        let bad = |c: char| {
            matches!(c, '"' | ':' | '<' | '>' | '|' | '*' | '?' | '\\' | '/') || c.is_control()
        };
        if name.is_empty() || name.starts_with('.') || name.contains(bad) {
            return Err(StoreError::Name(name.to_owned()));
        }
        Ok(self.folder.join(format!("{name}{ENDING}")))
    }

    /// The names of all artifacts, in order.
    pub(crate) fn names(&self) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        let entries = fs::read_dir(self.folder).map_err(StoreError::io("list", self.folder))?;
        for entry in entries {
            let entry = entry.map_err(StoreError::io("list", self.folder))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some(name) = name.strip_suffix(ENDING)
                && !name.starts_with('.')
            {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// Stores `files`, each under its path below `root`.
    pub(crate) fn put<'f>(
        &self,
        name: &str,
        root: &Path,
        files: impl IntoIterator<Item = &'f Path>,
        overwrite: bool,
    ) -> Result<Stored, StoreError> {
        let path = self.path(name)?;
        let create = StoreError::io("create an artifact in", self.folder);
        let part =
            tempfile::Builder::new().prefix(".part-").tempfile_in(self.folder).map_err(create)?;
        let mut archive = tar::Builder::new(Counted::new(io::BufWriter::new(part)));
        archive.follow_symlinks(false);
        for file in files {
            let inside = file.strip_prefix(root).unwrap_or(file);
            let append = archive.append_path_with_name(file, inside);
            append.map_err(StoreError::io("put into the artifact", file))?;
        }
        let written = StoreError::io("write the artifact", &path);
        let counted = archive.into_inner().map_err(written)?;
        let Counted { inner, hash, size } = counted;
        let write = StoreError::io("write the artifact", &path);
        let part = inner.into_inner().map_err(|error| write(error.into_error()))?;
        part.as_file().sync_all().map_err(StoreError::io("write the artifact", &path))?;
        let named = match overwrite {
            true => part.persist(&path),
            // Fails if it is there, also if another job is quicker.
            false => part.persist_noclobber(&path),
        };
        named.map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => StoreError::Exists(name.to_owned()),
            _ => StoreError::io("write the artifact", &path)(error.error),
        })?;
        let digest = hash.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Stored { digest, size })
    }

    /// Unpacks an artifact into `target`, which is created.
    pub(crate) fn get(&self, name: &str, target: &Path) -> Result<(), StoreError> {
        let path = self.path(name)?;
        fs::create_dir_all(target).map_err(StoreError::io("create", target))?;
        let file = File::open(&path).map_err(StoreError::io("read the artifact", &path))?;
        // Paths that lead out of the folder are refused by the archive.
        let mut archive = tar::Archive::new(io::BufReader::new(file));
        archive.set_overwrite(true);
        archive.unpack(target).map_err(StoreError::io("unpack the artifact", &path))
    }
}

/// Counts and hashes what is written.
struct Counted<W> {
    inner: W,
    hash: HashWriter,
    size: u64,
}

impl<W> Counted<W> {
    fn new(inner: W) -> Self {
        Self { inner, hash: HashWriter(Sha256::new()), size: 0 }
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hash.write_all(&bytes[..count])?;
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn an_artifact_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let (files, target) = (folder.path().join("files"), folder.path().join("target"));
        let store_folder = folder.path().join("store");
        fs::create_dir_all(files.join("bin")).unwrap();
        fs::create_dir_all(&store_folder).unwrap();
        fs::write(files.join("bin/tool"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(
            files.join("bin/tool"),
            std::os::unix::fs::PermissionsExt::from_mode(0o755),
        )
        .unwrap();
        let store = Store { folder: &store_folder };
        let tool = files.join("bin/tool");
        let stored = store.put("a b", &files, [tool.as_path()], false).unwrap();
        let mut bytes = Vec::new();
        File::open(store.path("a b").unwrap()).unwrap().read_to_end(&mut bytes).unwrap();
        assert_eq!(stored.size, bytes.len() as u64);
        assert_eq!(stored.digest, shipway_core::digest::Digest::of(&bytes).hex());
        assert_eq!(store.names().unwrap(), ["a b"]);
        store.get("a b", &target).unwrap();
        let mode = fs::metadata(target.join("bin/tool")).unwrap().permissions();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o755);
        assert!(matches!(store.put("a b", &files, [], false), Err(StoreError::Exists(_))));
        store.put("a b", &files, [], true).unwrap();
        assert_eq!(fs::read_dir(&store_folder).unwrap().count(), 1, "nothing partial is left");
    }

    #[test]
    fn a_name_leads_nowhere_else() {
        let store = Store { folder: Path::new("/store") };
        for name in ["", ".", "..", "../x", "a/b", "a\\b", "a\nb", "a*", ".hidden"] {
            assert!(store.path(name).is_err(), "{name:?}");
        }
    }
}

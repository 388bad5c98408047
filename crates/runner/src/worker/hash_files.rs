//! `hashFiles(…)`.

use std::fs::File;
use std::io;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::worker::glob::{Patterns, Walk};

/// SHA-256 over the SHA-256 of each file that matches, in the order of their
/// paths; empty when none does.
pub(crate) fn hash_files(workspace: &Path, patterns: &[String]) -> Result<String, String> {
    let patterns = Patterns::parse(workspace, patterns.iter().flat_map(|text| text.lines()))
        .map_err(|error| error.to_string())?;
    let files =
        patterns.files(Walk { hidden: true, follow: false }).map_err(|error| error.to_string())?;
    if files.is_empty() {
        return Ok(String::new());
    }
    let mut all = Sha256::new();
    for path in files {
        let read = || -> io::Result<_> {
            let mut one = HashWriter(Sha256::new());
            io::copy(&mut File::open(&path)?, &mut one)?;
            Ok(one.0.finalize())
        };
        all.update(read().map_err(|error| format!("cannot hash {}: {error}", path.display()))?);
    }
    Ok(all.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A hasher as something to write to.
pub(crate) struct HashWriter(pub(crate) Sha256);

impl io::Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

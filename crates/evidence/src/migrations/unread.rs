//! Migrations that are not read, since they are no SQL: told where they are new or changed.

use std::io::{self, Read as _};
use std::path::Path;

use shipway_checks::migrations::{Status, Unread};
use shipway_checks::{Finding, Sink};

use super::compared::Compared;

/// So much of a file is looked at; a longer one is taken for what its name says.
const LOOKED_AT: u64 = 16 << 20;

/// A file that may be one, by its path.
#[derive(Debug)]
pub(super) struct Candidate {
    path: String,
    kind: Unread,
}

/// Those among the files that are new or changed. `named`: somebody named where they are.
pub(super) fn candidates(names: &[String], compared: &Compared<'_>, named: bool) -> Vec<Candidate> {
    let may_be = names.iter().filter_map(|path| Some((path, Unread::may_be(path, named)?)));
    let is_judged =
        |path: &str| matches!(compared.status(path), Some(Status::New | Status::Changed));
    may_be
        .filter(|(path, _)| is_judged(path))
        .map(|(path, kind)| Candidate { path: path.clone(), kind })
        .collect()
}

impl Candidate {
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Tells of it if it is one; whether it is.
    pub(super) fn judge(&self, root: &Path, sink: &mut impl Sink) -> io::Result<bool> {
        let mut content = Vec::new();
        std::fs::File::open(root.join(&self.path))?
            .take(LOOKED_AT + 1)
            .read_to_end(&mut content)?;
        let is = content.len() as u64 > LOOKED_AT || self.kind.is(&self.path, &content);
        if is {
            let finding: Finding = self.kind.finding(&self.path, &content);
            sink.finding(finding);
        }
        Ok(is)
    }
}

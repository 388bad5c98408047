//! The migrations of a repository, and what became of each since the merge base.

mod compared;
mod listed;
mod marked;
mod numbered;
mod settings;
mod unread;

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::retry_on_intr;
use shipway_checks::migrations::layout::{in_known_folder, migrations_in, parent};
use shipway_checks::migrations::rules::UNREADABLE;
use shipway_checks::migrations::{
    FileSummary, Known, Migration, Options, Part, Status, is_compensation, judge_compensation,
    judge_file_within, judge_sequence,
};
use shipway_checks::sql::{Dialect, Room};
use shipway_checks::{Finding, Sink, Span, Tally};

use crate::git::{self, GitError};

use compared::Compared;
use listed::{Listed, Unreadable};
use settings::Settings;
use unread::Candidate;

/// What is looked at, and against what.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Folders or files; without any, the migrations that are found below the folder.
    pub paths: Vec<PathBuf>,
    /// The commit or branch to compare with.
    pub base: Option<String>,
    /// Judges what was merged as well.
    pub all: bool,
    /// Whose SQL it is; without it, that is found out.
    pub dialect: Option<Dialect>,
    /// What is asked for beyond what is always looked for.
    pub options: Options,
}

/// Why the migrations could not be gathered.
#[derive(Debug, thiserror::Error)]
pub enum GatherError {
    /// A folder or a file that cannot be read.
    #[error("{path} cannot be read: {error}")]
    Read {
        /// Which.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// Git.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// The migrations of a repository.
#[derive(Debug)]
pub struct Gathered {
    /// Where paths begin.
    root: PathBuf,
    /// The same, opened: the way to it is gone once, not for each file.
    folder: OwnedFd,
    /// In the order in which they are applied, sequence by sequence.
    migrations: Vec<(Migration, Status)>,
    /// What may be a migration that is no SQL.
    unread: Vec<Candidate>,
    dialects: HashMap<String, Dialect>,
    /// Sequences whose tool names a database that is not known here.
    foreign: HashMap<String, String>,
    /// What they were compared with.
    pub base: Option<String>,
}

/// What was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Looked {
    /// Files that were judged.
    pub files: u64,
    /// Statements in them.
    pub statements: u64,
    /// Statements that undo something and do not run.
    pub undoing: u64,
    /// Files that were merged before.
    pub merged: u64,
}

/// Finds the migrations below a folder.
///
/// # Errors
/// When the folder cannot be read, or git fails.
pub fn gather(folder: &Path, request: &Request) -> Result<Gathered, GatherError> {
    let work_tree = git::work_tree(folder)?;
    let root = work_tree.clone().unwrap_or_else(|| folder.to_path_buf());
    let since = match (&work_tree, request.all) {
        (Some(root), false) => git::since(root, request.base.as_deref())?,
        _ => None,
    };
    // Resolved once: what is below them is not a link.
    let root = root.canonicalize().unwrap_or(root);
    let starts: Vec<PathBuf> = if request.paths.is_empty() {
        vec![folder.to_path_buf()]
    } else {
        request.paths.iter().map(|path| folder.join(path)).collect()
    };
    let named = !request.paths.is_empty();
    let Listed { names, linked, unreadable } =
        Listed::below(&starts, named, &root, since.as_ref())?;
    let compared = Compared::with(since.as_ref(), &root, linked, !named)?;
    let unread = unread::candidates(&names, &compared, named);
    // Where somebody names them, every file of SQL is one.
    let marked = if named { HashSet::new() } else { marked::folders(&names, &compared, &root) };
    let numbered = if named { HashSet::new() } else { numbered::folders(&names) };
    let is_known = |path: &str| {
        named
            || in_known_folder(path)
            || marked.contains(parent(path))
            || (numbered.contains(parent(path)) && numbered::is_numbered(path))
    };
    let settings = Settings::among(&names);
    let found = migrations_in(names, is_known);
    let status = |of: Migration| Some((compared.status(&of.path)?, of));
    let mut migrations = Vec::new();
    for (status, mut migration) in found.into_iter().filter_map(status) {
        // Where nobody asked for such scripts, the tool runs it as any other file.
        if !request.options.additive_only && is_compensation(&migration.path) {
            migration.part = Part::Up;
        }
        match unreadable.get(&migration.path) {
            None => {
                migration.without_transaction = settings.leave_transaction_out(&migration, &root);
                migrations.push((migration, status));
            }
            // A link that led nowhere when it was merged is of nobody's change.
            Some(Unreadable::LeadsNowhere) if status == Status::Merged => {}
            Some(why) => {
                let error = io::Error::other(why.as_str());
                return Err(GatherError::Read { path: migration.path, error });
            }
        }
    }
    let folder =
        rustix::fs::open(&root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .map_err(|error| GatherError::Read {
                path: root.display().to_string(),
                error: error.into(),
            })?;
    let mut gathered = Gathered {
        root,
        folder,
        migrations,
        unread,
        dialects: HashMap::new(),
        foreign: HashMap::new(),
        base: since.map(|since| since.base),
    };
    gathered.find_dialects(request.dialect);
    Ok(gathered)
}

impl Gathered {
    /// In the order in which they are applied, sequence by sequence.
    #[must_use]
    pub fn migrations(&self) -> &[(Migration, Status)] {
        &self.migrations
    }

    /// Whose SQL a migration is.
    #[must_use]
    pub fn dialect(&self, migration: &Migration) -> Dialect {
        self.dialects.get(migration.sequence()).copied().unwrap_or(Dialect::Postgres)
    }

    /// Opens a migration's file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(&self, migration: &Migration) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let open = || rustix::fs::openat(&self.folder, &migration.path, flags, Mode::empty());
        Ok(File::from(retry_on_intr(open)?))
    }

    /// Judges what is new or changed, and the sequences.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn judge(&self, options: Options, sink: &mut impl Sink) -> Result<Looked, GatherError> {
        judge_sequence(&self.migrations, sink);
        let (mut looked, mut room) = (Looked::default(), Room::default());
        for candidate in &self.unread {
            let unreadable = |error| GatherError::Read { path: candidate.path().to_owned(), error };
            looked.files += u64::from(candidate.judge(&self.root, sink).map_err(unreadable)?);
        }
        let mut undone = HashSet::new();
        for sequence in self.sequences() {
            let mut known = Known::default();
            for (migration, status) in sequence {
                let dialect = self.dialect(migration);
                let unreadable = |error| GatherError::Read { path: migration.path.clone(), error };
                match status {
                    Status::Deleted => self.learn_deleted(migration, dialect, &mut known)?,
                    Status::Merged => {
                        looked.merged += 1;
                        if migration.part != Part::Down {
                            let file = self.open(migration).map_err(unreadable)?;
                            known.learn(file, dialect).map_err(unreadable)?;
                        }
                    }
                    Status::New | Status::Changed if self.is_foreign(migration, sink) => {
                        looked.files += 1;
                    }
                    Status::New | Status::Changed => {
                        let file = self.open(migration).map_err(unreadable)?;
                        let FileSummary { statements, undoing } = judge_file_within(
                            &mut room, file, migration, dialect, options, &mut known, sink,
                        )
                        .map_err(unreadable)?;
                        looked.files += 1;
                        looked.statements += statements;
                        looked.undoing += undoing;
                        if statements > 0 && undoing > 0 {
                            undone.insert(migration.path.clone());
                        }
                    }
                }
            }
        }
        if options.additive_only {
            let has_down = |of: &Migration| undone.contains(&of.path);
            judge_compensation(&self.migrations, has_down, sink);
        }
        Ok(looked)
    }

    /// Whether its tool writes for another database; told then.
    fn is_foreign(&self, migration: &Migration, sink: &mut impl Sink) -> bool {
        let Some(database) = self.foreign.get(migration.sequence()) else { return false };
        let message = format!("is written for {database}, whose SQL is not analysed");
        let finding = Finding::new(&UNREADABLE.rule, migration.path.clone(), Span::FILE, message);
        sink.finding(finding.undecided());
        true
    }

    /// What a deleted migration created is there wherever it was applied.
    fn learn_deleted(
        &self,
        migration: &Migration,
        dialect: Dialect,
        known: &mut Known,
    ) -> Result<(), GatherError> {
        let Some(base) = &self.base else { return Ok(()) };
        if let Some(content) = git::content_at(&self.root, base, &migration.path)? {
            let unreadable = |error| GatherError::Read { path: migration.path.clone(), error };
            known.learn(&content[..], dialect).map_err(unreadable)?;
        }
        Ok(())
    }

    /// Whose SQL each sequence is: as it is said, as the tool's own files say it, or as the
    /// statements give it away.
    fn find_dialects(&mut self, said: Option<Dialect>) {
        const LOOKED_AT: usize = 8;
        let dialect = |of: &[(Migration, Status)]| {
            let sequence = of.first()?.0.sequence();
            let by_tool = || self.named_by_tool(sequence)?.parse().ok();
            let by_text = || {
                let there = of.iter().filter(|(_, status)| *status != Status::Deleted);
                let beginnings =
                    there.take(LOOKED_AT).map(|(of, _)| beginning(&self.root.join(&of.path)));
                Dialect::guess(&beginnings.collect::<Vec<_>>().concat())
            };
            let dialect = said.or_else(by_tool).or_else(by_text).unwrap_or(Dialect::Postgres);
            Some((sequence.to_owned(), dialect))
        };
        let dialects = self.sequences().filter_map(dialect).collect();
        let foreign = |of: &[(Migration, Status)]| {
            let sequence = of.first()?.0.sequence();
            let named = self.named_by_tool(sequence).filter(|_| said.is_none())?;
            named.parse::<Dialect>().is_err().then(|| (sequence.to_owned(), named))
        };
        let foreign = self.sequences().filter_map(foreign).collect();
        (self.dialects, self.foreign) = (dialects, foreign);
    }

    /// The migrations of each sequence: those are one behind the other.
    fn sequences(&self) -> impl Iterator<Item = &[(Migration, Status)]> {
        self.migrations.chunk_by(|(one, _), (other, _)| one.sequence() == other.sequence())
    }

    /// Prisma's `migration_lock.toml` and Drizzle's journal name it.
    fn named_by_tool(&self, sequence: &str) -> Option<String> {
        let folder = self.root.join(sequence);
        let named = |name: &str, key: &str| {
            let text = beginning(&folder.join(name));
            let text = String::from_utf8_lossy(&text).into_owned();
            let (_, rest) = text.split_once(key)?;
            rest.split('"').find(|part| part.chars().any(char::is_alphabetic)).map(str::to_owned)
        };
        named("migration_lock.toml", "provider")
            .or_else(|| named("meta/_journal.json", "\"dialect\""))
    }
}

/// The first bytes of a file; nothing of one that cannot be read, which is told when it is judged.
fn beginning(path: &Path) -> Vec<u8> {
    let mut text = Vec::new();
    let read = File::open(path).and_then(|file| file.take(4096).read_to_end(&mut text));
    if read.is_err() {
        text.clear();
    }
    text
}

/// The path below the root; as it is if it is elsewhere.
fn relative(path: PathBuf, root: &Path) -> String {
    // As texts: taking ten thousand paths apart takes its time.
    if let (Some(text), Some(root)) = (path.to_str(), root.to_str())
        && let Some(below) = text.strip_prefix(root)
        && let Some(below) = if root.ends_with('/') { Some(below) } else { below.strip_prefix('/') }
    {
        return below.to_owned();
    }
    path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned()
}

/// What was looked at, in one line.
#[must_use]
pub fn summary(looked: &Looked, tally: &Tally) -> String {
    let counted = |number: u64, one: &str| match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {one}s"),
    };
    let files = counted(looked.files, "file");
    let mut text = format!("{files}, {}", counted(looked.statements, "statement"));
    if looked.merged > 0 {
        text.push_str(&format!(", {} merged before", looked.merged));
    }
    if looked.undoing > 0 {
        let undoing = counted(looked.undoing, "statement");
        text.push_str(&format!(", {undoing} that undo and do not run"));
    }
    if looked.files == 0 && tally.total() == 0 {
        text.push_str(", nothing is new");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    use super::*;

    #[test]
    fn paths_are_below_the_root_or_as_they_are() {
        let below = |path: &[u8], root: &str| {
            relative(PathBuf::from(OsStr::from_bytes(path)), Path::new(root))
        };
        assert_eq!(below(b"/a/b/c.sql", "/a"), "b/c.sql");
        assert_eq!(below(b"/a/b/c.sql", "/a/"), "b/c.sql");
        assert_eq!(below(b"/a/b/c.sql", "/"), "a/b/c.sql");
        assert_eq!(below(b"/ab/c.sql", "/a"), "/ab/c.sql");
        assert_eq!(below(b"/a/\xff.sql", "/a"), "\u{fffd}.sql");
    }
}

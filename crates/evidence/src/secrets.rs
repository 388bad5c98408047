//! What a search for secrets looks at: files, what a change adds, or all that was ever committed.

mod commits;
mod history;
mod lfs;
mod missing;
mod objects;

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use shipway_checks::secrets::{Rules, UNSEARCHED};
use shipway_checks::{Check, Finding, Sink as _, Span};

use crate::git::{FileChange, GitError, Since, added_lines, not_checked_out, tracked};
use crate::tree::files_but_in;

use lfs::Store;
use missing::Elsewhere;

/// A file or blob that is larger is told and not searched.
const LARGEST: u64 = 512 << 20;

/// What is searched.
#[derive(Debug, Clone)]
pub enum Scope {
    /// The files that git tracks, and those it would if they were added; what is staged, too.
    Tree,
    /// Lines that were added since the merge base with a commit, uncommitted ones included, and
    /// what was committed since and is gone again.
    Since(Since),
    /// Every blob that any commit of the repository has, for each of its paths, and what commits
    /// and tags say.
    History,
    /// These files and folders, whether git knows them or not.
    Paths(Vec<PathBuf>),
}

/// Why a search could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// Git did not answer.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file cannot be read.
    #[error("{path}: {error}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

/// Searches the repository at `root`. Findings are in order of file and place.
///
/// # Errors
/// When not everything could be looked at.
pub fn search(root: &Path, scope: &Scope, rules: &Rules) -> Result<Check, SearchError> {
    let mut found = Found { check: Check::new("secrets"), missing: BTreeSet::new() };
    match scope {
        Scope::Tree => {
            files(root, &tracked(root)?, rules, &mut found)?;
            history::staged(root, rules, &mut found)?;
            let absent = not_checked_out(root)?.into_iter().map(|name| (name, String::new()));
            missing::tell(Elsewhere::NotCheckedOut, &absent.collect(), &mut found.check);
        }
        Scope::Paths(paths) => files(root, &below(root, paths)?, rules, &mut found)?,
        Scope::Since(change) => since(change, rules, &mut found)?,
        Scope::History => history::all(root, rules, &mut found)?,
    }
    let Found { mut check, missing } = found;
    missing::tell(Elsewhere::Lfs, &missing, &mut check);
    check.findings.sort_by(|a, b| (&a.file, a.span.start).cmp(&(&b.file, b.span.start)));
    Ok(check)
}

/// What was found.
struct Found {
    check: Check,
    /// What is in Git LFS and not here: names, and what they point to.
    missing: BTreeSet<(String, String)>,
}

fn below(root: &Path, paths: &[PathBuf]) -> Result<Vec<PathBuf>, SearchError> {
    let mut files = Vec::new();
    for path in paths {
        let full = root.join(path);
        let failed = |error| SearchError::File { path: path.clone(), error };
        if fs::metadata(&full).map_err(failed)?.is_dir() {
            let found = files_but_in(&full, &[".git"]).map_err(failed)?;
            files.extend(found.into_iter().map(|file| match file.strip_prefix(root) {
                Ok(below) => below.to_path_buf(),
                Err(_) => file,
            }));
        } else if fs::symlink_metadata(&full).map_err(failed)?.is_symlink() {
            files.push(full.canonicalize().map_err(failed)?);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

/// Searches files on all cores.
fn files(
    root: &Path,
    files: &[PathBuf],
    rules: &Rules,
    found: &mut Found,
) -> Result<(), SearchError> {
    let looking = Looking { root, rules, store: Store::of(root) };
    let next = AtomicUsize::new(0);
    found.check.looked_at += files.len() as u64;
    let whole = Mutex::new((found, None));
    let search = || {
        let mut own = Own::default();
        while let Some(file) = files.get(next.fetch_add(1, Relaxed)) {
            if let Err(error) = looking.at_file(file, &mut own) {
                let mut whole = whole.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                whole.1.get_or_insert(SearchError::File { path: file.clone(), error });
            }
        }
        let mut whole = whole.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        own.findings.into_iter().for_each(|finding| whole.0.check.finding(finding));
        whole.0.missing.extend(own.missing);
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 1..cores.min(files.len()) {
            scope.spawn(search);
        }
        search();
    });
    let (_, failed) = whole.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    failed.map_or(Ok(()), Err)
}

/// What one thread finds.
#[derive(Default)]
struct Own {
    findings: Vec<Finding>,
    missing: Vec<(String, String)>,
}

/// What is needed to look at a content.
struct Looking<'r> {
    root: &'r Path,
    rules: &'r Rules,
    store: Store,
}

impl Looking<'_> {
    fn at_file(&self, file: &Path, own: &mut Own) -> std::io::Result<()> {
        let full = self.root.join(file);
        let name = file.to_string_lossy();
        // What a link leads to is a file of its own, or none of these.
        if fs::symlink_metadata(&full)?.is_symlink() {
            self.at(&name, fs::read_link(&full)?.as_os_str().as_bytes(), own);
            return Ok(());
        }
        let size = fs::metadata(&full)?.len();
        if size > LARGEST {
            own.findings.push(too_large(&name, size));
        } else {
            self.at(&name, &fs::read(&full)?, own);
        }
        Ok(())
    }

    /// Looks at a content, or at what it points to.
    fn at(&self, name: &str, content: &[u8], own: &mut Own) {
        let Some(oid) = lfs::pointed_to(content) else {
            return self.rules.scan_deep(name, content, &mut own.findings);
        };
        match self.store.read(&oid) {
            Some(content) => self.rules.scan_deep(name, &content, &mut own.findings),
            None => own.missing.push((name.to_owned(), oid)),
        }
    }
}

fn too_large(name: &str, size: u64) -> Finding {
    let message = format!("not searched: it is {} MiB large", size >> 20);
    Finding::new(&UNSEARCHED, name, Span::FILE, message).undecided()
}

/// Searches what changed, and keeps what stands in added lines.
fn since(change: &Since, rules: &Rules, found: &mut Found) -> Result<(), SearchError> {
    let root = &change.root;
    let mut changed = Vec::new();
    for (name, what) in &change.changes {
        match fs::symlink_metadata(root.join(name)) {
            // A submodule is a repository of its own.
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => changed.push(PathBuf::from(name)),
            Err(_) if *what == FileChange::Deleted => {}
            Err(error) => {
                let message = format!("not searched: {error} (is its name not UTF-8?)");
                let finding = Finding::new(&UNSEARCHED, name, Span::FILE, message);
                found.check.finding(finding.undecided());
            }
        }
    }
    let mut all = Found { check: Check::new("secrets"), missing: BTreeSet::new() };
    files(root, &changed, rules, &mut all)?;
    let added = added_lines(change)?;
    found.check.looked_at = all.check.looked_at;
    found.missing = all.missing;
    let known: HashSet<_> = all.check.findings.iter().map(|of| of.fingerprint).collect();
    for finding in all.check.findings {
        // An archive is changed as a whole.
        let file = finding.file.split("!/").next().unwrap_or_default();
        let is_in_archive = finding.file.len() > file.len();
        let lines = added.get(file).into_iter().flatten();
        let (from, to) = (finding.span.start.line, finding.span.end.line);
        let mut holding = lines.filter(|of| from < of.end as usize && to >= of.start as usize);
        if is_in_archive || holding.next().is_some() {
            found.check.finding(finding);
        }
    }
    history::since(change, rules, known, found)
}

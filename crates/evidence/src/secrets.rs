//! What a search for secrets looks at: files, what a change adds, or all that was ever committed.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use shipway_checks::secrets::{Rules, UNSEARCHED};
use shipway_checks::{Check, Finding, Sink as _, Span};

use crate::git::{FileChange, GitError, Since, added_lines, git, is_shallow, tracked};
use crate::tree::files_but_in;

/// A file or blob that is larger is told and not searched.
const LARGEST: u64 = 512 << 20;

/// What is searched.
#[derive(Debug, Clone)]
pub enum Scope {
    /// The files that git tracks, and those it would if they were added.
    Tree,
    /// Lines that were added since the merge base with a commit, uncommitted ones included.
    Since(Since),
    /// Every blob that any commit of the repository has, once.
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
    let mut check = match scope {
        Scope::Tree => files(root, &tracked(root)?, rules)?,
        Scope::Paths(paths) => files(root, &below(root, paths)?, rules)?,
        Scope::Since(change) => since(change, rules)?,
        Scope::History => history(root, rules)?,
    };
    check.findings.sort_by(|a, b| (&a.file, a.span.start).cmp(&(&b.file, b.span.start)));
    Ok(check)
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
fn files(root: &Path, files: &[PathBuf], rules: &Rules) -> Result<Check, SearchError> {
    let next = AtomicUsize::new(0);
    let whole = Mutex::new((Check::new("secrets"), None));
    let search = || {
        let mut findings: Vec<Finding> = Vec::new();
        while let Some(file) = files.get(next.fetch_add(1, Relaxed)) {
            if let Err(error) = search_file(root, file, rules, &mut findings) {
                let mut whole = whole.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                whole.1.get_or_insert(SearchError::File { path: file.clone(), error });
            }
        }
        let mut whole = whole.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        findings.into_iter().for_each(|finding| whole.0.finding(finding));
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 1..cores.min(files.len()) {
            scope.spawn(search);
        }
        search();
    });
    let (mut check, failed) = whole.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    check.looked_at = files.len() as u64;
    failed.map_or(Ok(check), Err)
}

fn search_file(
    root: &Path,
    file: &Path,
    rules: &Rules,
    findings: &mut Vec<Finding>,
) -> std::io::Result<()> {
    let full = root.join(file);
    let name = file.to_string_lossy();
    // What a link leads to is a file of its own, or none of these.
    if fs::symlink_metadata(&full)?.is_symlink() {
        rules.scan_deep(&name, fs::read_link(&full)?.as_os_str().as_bytes(), findings);
        return Ok(());
    }
    let size = fs::metadata(&full)?.len();
    if size > LARGEST {
        findings.push(too_large(&name, size));
    } else {
        rules.scan_deep(&name, &fs::read(&full)?, findings);
    }
    Ok(())
}

fn too_large(name: &str, size: u64) -> Finding {
    let message = format!("not searched: it is {} MiB large", size >> 20);
    Finding::new(&UNSEARCHED, name, Span::FILE, message).undecided()
}

/// Searches what changed, and keeps what stands in added lines.
fn since(change: &Since, rules: &Rules) -> Result<Check, SearchError> {
    let root = &change.root;
    let mut check = Check::new("secrets");
    let mut changed = Vec::new();
    for (name, what) in &change.changes {
        match fs::symlink_metadata(root.join(name)) {
            // A submodule is a repository of its own.
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => changed.push(PathBuf::from(name)),
            Err(_) if *what == FileChange::Deleted => {}
            Err(error) => {
                let message = format!("not searched: {error} (is its name not UTF-8?)");
                check.finding(Finding::new(&UNSEARCHED, name, Span::FILE, message).undecided());
            }
        }
    }
    let all = files(root, &changed, rules)?;
    let added = added_lines(change)?;
    check.looked_at = all.looked_at;
    for finding in all.findings {
        // An archive is changed as a whole.
        let file = finding.file.split("!/").next().unwrap_or_default();
        let is_in_archive = finding.file.len() > file.len();
        let lines = added.get(file).into_iter().flatten();
        let (from, to) = (finding.span.start.line, finding.span.end.line);
        let mut holding = lines.filter(|of| from < of.end as usize && to >= of.start as usize);
        if is_in_archive || holding.next().is_some() {
            check.finding(finding);
        }
    }
    Ok(check)
}

/// Searches every blob once, by its object id.
fn history(root: &Path, rules: &Rules) -> Result<Check, SearchError> {
    let mut check = Check::new("secrets");
    if is_shallow(root)? {
        let message = "not searched: commits that this shallow clone has not got; \
                       `git fetch --unshallow` brings them";
        let finding = Finding::new(&UNSEARCHED, ".git/shallow", Span::FILE, message);
        check.finding(finding.undecided());
    }
    let list = git(root, &["rev-list", "--objects", "--all"])?;
    let mut seen = BTreeSet::new();
    let mut blobs: Vec<(String, String)> = Vec::new();
    for line in String::from_utf8_lossy(&list).lines() {
        // Commits have no name; trees have one, and are told apart by git itself.
        if let Some((id, path)) = line.split_once(' ')
            && !path.is_empty()
            && seen.insert(id.to_owned())
        {
            blobs.push((id.to_owned(), path.to_owned()));
        }
    }
    read_blobs(root, &blobs, |id, path, content| {
        check.looked_at += 1;
        let mut findings: Vec<Finding> = Vec::new();
        match content {
            Content::TooLarge(size) => findings.push(too_large(path, size)),
            Content::Bytes(bytes) => rules.scan_deep(path, bytes, &mut findings),
        }
        for mut finding in findings {
            finding.message = format!("{} (blob {})", finding.message, &id[..id.len().min(12)]);
            check.finding(finding);
        }
    })?;
    for finding in &mut check.findings {
        if let Some(commit) = introduced(root, finding)? {
            finding.message = format!("{}, committed in {commit}", finding.message);
        }
    }
    Ok(check)
}

/// The oldest commit that has the blob of a finding.
fn introduced(root: &Path, finding: &Finding) -> Result<Option<String>, GitError> {
    let Some((_, rest)) = finding.message.rsplit_once("(blob ") else { return Ok(None) };
    let find = format!("--find-object={}", rest.trim_end_matches(')'));
    let log = ["log", "--all", "--reverse", "--format=%h of %as by %an", &find];
    let log = git(root, &log)?;
    Ok(String::from_utf8_lossy(&log).lines().next().map(str::to_owned))
}

enum Content<'c> {
    Bytes(&'c [u8]),
    TooLarge(u64),
}

fn read_blobs(
    root: &Path,
    blobs: &[(String, String)],
    mut each: impl FnMut(&str, &str, Content<'_>),
) -> Result<(), GitError> {
    let failed =
        |stderr: String| GitError::Failed { command: "cat-file --batch".to_owned(), stderr };
    let broken = |error: std::io::Error| failed(error.to_string());
    #[expect(clippy::disallowed_methods, reason = "it ends when its stdin closes")]
    let mut child = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["cat-file", "--batch", "--buffer"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(broken)?;
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(failed("it has no pipes".to_owned()));
    };
    let read = thread::scope(|scope| {
        // It answers while it is asked: whoever only wrote first would wait for ever.
        let asking = scope.spawn(move || {
            let mut stdin = BufWriter::new(stdin);
            blobs.iter().try_for_each(|(id, _)| writeln!(stdin, "{id}"))?;
            stdin.flush()
        });
        let mut stdout = BufReader::with_capacity(1 << 20, stdout);
        let mut content = Vec::new();
        for (id, path) in blobs {
            let mut head = String::new();
            stdout.read_line(&mut head).map_err(broken)?;
            let mut fields = head.split_whitespace().skip(1);
            let (kind, size) = (fields.next(), fields.next().and_then(|size| size.parse().ok()));
            let (Some(kind), Some(size)) = (kind, size) else {
                return Err(failed(format!("{id}: {}", head.trim())));
            };
            let mut body = (&mut stdout).take(size);
            if kind == "blob" && size <= LARGEST {
                content.clear();
                body.read_to_end(&mut content).map_err(broken)?;
                each(id, path, Content::Bytes(&content));
            } else {
                std::io::copy(&mut body, &mut std::io::sink()).map_err(broken)?;
                if kind == "blob" {
                    each(id, path, Content::TooLarge(size));
                }
            }
            stdout.read_exact(&mut [0]).map_err(broken)?;
        }
        match asking.join() {
            Ok(asked) => asked.map_err(broken),
            Err(_) => Err(failed("asking it failed".to_owned())),
        }
    });
    let status = child.wait().map_err(broken)?;
    match read {
        Ok(()) if !status.success() => Err(failed(status.to_string())),
        read => read,
    }
}

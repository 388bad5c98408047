//! The files below a folder.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir};
use rustix::io::{Errno, retry_on_intr};
use shipway_checks::migrations::layout::is_known_folder;

/// So much of a folder is listed at once.
const ROOM: usize = 32 * 1024;

/// Folders that hold what others wrote.
const FOREIGN: &[&str] = &[".git", "node_modules", "target", "vendor", ".venv", "__pycache__"];

/// Every regular file below `root`, but those that others wrote, in order of their paths. Links
/// are not followed.
///
/// # Errors
/// When a folder cannot be read.
pub fn files_below(root: &Path) -> io::Result<Vec<PathBuf>> {
    files_but_in(root, FOREIGN)
}

/// The same, leaving out folders of these names alone.
pub(crate) fn files_but_in(root: &Path, left_out: &[&str]) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    add_files(root, left_out, &mut files)?;
    Ok(files)
}

/// Files, also those that links lead to.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// By the names that lead to them.
    pub(crate) files: Vec<PathBuf>,
    /// Those of them to which a link leads.
    pub(crate) linked: Vec<PathBuf>,
    /// Links that lead to nothing, or to no file.
    pub(crate) nowhere: Vec<PathBuf>,
}

impl Found {
    /// Adds what is below a folder, but what others wrote. Links to folders are followed from
    /// folders of migrations on, or everywhere: those of build tools lead to all of a machine.
    pub(crate) fn add_below(&mut self, folder: &Path, everywhere: bool) -> io::Result<()> {
        let mut way = Way {
            by_link: false,
            follows: everywhere,
            in_migrations: is_of_migrations(folder),
            above: vec![folder.canonicalize()?],
            entered: HashSet::new(),
        };
        self.add(folder, &mut way)
    }

    fn add(&mut self, folder: &Path, way: &mut Way) -> io::Result<()> {
        for Entry { path, kind } in in_order(folder)? {
            let is_link = kind.is_symlink();
            let leads_to = if is_link { std::fs::metadata(&path).ok() } else { None };
            let is_folder = leads_to.as_ref().map_or(kind.is_dir(), |of| of.is_dir());
            if leads_to.map_or(kind.is_file(), |of| of.is_file()) {
                if is_link || way.by_link {
                    self.linked.push(path.clone());
                }
                self.files.push(path);
            } else if is_link && !is_folder && !is_lock(&path) {
                self.nowhere.push(path);
            } else if is_folder && !is_left_out(&path, way.in_migrations) {
                let (by_link, follows, in_migrations) =
                    (way.by_link, way.follows, way.in_migrations);
                way.in_migrations |= is_of_migrations(&path);
                way.follows |= way.in_migrations;
                let real = path.canonicalize()?;
                let again = is_link && !(way.follows && way.entered.insert(real.clone()));
                if !again && !way.above.contains(&real) {
                    way.by_link |= is_link;
                    way.above.push(real);
                    self.add(&path, way)?;
                    way.above.pop();
                }
                (way.by_link, way.follows, way.in_migrations) = (by_link, follows, in_migrations);
            }
        }
        Ok(())
    }
}

/// The way to a folder.
struct Way {
    /// A link is on it.
    by_link: bool,
    /// Links to folders are followed from here on.
    follows: bool,
    /// It leads through a folder of migrations.
    in_migrations: bool,
    /// The folders on it, by which a link that leads back is known.
    above: Vec<PathBuf>,
    /// Those that a link has led to: one way to each is enough.
    entered: HashSet<PathBuf>,
}

fn is_of_migrations(folder: &Path) -> bool {
    folder.file_name().and_then(OsStr::to_str).is_some_and(is_known_folder)
}

/// Emacs's mark of a file that is being edited: a link to who does it.
fn is_lock(link: &Path) -> bool {
    link.file_name().is_some_and(|name| name.as_bytes().starts_with(b".#"))
}

/// Whether others wrote what is in it. Among migrations, tools look into folders of any name.
fn is_left_out(folder: &Path, in_migrations: bool) -> bool {
    const THERE: &[&str] = &[".git", "node_modules"];
    let left_out = if in_migrations { THERE } else { FOREIGN };
    folder.file_name().is_some_and(|name| left_out.iter().any(|other| name == *other))
}

/// Entries in the order of their names, each folder's files where the folder stands: so paths are
/// in order, part by part.
fn add_files(folder: &Path, left_out: &[&str], files: &mut Vec<PathBuf>) -> io::Result<()> {
    let name = name_in(folder);
    let entries = in_order(folder)?;
    files.reserve(entries.len());
    for Entry { path, kind } in entries {
        if kind.is_file() {
            files.push(path);
        } else if kind.is_dir() && left_out.iter().all(|other| name(&path) != other.as_bytes()) {
            add_files(&path, left_out, files)?;
        }
    }
    Ok(())
}

/// What is in a folder, in the order of the names.
fn in_order(folder: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = entries(folder)?;
    let name = name_in(folder);
    // Most names differ in what one comparison takes.
    let first = |name: &[u8]| name.first_chunk().map(|eight| u64::from_be_bytes(*eight));
    entries.sort_unstable_by(|one, other| {
        let (one, other) = (name(&one.path), name(&other.path));
        match (first(one), first(other)) {
            (Some(of_one), Some(of_other)) if of_one != of_other => of_one.cmp(&of_other),
            _ => one.cmp(other),
        }
    });
    Ok(entries)
}

/// What is in a folder.
struct Entry {
    path: PathBuf,
    kind: FileType,
}

/// Everything in a folder. Ten thousand migrations may lie in one: nothing is made of an entry
/// but its path.
fn entries(folder: &Path) -> io::Result<Vec<Entry>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = retry_on_intr(|| rustix::fs::open(folder, flags, Mode::empty()))?;
    let mut room = Vec::with_capacity(ROOM);
    let mut listing = RawDir::new(&opened, room.spare_capacity_mut());
    let mut entries = Vec::new();
    while let Some(entry) = listing.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(Errno::INTR) => continue,
            // The folder was removed meanwhile.
            Err(Errno::NOENT) => break,
            Err(error) => return Err(error.into()),
        };
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let kind = match entry.file_type() {
            // Some file systems do not say it here.
            FileType::Unknown => {
                let of = rustix::fs::statat(&opened, name, AtFlags::SYMLINK_NOFOLLOW)?;
                FileType::from_raw_mode(of.st_mode)
            }
            kind => kind,
        };
        entries.push(Entry { path: below(folder, name.to_bytes()), kind });
    }
    Ok(entries)
}

/// A name in a folder: `join` asks of every name whether it is a path of its own.
fn below(folder: &Path, name: &[u8]) -> PathBuf {
    let mut path = OsString::with_capacity(folder.as_os_str().len() + 1 + name.len());
    path.push(folder);
    if !folder.as_os_str().as_bytes().ends_with(b"/") {
        path.push("/");
    }
    path.push(OsStr::from_bytes(name));
    PathBuf::from(path)
}

/// What stands behind a folder in the path of what is in it.
fn name_in(folder: &Path) -> impl Fn(&Path) -> &[u8] {
    let before = below(folder, b"").as_os_str().len();
    move |path| path.as_os_str().as_bytes().get(before..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::ErrorKind::{NotADirectory, NotFound};

    use super::*;

    #[test]
    fn many_files_with_any_names_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let long = "x".repeat(200);
        let mut names: Vec<OsString> =
            (0..4 * ROOM / 200).map(|at| format!("{long}{at:05}").into()).collect();
        names.push(OsStr::from_bytes(b"\xff\xfe.sql").to_owned());
        for name in &names {
            fs::write(dir.path().join(name), "").unwrap();
        }
        // With a sign behind the folder, as it may be named.
        let found = files_below(&dir.path().join("")).unwrap();
        let found: Vec<_> = found.iter().map(|path| path.file_name().unwrap()).collect();
        assert_eq!(found, names);
    }

    #[test]
    fn every_file_but_those_of_others_is_found_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let in_order = [
            "a.sql",
            "b/001_of_many.sql",
            "b/001_of_many_more.sql",
            "b/002_of_many.sql",
            "b/1.sql",
            "b/2.sql",
            "b-c.sql",
            "é.sql",
        ];
        for path in in_order.iter().rev().chain(&["node_modules/x.sql"]) {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        std::os::unix::fs::symlink("a.sql", dir.path().join("link.sql")).unwrap();
        std::os::unix::fs::symlink("b", dir.path().join("linked")).unwrap();
        let found = files_below(dir.path()).unwrap();
        let names: Vec<_> =
            found.iter().map(|path| path.strip_prefix(dir.path()).unwrap().to_str()).collect();
        assert_eq!(names, in_order.map(Some));
        assert!(found.is_sorted());
        assert_eq!(files_below(&dir.path().join("a.sql")).unwrap_err().kind(), NotADirectory);
        assert_eq!(files_below(&dir.path().join("none")).unwrap_err().kind(), NotFound);
    }
}

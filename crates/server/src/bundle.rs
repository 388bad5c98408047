//! Folders as archives whose bytes depend on nothing but their content: entries
//! in order of name, no owner, no time, only the executable bit.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use tar::{Archive, Builder, EntryType, Header};

/// Packs the files of `root` that `wanted` names (paths from `root`, folders
/// too) into `out`.
///
/// # Errors
/// When a file cannot be read or `out` not written; when a symbolic link
/// leads out of the folder.
pub fn pack<W: Write>(root: &Path, wanted: &dyn Fn(&Path) -> bool, out: W) -> io::Result<W> {
    let mut builder = Builder::new(out);
    for path in files(root, Path::new(""))? {
        if wanted(&path) {
            append(&mut builder, root, &path)?;
        }
    }
    builder.into_inner()
}

/// Everything below `root` but git's own folder, in order of name.
fn files(root: &Path, below: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names: Vec<_> = fs::read_dir(root.join(below))?.collect::<io::Result<Vec<_>>>()?;
    names.sort_by_key(fs::DirEntry::file_name);
    let mut found = Vec::new();
    for entry in names {
        let path = below.join(entry.file_name());
        if path == Path::new(".git") {
            continue;
        }
        if entry.file_type()?.is_dir() {
            found.extend(files(root, &path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

fn append<W: Write>(builder: &mut Builder<W>, root: &Path, path: &Path) -> io::Result<()> {
    let full = root.join(path);
    let metadata = fs::symlink_metadata(&full)?;
    let mut header = Header::new_gnu();
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    if metadata.is_symlink() {
        let to = fs::read_link(&full)?;
        if leads_out(path, &to) {
            let text =
                format!("the link `{}` leads out of the release: {}", path.display(), to.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        header.set_entry_type(EntryType::Symlink);
        header.set_mode(0o777);
        header.set_size(0);
        return builder.append_link(&mut header, path, to);
    }
    if !metadata.is_file() {
        let text = format!("`{}` is neither a file nor a link", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    let executable = metadata.permissions().mode() & 0o111 != 0;
    header.set_entry_type(EntryType::Regular);
    header.set_mode(if executable { 0o755 } else { 0o644 });
    header.set_size(metadata.len());
    let file = File::open(&full)?.take(metadata.len());
    builder.append_data(&mut header, path, file)
}

fn leads_out(link: &Path, to: &Path) -> bool {
    let mut depth = link.components().count() as i64 - 1;
    for part in to.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::ParentDir => depth -= 1,
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return true,
        }
        if depth < 0 {
            return true;
        }
    }
    false
}

/// Unpacks an archive into `to`, read-only, whole or not at all, also when the
/// power fails: into a folder beside it first, which is made durable and then
/// gets its name.
///
/// # Errors
/// When the archive cannot be read or the folder not written.
pub fn unpack<R: Read>(archive: R, to: &Path) -> io::Result<()> {
    let parent = to.parent().ok_or_else(|| io::Error::other("a release has a parent folder"))?;
    fs::create_dir_all(parent)?;
    let aside = tempfile::Builder::new().prefix(".unpacking-").tempdir_in(parent)?;
    let content = aside.path().join("content");
    let placed = unpack_aside(archive, &content).and_then(|()| place(&content, to));
    if content.exists() {
        make_writable(&content)?;
    }
    aside.close()?;
    placed
}

fn unpack_aside<R: Read>(archive: R, content: &Path) -> io::Result<()> {
    fs::create_dir(content)?;
    let mut archive = Archive::new(archive);
    archive.set_preserve_mtime(false);
    archive.unpack(content)?;
    change_mode(content, READ_ONLY)?;
    Ok(rustix::fs::syncfs(File::open(content)?)?)
}

/// Gives the folder its name, unless somebody else was faster: the content is
/// the same.
fn place(content: &Path, to: &Path) -> io::Result<()> {
    // A folder that changes its parent has to be writable itself.
    set_mode(content, WRITABLE)?;
    match fs::rename(content, to) {
        Ok(()) => set_mode(to, READ_ONLY),
        Err(_) if to.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Takes the protection off, so that a release can be removed.
///
/// # Errors
/// When a file's mode cannot be changed.
pub fn make_writable(path: &Path) -> io::Result<()> {
    change_mode(path, WRITABLE)
}

/// Removes a folder and all that is in it, if it is there, protected or not.
///
/// # Errors
/// When something of it cannot be removed.
pub fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            make_writable(folder)?;
            fs::remove_dir_all(folder)
        }
        other => other,
    }
}

/// How a mode is changed.
type Mode = fn(u32) -> u32;

const READ_ONLY: Mode = |mode| mode & !0o222;
const WRITABLE: Mode = |mode| mode | 0o200;

fn change_mode(path: &Path, change: Mode) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_symlink() {
        return Ok(());
    }
    // A folder is opened before it is entered, and shut after.
    if metadata.is_dir() {
        set_mode(path, |mode| mode | 0o700)?;
        for entry in fs::read_dir(path)? {
            change_mode(&entry?.path(), change)?;
        }
    }
    let mut permissions = metadata.permissions();
    permissions.set_mode(change(permissions.mode()));
    fs::set_permissions(path, permissions)
}

fn set_mode(path: &Path, change: Mode) -> io::Result<()> {
    let mut permissions = fs::symlink_metadata(path)?.permissions();
    permissions.set_mode(change(permissions.mode()));
    fs::set_permissions(path, permissions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything(_: &Path) -> bool {
        true
    }

    #[test]
    fn the_same_content_is_the_same_archive() {
        let (one, two) = (tempfile::tempdir().expect("dir"), tempfile::tempdir().expect("dir"));
        for (dir, order) in [(&one, ["b", "a"]), (&two, ["a", "b"])] {
            for name in order {
                fs::create_dir_all(dir.path().join("sub")).expect("dir");
                fs::write(dir.path().join("sub").join(name), name).expect("file");
            }
        }
        let pack = |dir: &Path| pack(dir, &everything, Vec::new()).expect("packed");
        assert_eq!(pack(one.path()), pack(two.path()));
        fs::write(two.path().join("sub/a"), "other").expect("file");
        assert_ne!(pack(one.path()), pack(two.path()));
    }

    #[test]
    fn an_unpacked_release_has_the_content_and_cannot_be_written() {
        let from = tempfile::tempdir().expect("dir");
        fs::write(from.path().join("run.sh"), "#!/bin/sh\n").expect("file");
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(from.path().join("run.sh"), mode).expect("mode");
        std::os::unix::fs::symlink("run.sh", from.path().join("link")).expect("link");
        let archive = pack(from.path(), &everything, Vec::new()).expect("packed");
        let to = tempfile::tempdir().expect("dir");
        let release = to.path().join("release");
        unpack(&archive[..], &release).expect("unpacked");
        unpack(&archive[..], &release).expect("unpacked twice is once");
        let mode = fs::metadata(release.join("link")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o555);
        assert_eq!(fs::read_dir(to.path()).expect("dir").count(), 1, "nothing is left aside");
        make_writable(&release).expect("writable");
    }

    fn archive_of(names: &[&str]) -> Vec<u8> {
        let from = tempfile::tempdir().expect("dir");
        for name in names {
            let path = from.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("dir");
            fs::write(path, name).expect("file");
        }
        pack(from.path(), &everything, Vec::new()).expect("packed")
    }

    #[test]
    fn many_unpack_the_same_release_at_once() {
        let archive = archive_of(&["a", "sub/b", "sub/deep/c"]);
        let to = tempfile::tempdir().expect("dir");
        let release = to.path().join("release");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| unpack(&archive[..], &release).expect("unpacked"));
            }
        });
        assert_eq!(fs::read(release.join("sub/deep/c")).expect("there"), b"sub/deep/c");
        for path in ["", "a", "sub", "sub/deep/c"] {
            let mode = fs::metadata(release.join(path)).expect("there").permissions().mode();
            assert_eq!(mode & 0o222, 0, "{path} cannot be written");
        }
        assert_eq!(fs::read_dir(to.path()).expect("dir").count(), 1, "nothing is left aside");
        remove(&release).expect("removed");
        remove(&release).expect("gone already");
        assert!(!release.exists());
    }

    #[test]
    fn half_an_archive_leaves_nothing() {
        let archive = archive_of(&["a", "sub/b"]);
        let to = tempfile::tempdir().expect("dir");
        assert!(unpack(&archive[..700], &to.path().join("release")).is_err());
        assert_eq!(fs::read_dir(to.path()).expect("dir").count(), 0);
    }

    #[test]
    fn a_link_out_of_the_release_is_refused() {
        let from = tempfile::tempdir().expect("dir");
        std::os::unix::fs::symlink("../secret", from.path().join("link")).expect("link");
        assert!(pack(from.path(), &everything, Vec::new()).is_err());
    }
}

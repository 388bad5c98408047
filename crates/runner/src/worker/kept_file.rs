//! Files that are written over rather than made anew.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

/// For the owner alone.
pub(crate) const PRIVATE: u32 = 0o600;

/// For everybody to read.
pub(crate) const EVERYBODY: u32 = 0o644;

/// Makes `bytes`, which are not none, the whole content of the file at `path`,
/// and whatever else stands there a file. It is not emptied first: ext4 would
/// write it to the disk then, lest a crash lose both. Nobody has more of a right
/// to it than `mode` says.
pub(crate) fn overwrite(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let open = || {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(mode);
        options.custom_flags(flags).open(path)
    };
    let opened = open().and_then(|file| file.metadata().map(|of| (file, of)));
    let (mut file, before) = match opened {
        // Neither something else nor a file with another name.
        Ok((file, of)) if of.is_file() && of.nlink() == 1 => (file, of),
        _ => {
            remove(path)?;
            let file = open()?;
            let of = file.metadata()?;
            (file, of)
        }
    };
    file.write_all(bytes)?;
    if before.len() > bytes.len() as u64 {
        file.set_len(bytes.len() as u64)?;
    }
    if before.mode() & 0o7777 & !mode != 0 {
        file.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// Leaves nothing of what stands in the file at `path`, if there is one, but a
/// line without a content: it is not made empty, for the reason above.
pub(crate) fn blank(path: &Path) -> io::Result<()> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let opened = OpenOptions::new().write(true).custom_flags(flags).open(path);
    match opened.and_then(|file| file.metadata().map(|of| (file, of))) {
        Ok((mut file, of)) if of.is_file() && of.nlink() == 1 => {
            file.write_all(BLANK)?;
            file.set_len(BLANK.len() as u64)
        }
        _ => remove(path),
    }
}

/// What stands in a file in which nothing stands.
const BLANK: &[u8] = b"\n";

/// Removes what stands at `path`, if something does.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(of) if of.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_stands_there_becomes_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("file"), dir.path().join("other"));
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
        overwrite(&path, b"a longer text", PRIVATE).unwrap();
        assert_eq!(mode(&path), PRIVATE);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        overwrite(&path, b"short", PRIVATE).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"short");
        assert_eq!(mode(&path), PRIVATE);
        fs::hard_link(&path, &other).unwrap();
        overwrite(&path, b"its own", PRIVATE).unwrap();
        assert_eq!(fs::read(&other).unwrap(), b"short", "a file with another name is another");
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        overwrite(&path, b"no link", PRIVATE).unwrap();
        assert_eq!(fs::read(&other).unwrap(), b"short", "a link is not followed");
        fs::remove_file(&path).unwrap();
        fs::create_dir_all(path.join("full")).unwrap();
        overwrite(&path, b"no folder", PRIVATE).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"no folder");
        blank(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), BLANK);
        fs::hard_link(&path, dir.path().join("third")).unwrap();
        blank(&path).unwrap();
        assert!(!path.exists(), "it may be anybody's");
        blank(&path).unwrap();
        remove(&path).unwrap();
        assert!(!path.exists());
    }
}

//! Files out of an archive, which nobody has to trust.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use zip::ZipArchive;

use super::ArchiveError;

/// What becomes of permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modes {
    /// As `actions/download-artifact`: files get 644, folders 755.
    Usual,
    /// As they were when the file was archived.
    Kept,
}

/// Unpacks an archive into `target`, which is made, at most `limit` bytes;
/// returns how many files. Files that are there are replaced.
///
/// # Errors
/// When the archive is damaged, holds an entry that leads out of `target` or is
/// no file, or a file cannot be written. What was unpacked before stays.
pub fn unpack<R: io::Read + Seek>(
    archive: R,
    target: &Path,
    modes: Modes,
    limit: u64,
) -> Result<u64, ArchiveError> {
    let mut archive = ZipArchive::new(archive)?;
    let made = |path: &Path, source| ArchiveError::File {
        doing: "making the folder",
        path: path.to_owned(),
        source,
    };
    fs::create_dir_all(target).map_err(|error| made(target, error))?;
    let (mut left, mut count) = (limit, 0);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let Some(inside) = entry.enclosed_name() else {
            return Err(ArchiveError::Elsewhere { name });
        };
        let path = target.join(inside);
        if entry.is_dir() {
            fs::create_dir_all(&path).map_err(|error| made(&path, error))?;
            continue;
        }
        if entry.is_symlink() || name.is_empty() {
            return Err(ArchiveError::Special { name });
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| made(parent, error))?;
        }
        let mode = entry.unix_mode().filter(|_| modes == Modes::Kept);
        let failed = |source| ArchiveError::File { doing: "unpacking", path: path.clone(), source };
        let mut file = create(&path).map_err(failed)?;
        // One more than allowed shows that there is more.
        let mut bounded = entry.by_ref().take(left.saturating_add(1));
        let written = io::copy(&mut bounded, &mut file).map_err(failed)?;
        left = left.checked_sub(written).ok_or(ArchiveError::TooLarge { limit })?;
        let mode = mode.map_or(0o644, |mode| mode & 0o777);
        file.set_permissions(fs::Permissions::from_mode(mode)).map_err(failed)?;
        count += 1;
    }
    Ok(count)
}

/// A new file in the place of whatever is there: a link is not written through.
fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::super::{Level, pack};
    use super::*;

    const PLENTY: u64 = 1 << 30;

    fn write(path: &Path, text: &str, mode: u32) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn files_come_back_with_and_without_their_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        let (tool, text) = (root.join("bin/tool"), root.join("a b/ü.txt"));
        write(&tool, "#!/bin/sh\n", 0o755);
        write(&text, &"text ".repeat(100_000), 0o600);
        let link = root.join("link");
        std::os::unix::fs::symlink(&tool, &link).unwrap();
        for level in [0, 6, 9] {
            let files = [tool.as_path(), &text, &link];
            let level = Level::new(level).unwrap();
            let archive = pack(Vec::new(), &root, files, level).unwrap();
            for (modes, expected) in [(Modes::Usual, [0o644; 2]), (Modes::Kept, [0o755, 0o600])] {
                let target = folder.path().join(format!("{level:?}-{modes:?}"));
                let count = unpack(Cursor::new(&archive), &target, modes, PLENTY).unwrap();
                assert_eq!(count, 3);
                let modes = [mode(&target.join("bin/tool")), mode(&target.join("a b/ü.txt"))];
                assert_eq!(modes, expected);
                assert_eq!(fs::read(target.join("a b/ü.txt")).unwrap(), fs::read(&text).unwrap());
                let linked = target.join("link");
                assert!(
                    fs::symlink_metadata(&linked).unwrap().is_file(),
                    "a link is what it means"
                );
            }
        }
    }

    fn archive(entries: &[(&str, &str)]) -> Cursor<Vec<u8>> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in entries {
            archive.start_file(*name, SimpleFileOptions::default()).unwrap();
            archive.write_all(text.as_bytes()).unwrap();
        }
        archive.finish().unwrap()
    }

    #[test]
    fn nothing_is_written_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("deep/target");
        for name in ["../out", "a/../../out", "../../out"] {
            let result = unpack(archive(&[(name, "x")]), &target, Modes::Usual, PLENTY);
            assert!(matches!(result, Err(ArchiveError::Elsewhere { .. })), "{name}: {result:?}");
        }
        assert!(!folder.path().join("out").exists() && !folder.path().join("deep/out").exists());
        unpack(archive(&[("/out", "x")]), &target, Modes::Usual, PLENTY).unwrap();
        assert!(target.join("out").exists() && !Path::new("/out").exists());
    }

    #[test]
    fn a_link_in_an_archive_is_refused_and_one_on_the_disk_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let mut links = ZipWriter::new(Cursor::new(Vec::new()));
        links.add_symlink("l", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        let result = unpack(links.finish().unwrap(), folder.path(), Modes::Usual, PLENTY);
        assert!(matches!(result, Err(ArchiveError::Special { .. })), "{result:?}");
        let (outside, inside) = (folder.path().join("outside"), folder.path().join("t/in"));
        write(&outside, "old", 0o644);
        fs::create_dir(folder.path().join("t")).unwrap();
        std::os::unix::fs::symlink(&outside, &inside).unwrap();
        let target = folder.path().join("t");
        unpack(archive(&[("in", "new")]), &target, Modes::Usual, PLENTY).unwrap();
        assert_eq!(fs::read_to_string(outside).unwrap(), "old");
        assert_eq!(fs::read_to_string(inside).unwrap(), "new");
    }

    #[test]
    fn an_archive_that_swells_is_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let swells = archive(&[("a", &"0".repeat(60)), ("b", &"0".repeat(60))]);
        let result = unpack(swells.clone(), folder.path(), Modes::Usual, 119);
        assert!(matches!(result, Err(ArchiveError::TooLarge { limit: 119 })), "{result:?}");
        assert_eq!(unpack(swells, folder.path(), Modes::Usual, 120).unwrap(), 2);
    }
}

//! Output of releases and daemons: files of bounded size, appended to by the
//! processes themselves, so that nobody who dies breaks a pipe.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Bytes after which a log is moved aside; one such piece is kept.
pub(crate) const LOG_MAX: u64 = 16 * 1024 * 1024;

/// How far back [`tail`] looks.
const TAIL_MAX: u64 = 1024 * 1024;

/// Opens a log for appending, with the folders above it.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        crate::files::create_private_dir(folder)?;
    }
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

/// Where the piece before is.
pub(crate) fn rotated(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".1");
    name.into()
}

/// Copies a log longer than `max` aside and empties it. Its writers hold it
/// open for appending and go on at the new end; what they write between the
/// copy and the cut is lost, which is the price for needing no pipe.
pub(crate) fn bound(path: &Path, max: u64) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(meta) if meta.len() > max => {}
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    fs::copy(path, rotated(path))?;
    OpenOptions::new().write(true).open(path)?.set_len(0)
}

/// The last `lines` lines, oldest first, over a rotation too.
pub(crate) fn tail(path: &Path, lines: usize) -> io::Result<Vec<String>> {
    let mut text = last_bytes(path)?;
    if text.iter().filter(|byte| **byte == b'\n').count() < lines {
        match last_bytes(&rotated(path)) {
            Ok(mut before) => {
                before.append(&mut text);
                text = before;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    let text = String::from_utf8_lossy(&text);
    let all: Vec<&str> = text.lines().collect();
    Ok(all[all.len().saturating_sub(lines)..].iter().map(|line| (*line).to_owned()).collect())
}

fn last_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_MAX)))?;
    let mut bytes = Vec::new();
    file.take(TAIL_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_log_stays_bounded_and_its_tail_reaches_over_the_cut() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("logs/app/v1.log");
        let mut writer = open(&path).unwrap();
        for line in 0..100 {
            writeln!(writer, "line {line}").unwrap();
        }
        bound(&path, 1_000_000).unwrap();
        assert!(!rotated(&path).exists());
        bound(&path, 100).unwrap();
        writeln!(writer, "line 100").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "line 100\n");
        assert_eq!(tail(&path, 3).unwrap(), ["line 98", "line 99", "line 100"]);
        assert_eq!(tail(&path, 1).unwrap(), ["line 100"]);
    }
}

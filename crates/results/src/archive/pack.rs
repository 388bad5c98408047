//! Files into an archive.

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::ArchiveError;

/// How much work is put into compression: 0 (none) to 9.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level(u8);

impl Level {
    /// `None`: it is not 0 to 9.
    pub const fn new(level: u8) -> Option<Self> {
        if level <= 9 { Some(Self(level)) } else { None }
    }
}

impl Default for Level {
    /// zlib's, and that of `actions/upload-artifact`.
    fn default() -> Self {
        Self(6)
    }
}

/// Writes `files`, each under its path below `root`, with its permissions. Of a
/// symbolic link, what it leads to is written.
///
/// # Errors
/// When a file cannot be read, or `out` not written.
pub fn pack<'f, W: Write>(
    out: W,
    root: &Path,
    files: impl IntoIterator<Item = &'f Path>,
    level: Level,
) -> Result<W, ArchiveError> {
    let mut archive = ZipWriter::new_stream(out);
    let (method, compression) = match level.0 {
        0 => (CompressionMethod::Stored, None),
        level => (CompressionMethod::Deflated, Some(level.into())),
    };
    for path in files {
        let file = |doing, source| ArchiveError::File { doing, path: path.to_owned(), source };
        let mut source = File::open(path).map_err(|error| file("reading", error))?;
        let metadata = source.metadata().map_err(|error| file("reading", error))?;
        if !metadata.is_file() {
            return Err(ArchiveError::NotAFile { path: path.to_owned() });
        }
        let inside = path.strip_prefix(root).unwrap_or(path).to_string_lossy();
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .compression_level(compression)
            .large_file(metadata.len() >= NEEDS_64_BITS)
            .last_modified_time(time(&metadata))
            .unix_permissions(mode & 0o777);
        archive.start_file(inside, options)?;
        // What grows meanwhile has no end.
        let mut bounded = io::Read::by_ref(&mut source).take(metadata.len());
        io::copy(&mut bounded, &mut archive).map_err(|error| file("archiving", error))?;
    }
    Ok(archive.finish()?.into_inner())
}

/// With room for what grows while it is compressed.
const NEEDS_64_BITS: u64 = 0xF000_0000;

/// When a file was changed, in UTC; what zip cannot say is its first day.
fn time(metadata: &std::fs::Metadata) -> DateTime {
    let modified = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
    let Some(at) = modified.map(|time| time.to_zoned(TimeZone::UTC)) else {
        return DateTime::default();
    };
    let small = |number: i8| u8::try_from(number).unwrap_or_default();
    let year = u16::try_from(at.year()).unwrap_or_default();
    let (month, day) = (small(at.month()), small(at.day()));
    let (hour, minute, second) = (small(at.hour()), small(at.minute()), small(at.second()));
    DateTime::from_date_and_time(year, month, day, hour, minute, second).unwrap_or_default()
}

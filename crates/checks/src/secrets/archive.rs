//! Files within files: zip (and so jar, docx, whl), tar, gzip. Bounded in depth, number and size,
//! so that a bomb costs little; what was not looked at is a finding.

use std::io::{Cursor, Read};

use flate2::read::MultiGzDecoder;

use crate::check::Sink;
use crate::finding::{Finding, Severity, Span};
use crate::rule::Rule;

use super::rules::Rules;

/// How deep archives in archives are opened.
const DEPTH: usize = 3;
/// The most bytes of one file in an archive.
const ENTRY: u64 = 32 << 20;
/// The most bytes of all files in an archive together.
const TOTAL: u64 = 256 << 20;
/// The most files in an archive.
const ENTRIES: usize = 20_000;

/// What could not be searched.
pub static UNSEARCHED: Rule = Rule::new(
    "secrets-unsearched",
    Severity::Medium,
    "a file that could not be searched",
    "What is in it is not known.",
    "leave it out of the repository, or list it where generated files are allowed",
);

/// Why an archive was not searched to its end.
#[derive(Debug, thiserror::Error)]
enum Unsearched {
    #[error("archives are packed in each other more than {DEPTH} deep")]
    Deep,
    #[error("it unpacks to more than {} MiB", TOTAL >> 20)]
    Large,
    #[error("it holds more than {ENTRIES} files")]
    Many,
    #[error("`{name}` in it is larger than {} MiB", ENTRY >> 20)]
    Entry { name: String },
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error("`{0}` in it is encrypted")]
    Encrypted(String),
}

impl Rules {
    /// Searches a file, and if it is an archive, what is in it.
    pub fn scan_deep(&self, file: &str, content: &[u8], sink: &mut impl Sink) {
        let mut left = TOTAL;
        self.scan_at(file, content, 0, &mut left, sink);
    }

    fn scan_at(
        &self,
        file: &str,
        content: &[u8],
        depth: usize,
        left: &mut u64,
        sink: &mut impl Sink,
    ) {
        let Some(packing) = Packing::of(content) else { return self.scan(file, content, sink) };
        let mut inside = |name: &str, content: &[u8], left: &mut u64| {
            self.scan_at(&format!("{file}!/{name}"), content, depth + 1, left, sink);
        };
        let done = match packing {
            _ if depth == DEPTH => Err(Unsearched::Deep),
            Packing::Zip => zip(content, left, &mut inside),
            Packing::Tar => tar(content, left, &mut inside),
            Packing::Gzip => gzip(file, content, left, &mut inside),
        };
        if let Err(why) = done {
            let message = format!("not searched to its end: {why}");
            sink.finding(Finding::new(&UNSEARCHED, file, Span::FILE, message).undecided());
        }
    }
}

enum Packing {
    Zip,
    Tar,
    Gzip,
}

impl Packing {
    fn of(content: &[u8]) -> Option<Self> {
        match content {
            [b'P', b'K', 3, 4, ..] => Some(Self::Zip),
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            _ if content.get(257..262) == Some(b"ustar") => Some(Self::Tar),
            _ => None,
        }
    }
}

type Inside<'f> = &'f mut dyn FnMut(&str, &[u8], &mut u64);

fn zip(content: &[u8], left: &mut u64, inside: Inside<'_>) -> Result<(), Unsearched> {
    let damaged = |error: zip::result::ZipError| Unsearched::Damaged(error.to_string());
    let mut archive = zip::ZipArchive::new(Cursor::new(content)).map_err(damaged)?;
    if archive.len() > ENTRIES {
        return Err(Unsearched::Many);
    }
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(damaged)?;
        let name = entry.name().map_err(damaged)?.into_owned();
        if entry.encrypted() {
            return Err(Unsearched::Encrypted(name));
        }
        let is_file = entry.is_file();
        drop(entry);
        if is_file {
            let entry = archive.by_index(index).map_err(damaged)?;
            let content = bounded(&name, entry, left)?;
            inside(&name, &content, left);
        }
    }
    Ok(())
}

fn tar(content: &[u8], left: &mut u64, inside: Inside<'_>) -> Result<(), Unsearched> {
    let damaged = |error: std::io::Error| Unsearched::Damaged(error.to_string());
    let mut archive = tar::Archive::new(content);
    for (count, entry) in archive.entries().map_err(damaged)?.enumerate() {
        if count == ENTRIES {
            return Err(Unsearched::Many);
        }
        let entry = entry.map_err(damaged)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if entry.header().entry_type().is_file() {
            let content = bounded(&name, entry, left)?;
            inside(&name, &content, left);
        }
    }
    Ok(())
}

fn gzip(file: &str, content: &[u8], left: &mut u64, inside: Inside<'_>) -> Result<(), Unsearched> {
    let name = file.rsplit('/').next().unwrap_or(file);
    let name = match name.strip_suffix(".tgz") {
        Some(stem) => format!("{stem}.tar"),
        None => name.strip_suffix(".gz").unwrap_or("content").to_owned(),
    };
    // A stream, not an entry: only all of it is bounded.
    let mut unpacked = Vec::new();
    let mut stream = MultiGzDecoder::new(content).take(*left + 1);
    stream.read_to_end(&mut unpacked).map_err(|error| Unsearched::Damaged(error.to_string()))?;
    *left = left.checked_sub(unpacked.len() as u64).ok_or(Unsearched::Large)?;
    inside(&name, &unpacked, left);
    Ok(())
}

fn bounded(name: &str, entry: impl Read, left: &mut u64) -> Result<Vec<u8>, Unsearched> {
    let mut content = Vec::new();
    let read = entry.take(ENTRY + 1).read_to_end(&mut content);
    read.map_err(|error| Unsearched::Damaged(format!("`{name}`: {error}")))?;
    let size = content.len() as u64;
    if size > ENTRY {
        return Err(Unsearched::Entry { name: name.to_owned() });
    }
    *left = left.checked_sub(size).ok_or(Unsearched::Large)?;
    Ok(content)
}

//! Files within files: zip (and so jar, docx, whl), tar, gzip. Bounded in depth, number and size,
//! so that a bomb costs little; what was not looked at, other packings too, is a finding.

use std::io::{Cursor, Read};

use flate2::bufread::GzDecoder;
use memchr::memmem;

use crate::check::Sink;
use crate::finding::{Finding, Severity, Span};
use crate::rule::Rule;

use super::packing::Packing;
use super::rules::Rules;

/// Where what an archive says beside its files is found: their names, and comments.
const SAID: &str = "names and comments";

/// Where what stands between the files of an archive is found.
const BETWEEN: &str = "between its files";

/// How much of archives is opened.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// How deep archives in archives are opened.
    depth: usize,
    /// The most bytes of one file in an archive.
    entry: u64,
    /// The most bytes of all files in an archive together.
    total: u64,
    /// The most files in an archive.
    entries: usize,
}

const LIMITS: Limits = Limits { depth: 3, entry: 32 << 20, total: 256 << 20, entries: 20_000 };

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
    #[error("archives are packed in each other more than {0} deep")]
    Deep(usize),
    #[error("it unpacks to more than {0} bytes")]
    Large(u64),
    #[error("it holds more than {0} files")]
    Many(usize),
    #[error("`{name}` in it is larger than {most} bytes")]
    Entry { name: String, most: u64 },
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error("`{0}` in it is encrypted")]
    Encrypted(String),
    #[error("{0} is not unpacked")]
    Other(&'static str),
}

impl Rules {
    /// Searches a file and its name, and if it is an archive, what is in it.
    pub fn scan_deep(&self, file: &str, content: &[u8], sink: &mut dyn Sink) {
        let mut in_name: Vec<Finding> = Vec::new();
        self.scan(file, file.as_bytes(), &mut in_name);
        for mut finding in in_name {
            finding.message.push_str(", in its name");
            finding.span = Span::FILE;
            sink.finding(finding);
        }
        let mut opening = Opening { rules: self, limits: LIMITS, left: LIMITS.total };
        opening.open(file, content, 0, sink);
    }
}

/// An archive that is being opened.
struct Opening<'r> {
    rules: &'r Rules,
    limits: Limits,
    /// How many bytes may still be unpacked.
    left: u64,
}

impl Opening<'_> {
    fn open(&mut self, file: &str, content: &[u8], depth: usize, sink: &mut dyn Sink) {
        let Some(packing) = Packing::of(content) else {
            return self.rules.scan(file, content, sink);
        };
        let done = match packing {
            _ if depth == self.limits.depth => Err(Unsearched::Deep(depth)),
            Packing::Zip => self.zip(file, content, depth, sink),
            Packing::Tar => self.tar(file, content, depth, sink),
            Packing::Gzip => self.gzip(file, content, depth, sink),
            Packing::Other(name) => Err(Unsearched::Other(name)),
        };
        if let Err(why) = done {
            let message = format!("not searched to its end: {why}");
            sink.finding(Finding::new(&UNSEARCHED, file, Span::FILE, message).undecided());
        }
    }

    fn zip(
        &mut self,
        file: &str,
        content: &[u8],
        depth: usize,
        sink: &mut dyn Sink,
    ) -> Result<(), Unsearched> {
        let damaged = |error: zip::result::ZipError| Unsearched::Damaged(error.to_string());
        let mut archive = zip::ZipArchive::new(Cursor::new(content)).map_err(damaged)?;
        if archive.len() > self.limits.entries {
            return Err(Unsearched::Many(self.limits.entries));
        }
        let mut said = archive.comment().to_vec();
        let directory = usize::try_from(archive.central_directory_start()).unwrap_or(content.len());
        let mut listed = Vec::with_capacity(archive.len());
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).map_err(damaged)?;
            let name = entry.name().map_err(damaged)?.into_owned();
            for of in [name.as_bytes(), entry.comment().as_bytes()] {
                said.push(b'\n');
                said.extend_from_slice(of);
            }
            let data = entry.data_start().unwrap_or_else(|| entry.header_start());
            let place = [entry.header_start(), data.saturating_add(entry.compressed_size())];
            listed.push(place.map(|at| usize::try_from(at).unwrap_or(content.len())));
            let encrypted = entry.encrypted();
            drop(entry);
            if encrypted {
                self.said(file, &said, sink);
                return Err(Unsearched::Encrypted(name));
            }
            let entry = archive.by_index(index).map_err(damaged)?;
            let content = self.bounded(&name, entry)?;
            if !content.is_empty() {
                self.open(&format!("{file}!/{name}"), &content, depth + 1, sink);
            }
        }
        self.said(file, &said, sink);
        listed.sort_unstable();
        listed.push([directory.min(content.len()); 2]);
        let mut at = 0;
        for [start, end] in listed {
            // What extracts it by itself is a program before it.
            let part = if at == 0 { file } else { &format!("{file}!/{BETWEEN}") };
            let between = content.get(at..start).unwrap_or_default();
            self.rules.scan(part, between, sink);
            self.unlisted(file, between, depth, sink)?;
            at = at.max(end);
        }
        Ok(())
    }

    /// Files of a zip that its directory does not name: readers that read from the beginning find
    /// them.
    fn unlisted(
        &mut self,
        file: &str,
        between: &[u8],
        depth: usize,
        sink: &mut dyn Sink,
    ) -> Result<(), Unsearched> {
        let damaged = |error: zip::result::ZipError| Unsearched::Damaged(error.to_string());
        for at in memmem::find_iter(between, b"PK\x03\x04") {
            let mut rest = &between[at..];
            if !is_zip_entry(rest) {
                continue;
            }
            let entry = zip::read::read_zipfile_from_stream(&mut rest).map_err(damaged)?;
            let Some(entry) = entry else { continue };
            let name = entry.name().map_err(damaged)?.into_owned();
            let content = self.bounded(&name, entry)?;
            if !content.is_empty() {
                let name = format!("{file}!/{name} (not in its directory)");
                self.open(&name, &content, depth + 1, sink);
            }
        }
        Ok(())
    }

    /// What an archive says beside its files.
    fn said(&self, file: &str, said: &[u8], sink: &mut dyn Sink) {
        self.rules.scan(&format!("{file}!/{SAID}"), said, sink);
    }

    fn tar(
        &mut self,
        file: &str,
        content: &[u8],
        depth: usize,
        sink: &mut dyn Sink,
    ) -> Result<(), Unsearched> {
        const BLOCK: usize = 512;
        let damaged = |error: std::io::Error| Unsearched::Damaged(error.to_string());
        let mut archive = tar::Archive::new(content);
        let (mut said, mut end) = (Vec::new(), 0);
        for (count, entry) in archive.entries().map_err(damaged)?.enumerate() {
            if count == self.limits.entries {
                return Err(Unsearched::Many(count));
            }
            let mut entry = entry.map_err(damaged)?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let mut add = |of: &[u8]| {
                said.push(b'\n');
                said.extend_from_slice(of);
            };
            add(name.as_bytes());
            add(&entry.link_name_bytes().unwrap_or_default());
            for extension in entry.pax_extensions().map_err(damaged)?.into_iter().flatten() {
                add(extension.map_err(damaged)?.value_bytes());
            }
            let behind = entry.raw_file_position().saturating_add(entry.size());
            end = usize::try_from(behind).unwrap_or(content.len()).next_multiple_of(BLOCK);
            // Whatever its type: what is of none that is known has a content as files have (POSIX,
            // pax, "typeflag").
            let content = self.bounded(&name, entry)?;
            if !content.is_empty() {
                self.open(&format!("{file}!/{name}"), &content, depth + 1, sink);
            }
        }
        self.said(file, &said, sink);
        let rest = content.get(end..).unwrap_or_default();
        if rest.iter().any(|byte| *byte != 0) {
            self.open(&format!("{file}!/behind its end"), rest, depth + 1, sink);
        }
        Ok(())
    }

    fn gzip(
        &mut self,
        file: &str,
        content: &[u8],
        depth: usize,
        sink: &mut dyn Sink,
    ) -> Result<(), Unsearched> {
        let name = file.rsplit('/').next().unwrap_or(file);
        let name = match name.strip_suffix(".tgz") {
            Some(stem) => format!("{stem}.tar"),
            None => name.strip_suffix(".gz").unwrap_or("content").to_owned(),
        };
        // A stream, not an entry: only all of it is bounded.
        let (mut unpacked, mut said) = (Vec::new(), Vec::new());
        let mut rest = content;
        // One behind the other are one; tapes and blocks are filled up with zeros.
        while rest.iter().any(|byte| *byte != 0) {
            let mut stream = GzDecoder::new(rest).take(self.left + 1);
            let read = stream.read_to_end(&mut unpacked);
            read.map_err(|error| Unsearched::Damaged(error.to_string()))?;
            let stream = stream.into_inner();
            let header = stream.header();
            let of = header.map(|of| [of.filename(), of.comment(), of.extra()]);
            for of in of.into_iter().flatten().flatten() {
                said.push(b'\n');
                said.extend_from_slice(of);
            }
            rest = stream.into_inner();
            if unpacked.len() as u64 > self.left {
                break;
            }
        }
        self.said(file, &said, sink);
        self.take(&unpacked)?;
        self.open(&format!("{file}!/{name}"), &unpacked, depth + 1, sink);
        Ok(())
    }

    fn bounded(&mut self, name: &str, entry: impl Read) -> Result<Vec<u8>, Unsearched> {
        let most = self.limits.entry;
        let mut content = Vec::new();
        let read = entry.take(most + 1).read_to_end(&mut content);
        read.map_err(|error| Unsearched::Damaged(format!("`{name}`: {error}")))?;
        if content.len() as u64 > most {
            return Err(Unsearched::Entry { name: name.to_owned(), most });
        }
        self.take(&content)?;
        Ok(content)
    }

    fn take(&mut self, unpacked: &[u8]) -> Result<(), Unsearched> {
        let left = self.left.checked_sub(unpacked.len() as u64);
        self.left = left.ok_or(Unsearched::Large(self.limits.total))?;
        Ok(())
    }
}

/// Whether the head of a file in a zip stands here (APPNOTE.TXT, 4.3.7), and not only its mark, which
/// is in every program that reads them.
fn is_zip_entry(bytes: &[u8]) -> bool {
    let Some((head, rest)) = bytes.split_first_chunk::<30>() else { return false };
    let number = |at: usize| usize::from(u16::from_le_bytes([head[at], head[at + 1]]));
    let (version, method, name) = (head[4], number(8), number(26));
    let is_named = |name: &[u8]| name.iter().all(|byte| !byte.is_ascii_control());
    version <= 63 && method < 100 && name > 0 && rest.get(..name).is_some_and(is_named)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn opened(content: &[u8], limits: Limits) -> Vec<String> {
        let rules = Rules::built_in();
        let mut findings: Vec<Finding> = Vec::new();
        let mut opening = Opening { rules: &rules, limits, left: limits.total };
        opening.open("a", content, 0, &mut findings);
        findings.into_iter().map(|finding| finding.message).collect()
    }

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(content).unwrap();
        gzip.finish().unwrap()
    }

    fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn every_bound_is_told() {
        let small = Limits { depth: 2, entry: 100, total: 150, entries: 2 };
        let hundred = [b'a'; 100];
        let cases = [
            (gzip(&[0; 151]), "more than 150 bytes"),
            (zip(&[("x", &[0; 101])]), "`x` in it is larger than 100 bytes"),
            (zip(&[("x", &hundred), ("y", &hundred)]), "more than 150 bytes"),
            (zip(&[("x", b""), ("y", b""), ("z", b"")]), "more than 2 files"),
            (gzip(&gzip(&gzip(b"deep"))), "more than 2 deep"),
            (b"PK\x03\x04 and no more".to_vec(), "damaged"),
            (gzip(&hundred)[..20].to_vec(), "damaged"),
            (b"\xfd7zXZ\0\0\x04".to_vec(), "xz is not unpacked"),
            (b"BZh91AY&SY".to_vec(), "bzip2 is not unpacked"),
            (b"\x28\xb5\x2f\xfd\x24".to_vec(), "Zstandard is not unpacked"),
            (b"!<arch>\ndebian-binary   ".to_vec(), "a Debian package is not unpacked"),
        ];
        for (content, why) in cases {
            let messages = opened(&content, small);
            assert_eq!(messages.len(), 1, "{why}: {messages:?}");
            assert!(messages[0].contains(why), "{why}: {messages:?}");
        }
        assert!(opened(&zip(&[("x", &hundred)]), small).is_empty());
    }
}

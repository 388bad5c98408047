//! Logs of jobs and commands, as they are kept: frames of LZ4 ("LZ4 Frame Format Description",
//! 1.6.3), so that `lz4 -dc` shows one. Much output comes packed from its worker and is kept so;
//! little output is a block that stands there as it is. A log that is being written ends with a
//! whole block, or with a part of one that is not looked at.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;

use shipway_runner::protocol::{Chunk, MOST_PACKED, unpack};

/// How a log's file is called, behind the job's name.
pub const EXTENSION: &str = ".log.lz4";

/// The magic number; version 1, independent blocks of 4 MiB at most, no checksums (the blob's
/// digest is one); and the second byte of the header's xxh32.
const BEGINNING: [u8; 7] = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73];

/// A block of no bytes.
const END: [u8; 4] = [0; 4];

/// In a block's length: it is not packed.
const AS_IT_IS: u32 = 1 << 31;

/// Makes a log of pieces.
#[derive(Debug, Default)]
pub(crate) struct Packing {
    begun: bool,
    written: Vec<u8>,
}

impl Packing {
    /// What is to be written of the next piece.
    pub(crate) fn piece(&mut self, piece: &Chunk) -> &[u8] {
        self.begin();
        let bytes = piece.as_sent();
        if piece.unpacked().is_some() {
            self.block(bytes, 0);
        } else {
            bytes.chunks(MOST_PACKED).for_each(|bytes| self.block(bytes, AS_IT_IS));
        }
        &self.written
    }

    /// What is to be written when nothing more comes.
    pub(crate) fn end(&mut self) -> &[u8] {
        self.begin();
        self.written.extend_from_slice(&END);
        &self.written
    }

    fn begin(&mut self) {
        self.written.clear();
        if !std::mem::replace(&mut self.begun, true) {
            self.written.extend_from_slice(&BEGINNING);
        }
    }

    /// A block of less than 2³¹ bytes.
    fn block(&mut self, bytes: &[u8], how: u32) {
        self.written.extend_from_slice(&(bytes.len() as u32 | how).to_le_bytes());
        self.written.extend_from_slice(bytes);
    }
}

/// Reads a log piece by piece, also one that is being written.
#[derive(Debug)]
pub struct LogReader {
    file: File,
    /// Where the next block begins.
    at: u64,
}

/// Where pieces are read and unpacked, one after the other.
#[derive(Debug, Default)]
pub struct Room {
    block: Vec<u8>,
    unpacked: Vec<u8>,
}

impl LogReader {
    /// Opens the log in a file.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::open(path)?, at: BEGINNING.len() as u64 })
    }

    /// Goes on where another reader of the same file was, or where its writer was before a
    /// piece.
    #[must_use]
    pub fn resume(self, at: u64) -> Self {
        // Before the first piece is the beginning of the log.
        Self { at: at.max(self.at), ..self }
    }

    /// Where the next piece begins.
    #[must_use]
    pub fn at(&self) -> u64 {
        self.at
    }

    /// What tells this file from another of the same name.
    ///
    /// # Errors
    /// When the file cannot be asked.
    pub fn inode(&self) -> io::Result<u64> {
        self.file.metadata().map(|about| about.ino())
    }

    /// The next piece, once all of it is there.
    ///
    /// # Errors
    /// When the file cannot be read, or is no log.
    pub fn next_piece<'r>(&mut self, room: &'r mut Room) -> io::Result<Option<&'r [u8]>> {
        let mut length = [0; 4];
        if !self.read_at(&mut length, self.at)? {
            return Ok(None);
        }
        if self.at == BEGINNING.len() as u64 {
            let mut beginning = [0; BEGINNING.len()];
            self.file.read_exact_at(&mut beginning, 0)?;
            if beginning != BEGINNING {
                return Err(no_log("it does not begin like one"));
            }
        }
        let how = u32::from_le_bytes(length);
        let length = (how & !AS_IT_IS) as usize;
        // The end: what may come behind it is another frame, and no log has one.
        if length == 0 {
            return Ok(None);
        }
        if length > MOST_PACKED {
            return Err(no_log("a block is longer than any"));
        }
        room.block.resize(length, 0);
        if !self.read_at(&mut room.block, self.at + 4)? {
            return Ok(None);
        }
        self.at += 4 + length as u64;
        if how & AS_IT_IS != 0 {
            return Ok(Some(&room.block));
        }
        let piece = unpack(&room.block, MOST_PACKED, &mut room.unpacked);
        piece.map(Some).map_err(|error| no_log(&error.to_string()))
    }

    /// Everything that is there.
    ///
    /// # Errors
    /// As [`Self::next_piece`].
    pub fn read_to_end(mut self) -> io::Result<Vec<u8>> {
        let (mut all, mut room) = (Vec::new(), Room::default());
        while let Some(piece) = self.next_piece(&mut room)? {
            all.extend_from_slice(piece);
        }
        Ok(all)
    }

    /// Whether so many bytes are there.
    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<bool> {
        match self.file.read_exact_at(bytes, at) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn no_log(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("no log, or a damaged one: {why}"))
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use proptest::prelude::*;

    use super::*;

    /// A log of these pieces, without its end.
    fn log_of(pieces: &[Vec<u8>]) -> (Packing, Vec<u8>) {
        let (mut packing, mut log) = (Packing::default(), Vec::new());
        for piece in pieces {
            let piece = Chunk::pack(piece.clone(), &mut Vec::new());
            log.extend_from_slice(packing.piece(&piece));
        }
        (packing, log)
    }

    fn file_of(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    #[test]
    fn any_reader_of_lz4_reads_a_log() {
        let much = b"the same line again\n".repeat(1 << 17);
        let noise: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(n) >> 7) as u8).collect();
        let longer = vec![b'x'; MOST_PACKED + 1];
        let pieces = [b"one\n".to_vec(), much, noise, longer, Vec::new(), b"end\n".to_vec()];
        let (mut packing, mut log) = log_of(&pieces);
        log.extend_from_slice(packing.end());
        let mut read = Vec::new();
        lz4_flex::frame::FrameDecoder::new(&log[..]).read_to_end(&mut read).unwrap();
        assert_eq!(read, pieces.concat());
        let kept = LogReader::open(file_of(&log).path()).unwrap().read_to_end().unwrap();
        assert_eq!(kept, pieces.concat());
        assert!(log.len() < 5_000_000, "{} bytes", log.len());
    }

    #[test]
    fn a_log_that_is_written_is_followed() {
        let (mut packing, log) = log_of(&[b"one\n".to_vec()]);
        let mut file = file_of(&log[..3]);
        let (mut reader, mut room) = (LogReader::open(file.path()).unwrap(), Room::default());
        let mut next = || reader.next_piece(&mut room).unwrap().map(<[u8]>::to_vec);
        assert_eq!(next(), None);
        file.write_all(&log[3..log.len() - 1]).unwrap();
        assert_eq!(next(), None, "a part of a block is none");
        file.write_all(&log[log.len() - 1..]).unwrap();
        assert_eq!(next().as_deref(), Some(&b"one\n"[..]));
        assert_eq!(next(), None);
        let much = b"much\n".repeat(1000);
        let piece = Chunk::pack(much.clone(), &mut Vec::new());
        file.write_all(packing.piece(&piece)).unwrap();
        file.write_all(packing.end()).unwrap();
        assert_eq!(next(), Some(much));
        assert_eq!(next(), None);
    }

    #[test]
    fn what_is_no_log_is_an_error() {
        let (_, log) = log_of(&[b"much\n".repeat(1000)]);
        let mut damaged = log.clone();
        damaged[11] = 0xff;
        let long = [&BEGINNING[..], &u32::MAX.to_le_bytes()].concat();
        for bytes in [&b"plain text, no log\n"[..], &damaged, &long] {
            let read = LogReader::open(file_of(bytes).path()).unwrap().read_to_end();
            assert_eq!(read.unwrap_err().kind(), io::ErrorKind::InvalidData);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_log_or_an_error(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            is_log in any::<bool>(),
        ) {
            let bytes = if is_log { [&BEGINNING[..], &bytes].concat() } else { bytes };
            drop(LogReader::open(file_of(&bytes).path()).unwrap().read_to_end());
        }
    }
}

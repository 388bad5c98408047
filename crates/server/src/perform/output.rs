//! What a command or job writes: masked, kept, and its last lines at hand.

use std::collections::VecDeque;
use std::io::{self, Write};

use shipway_core::digest::Digest;
use shipway_runner::mask::{MaskedStream, Masker};
use shipway_runner::protocol::Chunk;
use shipway_store::{BlobWriter, Blobs, StoreError};

use crate::log::{LogReader, Packing};

/// What was written is not kept.
#[derive(Debug, thiserror::Error)]
#[error("the output cannot be kept: {0}")]
pub(super) struct NotKept(String);

/// As many of the last lines are at hand.
const TAIL: usize = 20;
/// A longer line is cut where it is shown; the blob has all of it.
const LONGEST_LINE: usize = 2000;

/// As many of the last bytes are looked at for the last lines.
const RECENT: usize = 64 << 10;

/// Keeps what is written as a blob, which is a log, and the last lines at hand.
pub(super) struct Output {
    masker: Masker,
    stream: MaskedStream,
    blob: BlobWriter,
    packing: Packing,
    /// Where pieces are packed.
    room: Vec<u8>,
    recent: Recent,
    is_at_line_start: bool,
    failed: Option<io::Error>,
}

/// Where the pieces with the last bytes are.
#[derive(Default)]
struct Recent {
    /// Where each begins, and how much was written in it.
    pieces: VecDeque<(u64, usize)>,
    /// How much in all of them.
    bytes: usize,
}

impl Recent {
    fn push(&mut self, at: u64, length: usize) {
        self.pieces.push_back((at, length));
        self.bytes += length;
        while let Some((_, oldest)) = self.pieces.front()
            && self.bytes - oldest >= RECENT
        {
            self.bytes -= oldest;
            self.pieces.pop_front();
        }
    }
}

impl Output {
    pub(super) fn new(blobs: &Blobs, masker: Masker) -> Result<Self, StoreError> {
        Ok(Self {
            masker,
            stream: MaskedStream::default(),
            blob: blobs.writer()?,
            packing: Packing::default(),
            room: Vec::new(),
            recent: Recent::default(),
            is_at_line_start: true,
            failed: None,
        })
    }

    /// Takes what was written, and masks it.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        let mut seen = Vec::with_capacity(bytes.len());
        self.stream.push(&self.masker, bytes, &mut seen);
        let seen = Chunk::pack(seen, &mut self.room);
        self.keep(&seen);
    }

    /// Takes what is masked already.
    pub(super) fn keep(&mut self, seen: &Chunk) {
        let Some(last) = seen.last() else { return };
        self.is_at_line_start = last == b'\n';
        let length = seen.unpacked().unwrap_or(seen.as_sent().len());
        self.recent.push(self.blob.size(), length);
        let piece = self.packing.piece(seen);
        Self::put(&mut self.blob, &mut self.failed, piece);
    }

    /// Writes, unless it could not before: nobody finds what stands behind half a piece.
    fn put(blob: &mut BlobWriter, failed: &mut Option<io::Error>, bytes: &[u8]) {
        if failed.is_none() {
            *failed = blob.write_all(bytes).err();
        }
    }

    /// Whether the last line has its end.
    pub(super) const fn is_at_line_start(&self) -> bool {
        self.is_at_line_start
    }

    /// The file in which everything so far stands, for whoever looks on.
    pub(super) fn file(&self) -> &std::path::Path {
        self.blob.path()
    }

    /// The last lines of what is kept. One that cannot be read says nothing.
    fn tail(&self) -> Vec<String> {
        let recent = self.recent().unwrap_or_else(|error| {
            tracing::debug!(%error, "the last lines of an output cannot be read");
            Vec::new()
        });
        let text = String::from_utf8_lossy(&recent);
        let mut lines: Vec<String> = text
            .lines()
            .rev()
            .take(TAIL)
            .map(|line| line[..line.floor_char_boundary(LONGEST_LINE)].to_owned())
            .collect();
        lines.reverse();
        lines
    }

    fn recent(&self) -> io::Result<Vec<u8>> {
        let Some((from, _)) = self.recent.pieces.front() else { return Ok(Vec::new()) };
        let mut recent = LogReader::open(self.file())?.resume(*from).read_to_end()?;
        let surplus = recent.len().saturating_sub(RECENT);
        recent.drain(..surplus);
        Ok(recent)
    }

    /// Nothing more comes: the last lines, if they are wanted, and the blob with all
    /// of it. It is not waited for until it is on the disk: a power failure may
    /// take the last seconds of what was written, and nothing that was decided.
    pub(super) fn finish(mut self, wanted: bool) -> (Vec<String>, Result<Digest, NotKept>) {
        let mut rest = Vec::new();
        self.stream.finish(&self.masker, &mut rest);
        self.keep(&Chunk::new(rest));
        let tail = if wanted { self.tail() } else { Vec::new() };
        Self::put(&mut self.blob, &mut self.failed, self.packing.end());
        let blob = match self.failed {
            Some(error) => Err(NotKept(error.to_string())),
            None => self.blob.finish_unsynced().map_err(|error| NotKept(error.to_string())),
        };
        (tail, blob.map(|stored| stored.digest))
    }
}

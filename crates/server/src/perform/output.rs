//! What a command or job writes: masked, kept, and its last lines at hand.

use std::io::Write;

use shipway_core::digest::Digest;
use shipway_runner::mask::{MaskedStream, Masker};
use shipway_store::{BlobWriter, Blobs, StoreError};

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

/// Keeps what is written as a blob, and the last lines at hand.
pub(super) struct Output {
    masker: Masker,
    stream: MaskedStream,
    blob: BlobWriter,
    /// The last bytes, and perhaps some before them.
    recent: Vec<u8>,
    failed: Option<std::io::Error>,
}

impl Output {
    pub(super) fn new(blobs: &Blobs, masker: Masker) -> Result<Self, StoreError> {
        Ok(Self {
            masker,
            stream: MaskedStream::default(),
            blob: blobs.writer()?,
            recent: Vec::new(),
            failed: None,
        })
    }

    /// Takes what was written, and masks it.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        let mut seen = Vec::with_capacity(bytes.len());
        self.stream.push(&self.masker, bytes, &mut seen);
        self.keep(&seen);
    }

    /// Takes what is masked already.
    pub(super) fn keep(&mut self, seen: &[u8]) {
        if let Err(error) = self.blob.write_all(seen) {
            self.failed.get_or_insert(error);
        }
        let last = &seen[seen.len().saturating_sub(RECENT)..];
        if self.recent.len() + last.len() > 2 * RECENT {
            let surplus = (self.recent.len() + last.len()).saturating_sub(RECENT);
            self.recent.drain(..surplus.min(self.recent.len()));
        }
        self.recent.extend_from_slice(last);
    }

    /// Whether the last line has its end.
    pub(super) fn is_at_line_start(&self) -> bool {
        self.recent.last().is_none_or(|last| *last == b'\n')
    }

    /// The file in which everything so far stands, for whoever looks on.
    pub(super) fn file(&self) -> &std::path::Path {
        self.blob.path()
    }

    fn tail(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.recent);
        let mut lines: Vec<String> = text
            .lines()
            .rev()
            .take(TAIL)
            .map(|line| line[..line.floor_char_boundary(LONGEST_LINE)].to_owned())
            .collect();
        lines.reverse();
        lines
    }

    /// Nothing more comes: the last lines, and the blob with all of it. It is
    /// not waited for until it is on the disk: a power failure may take the
    /// last seconds of what was written, and nothing that was decided.
    pub(super) fn finish(mut self) -> (Vec<String>, Result<Digest, NotKept>) {
        let mut rest = Vec::new();
        self.stream.finish(&self.masker, &mut rest);
        self.keep(&rest);
        let tail = self.tail();
        let blob = match self.failed {
            Some(error) => Err(NotKept(error.to_string())),
            None => self.blob.finish_unsynced().map_err(|error| NotKept(error.to_string())),
        };
        (tail, blob.map(|stored| stored.digest))
    }
}

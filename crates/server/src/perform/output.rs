//! What a command or job writes: masked, kept, and its last lines at hand.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};

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
const RECENT: u64 = 64 << 10;

/// Keeps what is written as a blob, and the last lines at hand.
pub(super) struct Output {
    masker: Masker,
    stream: MaskedStream,
    blob: BlobWriter,
    is_at_line_start: bool,
    failed: Option<io::Error>,
}

impl Output {
    pub(super) fn new(blobs: &Blobs, masker: Masker) -> Result<Self, StoreError> {
        Ok(Self {
            masker,
            stream: MaskedStream::default(),
            blob: blobs.writer()?,
            is_at_line_start: true,
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
        if let Some(last) = seen.last() {
            self.is_at_line_start = *last == b'\n';
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
        let mut file = File::open(self.file())?;
        file.seek(SeekFrom::Start(self.blob.size().saturating_sub(RECENT)))?;
        let mut recent = Vec::new();
        file.read_to_end(&mut recent)?;
        Ok(recent)
    }

    /// Nothing more comes: the last lines, if they are wanted, and the blob with all
    /// of it. It is not waited for until it is on the disk: a power failure may
    /// take the last seconds of what was written, and nothing that was decided.
    pub(super) fn finish(mut self, wanted: bool) -> (Vec<String>, Result<Digest, NotKept>) {
        let mut rest = Vec::new();
        self.stream.finish(&self.masker, &mut rest);
        self.keep(&rest);
        let tail = if wanted { self.tail() } else { Vec::new() };
        let blob = match self.failed {
            Some(error) => Err(NotKept(error.to_string())),
            None => self.blob.finish_unsynced().map_err(|error| NotKept(error.to_string())),
        };
        (tail, blob.map(|stored| stored.digest))
    }
}

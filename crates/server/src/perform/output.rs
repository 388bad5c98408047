//! What a command or job writes: masked, kept, and its last lines at hand.

use std::collections::VecDeque;
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

/// Keeps what is written as a blob, and the last lines at hand.
pub(super) struct Output {
    masker: Masker,
    stream: MaskedStream,
    blob: BlobWriter,
    tail: VecDeque<String>,
    line: Vec<u8>,
    failed: Option<std::io::Error>,
}

impl Output {
    pub(super) fn new(blobs: &Blobs, masker: Masker) -> Result<Self, StoreError> {
        Ok(Self {
            masker,
            stream: MaskedStream::default(),
            blob: blobs.writer()?,
            tail: VecDeque::new(),
            line: Vec::new(),
            failed: None,
        })
    }

    /// Takes what was written, masks it, and returns what may be seen.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut seen = Vec::with_capacity(bytes.len());
        self.stream.push(&self.masker, bytes, &mut seen);
        self.keep(&seen);
        seen
    }

    fn keep(&mut self, seen: &[u8]) {
        if let Err(error) = self.blob.write_all(seen) {
            self.failed.get_or_insert(error);
        }
        for byte in seen {
            if *byte == b'\n' {
                self.end_line();
            } else if self.line.len() < LONGEST_LINE {
                self.line.push(*byte);
            }
        }
    }

    fn end_line(&mut self) {
        let line = String::from_utf8_lossy(&self.line).trim_end_matches('\r').to_owned();
        self.line.clear();
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(line);
    }

    /// Nothing more comes: the last lines, and the blob with all of it.
    pub(super) fn finish(mut self) -> (Vec<String>, Result<Digest, NotKept>) {
        let mut rest = Vec::new();
        self.stream.finish(&self.masker, &mut rest);
        self.keep(&rest);
        if !self.line.is_empty() {
            self.end_line();
        }
        let blob = match self.failed {
            Some(error) => Err(NotKept(error.to_string())),
            None => self.blob.finish().map_err(|error| NotKept(error.to_string())),
        };
        (self.tail.into(), blob.map(|stored| stored.digest))
    }
}

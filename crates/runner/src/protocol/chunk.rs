//! Output of a step on its way to the engine.

use bytes::Bytes;

/// Bytes that a step wrote, masked. They travel as they are, behind the line
/// that announces them: see [`super::Frames`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk(Bytes);

impl Chunk {
    /// Takes bytes that are masked already.
    pub fn new(masked: impl Into<Bytes>) -> Self {
        Self(masked.into())
    }

    /// The bytes, as a log keeps them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text, what is not UTF-8 replaced.
    pub fn to_text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

impl From<Chunk> for Bytes {
    fn from(chunk: Chunk) -> Self {
        chunk.0
    }
}

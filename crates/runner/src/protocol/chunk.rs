//! Output of a step on its way to the engine.

use std::borrow::Cow;

use bytes::Bytes;

/// Who writes less at once is not packed: there is little to win.
const MUCH: usize = 4 << 10;

/// No more is packed in one piece.
pub const MOST_PACKED: usize = 4 << 20;

/// Bytes that a step wrote, masked. They travel as they are or packed, behind the line
/// that announces them: see [`super::Frames`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    bytes: Bytes,
    /// As many bytes they are unpacked: they are a block of LZ4.
    unpacked: Option<usize>,
}

/// Packed bytes that are no block of LZ4, or of another length.
#[derive(Debug, thiserror::Error)]
#[error("a piece of output cannot be unpacked: {0}")]
pub struct BadPack(String);

impl Chunk {
    /// Takes bytes that are masked already.
    pub fn new(masked: impl Into<Bytes>) -> Self {
        Self { bytes: masked.into(), unpacked: None }
    }

    /// The same, packed if there are many of them. `room` is used from piece to piece.
    pub fn pack(masked: impl Into<Bytes>, room: &mut Vec<u8>) -> Self {
        let masked = masked.into();
        if !(MUCH..=MOST_PACKED).contains(&masked.len()) {
            return Self::new(masked);
        }
        let most = lz4_flex::block::get_maximum_output_size(masked.len());
        match lz4_flex::block::compress_into(&masked, room_for(most, room)) {
            Ok(length) if length < masked.len() => {
                let bytes = Bytes::copy_from_slice(&room[..length]);
                Self { bytes, unpacked: Some(masked.len()) }
            }
            _ => Self::new(masked),
        }
    }

    /// What was announced as packed.
    pub(super) fn packed(bytes: Bytes, unpacked: usize) -> Self {
        Self { bytes, unpacked: Some(unpacked) }
    }

    pub(super) fn into_sent(self) -> Bytes {
        self.bytes
    }

    /// The bytes as they travel, and as a log keeps them.
    pub fn as_sent(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes they are unpacked, if they are packed: a block of LZ4.
    pub fn unpacked(&self) -> Option<usize> {
        self.unpacked
    }

    /// The last byte. It is the same packed: the last bytes of a block stand there as they are
    /// ("LZ4 Block Format Description", end of block conditions).
    pub fn last(&self) -> Option<u8> {
        self.bytes.last().copied()
    }

    /// The bytes as they were written; `room` is for those that are packed.
    ///
    /// # Errors
    /// When they are no block of LZ4 of the length that was announced.
    pub fn read<'b>(&'b self, room: &'b mut Vec<u8>) -> Result<&'b [u8], BadPack> {
        match self.unpacked {
            None => Ok(&self.bytes),
            Some(length) => match unpack(&self.bytes, length, room)? {
                whole if whole.len() == length => Ok(whole),
                part => Err(BadPack(format!("{} bytes, {length} were announced", part.len()))),
            },
        }
    }

    /// The bytes as text, what is not UTF-8 replaced; nothing of what cannot be unpacked.
    pub fn to_text(&self) -> Cow<'_, str> {
        if self.unpacked.is_none() {
            return String::from_utf8_lossy(&self.bytes);
        }
        let mut room = Vec::new();
        let text = self.read(&mut room).unwrap_or_default();
        Cow::Owned(String::from_utf8_lossy(text).into_owned())
    }
}

/// Unpacks a block of LZ4 that has `length` bytes or fewer.
///
/// # Errors
/// When it is none, or has more.
pub fn unpack<'r>(block: &[u8], length: usize, room: &'r mut Vec<u8>) -> Result<&'r [u8], BadPack> {
    let bad = |error: lz4_flex::block::DecompressError| BadPack(error.to_string());
    let count = lz4_flex::block::decompress_into(block, room_for(length, room)).map_err(bad)?;
    Ok(&room[..count])
}

/// The first `length` bytes of a room, which is not made smaller: it would have to be blank
/// again for the next larger piece.
fn room_for(length: usize, room: &mut Vec<u8>) -> &mut [u8] {
    if room.len() < length {
        room.resize(length, 0);
    }
    &mut room[..length]
}

//! Output of a step on its way to the engine.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// Bytes that a step wrote, masked: as text where they are text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Chunk(Vec<u8>);

/// How they travel: JSON has no other bytes than text.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wire {
    Text(String),
    Base64(String),
}

impl Chunk {
    /// Takes bytes that are masked already.
    pub fn new(masked: Vec<u8>) -> Self {
        Self(masked)
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

impl From<Chunk> for Wire {
    fn from(chunk: Chunk) -> Self {
        match String::from_utf8(chunk.0) {
            Ok(text) => Self::Text(text),
            Err(error) => Self::Base64(STANDARD.encode(error.as_bytes())),
        }
    }
}

impl TryFrom<Wire> for Chunk {
    type Error = base64::DecodeError;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        match wire {
            Wire::Text(text) => Ok(Self(text.into_bytes())),
            Wire::Base64(text) => STANDARD.decode(text).map(Self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_readable_and_bytes_arrive() {
        for (bytes, json) in
            [(&b"h\xc3\xa9"[..], r#"{"text":"hé"}"#), (b"\xff", r#"{"base64":"/w=="}"#)]
        {
            let chunk = Chunk::new(bytes.to_vec());
            assert_eq!(serde_json::to_string(&chunk).unwrap(), json);
            assert_eq!(serde_json::from_str::<Chunk>(json).unwrap(), chunk);
        }
    }
}

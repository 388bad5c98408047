//! Uploads in blocks and downloads into a file, in bounded memory.

use std::io::{self, Write};
use std::path::Path;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt as _;
use shipway_core::digest::Digest;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc;

use super::{Client, ClientError};
use crate::blob::escape;

/// Bytes of a block. Two or three are in memory at a time.
const BLOCK: usize = 4 << 20;

/// What was uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uploaded {
    /// Bytes.
    pub size: u64,
    /// Of all of them.
    pub digest: Digest,
}

/// Something to write to, whose bytes are uploaded in pieces. Used on a thread
/// that may block.
pub struct Pieces {
    out: mpsc::Sender<Piece>,
    buffer: Vec<u8>,
}

/// What comes out of [`Pieces`].
#[derive(Debug)]
pub struct Source(mpsc::Receiver<Piece>);

#[derive(Debug)]
enum Piece {
    Bytes(Bytes),
    /// Without it, whoever writes has failed: what came is not the whole.
    End,
}

/// The two ends of an upload.
pub fn pieces() -> (Pieces, Source) {
    let (out, source) = mpsc::channel(1);
    (Pieces { out, buffer: Vec::new() }, Source(source))
}

impl Pieces {
    fn send(&self, piece: Piece) -> io::Result<()> {
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "the upload was given up");
        self.out.blocking_send(piece).map_err(gone)
    }

    fn pass(&mut self) -> io::Result<()> {
        let piece = Bytes::from(std::mem::take(&mut self.buffer));
        self.send(Piece::Bytes(piece))
    }

    /// Hands over what is left. Dropped without this, nothing is uploaded.
    ///
    /// # Errors
    /// When the upload was given up.
    pub fn finish(mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.pass()?;
        }
        self.send(Piece::End)
    }

    /// Hands over the whole of a file.
    ///
    /// # Errors
    /// When it cannot be read, or the upload was given up.
    pub fn file(mut self, path: &Path) -> io::Result<()> {
        let mut file = std::fs::File::open(path)?;
        io::copy(&mut file, &mut self)?;
        self.finish()
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.is_empty() {
            self.buffer.reserve_exact(BLOCK);
        }
        let count = bytes.len().min(BLOCK - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..count]);
        if self.buffer.len() == BLOCK {
            self.pass()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Client {
    /// Puts pieces to a signed URL until there are no more, and commits them.
    ///
    /// # Errors
    /// When the service refuses one or cannot be reached.
    pub(super) async fn upload(
        &self,
        url: &str,
        mut source: Source,
    ) -> Result<Uploaded, ClientError> {
        let path = self.origin.own(url)?;
        let mut hash = digest::Context::new(&digest::SHA256);
        let (mut size, mut list) = (0, String::new());
        let mut index = 0_u32;
        loop {
            let piece = match source.0.recv().await {
                Some(Piece::Bytes(piece)) => piece,
                Some(Piece::End) => break,
                None => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            };
            size += piece.len() as u64;
            hash.update(&piece);
            let id = STANDARD.encode(index.to_be_bytes());
            let put = format!("{path}&comp=block&blockid={}", escape(id.as_bytes()));
            self.put(&put, piece).await?;
            list.push_str(&format!("<Latest>{id}</Latest>"));
            index += 1;
        }
        let list = format!("<BlockList>{list}</BlockList>");
        self.put(&format!("{path}&comp=blocklist"), Bytes::from(list)).await?;
        Ok(Uploaded { size, digest: digest_of(hash) })
    }

    async fn put(&self, path: &str, body: Bytes) -> Result<(), ClientError> {
        let answer = self.origin.answer(Request::put(path), body).await?;
        match answer.status {
            201 => Ok(()),
            _ => Err(ClientError::Refused {
                message: message(&String::from_utf8_lossy(&answer.body)).to_owned(),
            }),
        }
    }

    /// Writes what is at a signed URL to `out`; also its media type.
    ///
    /// # Errors
    /// When it is not there, the service cannot be reached, or `out` not be
    /// written.
    pub(super) async fn download(
        &self,
        url: &str,
        out: &mut tokio::fs::File,
    ) -> Result<(Uploaded, String), ClientError> {
        let request = Request::get(self.origin.own(url)?);
        let (response, _connection) = self.origin.send(request, Bytes::new()).await?;
        if response.status() != 200 {
            let message = format!("the download was refused: {}", response.status());
            return Err(ClientError::Refused { message });
        }
        let media_type = response.headers().get(http::header::CONTENT_TYPE);
        let media_type = media_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = media_type.to_owned();
        let mut body = response.into_body();
        let mut hash = digest::Context::new(&digest::SHA256);
        let mut size = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| self.origin.unreachable(&error))?;
            if let Ok(bytes) = frame.into_data() {
                hash.update(&bytes);
                size += bytes.len() as u64;
                out.write_all(&bytes).await?;
            }
        }
        out.flush().await?;
        Ok((Uploaded { size, digest: digest_of(hash) }, media_type))
    }
}

fn digest_of(hash: digest::Context) -> Digest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash.finish().as_ref());
    Digest::from_bytes(bytes)
}

/// The message in an error of the blob service.
fn message(xml: &str) -> &str {
    let inside = xml.split_once("<Message>").and_then(|(_, rest)| rest.split_once("</Message>"));
    inside.map_or("the upload was refused", |(message, _)| message)
}

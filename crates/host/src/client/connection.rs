//! One connection to the host: JSON lines, after a greeting.

use std::io::ErrorKind;
use std::path::Path;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::error::ClientError;
use crate::protocol::{Hello, PROTOCOL, Reply, Request, hello};

#[derive(Debug)]
pub(super) struct Connection {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Connection {
    /// Connects and agrees on a version.
    pub(super) async fn open(socket: &Path) -> Result<Self, ClientError> {
        let stream = UnixStream::connect(socket).await.map_err(|source| match source.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                ClientError::NotRunning { socket: socket.to_owned() }
            }
            // The listener died with this connection in its queue.
            ErrorKind::ConnectionReset => ClientError::Broken { source },
            _ => ClientError::Socket { socket: socket.to_owned(), source },
        })?;
        let (reader, writer) = stream.into_split();
        let mut connection = Self { reader: BufReader::new(reader), writer };
        connection.send(&hello()).await?;
        let theirs: Hello = connection.receive().await?;
        if theirs.min > PROTOCOL || theirs.max < hello().min {
            let Hello { min, max, build } = theirs;
            return Err(ClientError::Version { build, min, max });
        }
        Ok(connection)
    }

    /// Whether the host has closed its side; never waits.
    pub(super) fn is_closed(&self) -> bool {
        let mut byte = [0];
        !self.reader.buffer().is_empty()
            || !matches!(
                self.reader.get_ref().try_read(&mut byte),
                Err(error) if error.kind() == ErrorKind::WouldBlock
            )
    }

    pub(super) async fn ask(&mut self, request: &Request) -> Result<Reply, ClientError> {
        self.send(request).await?;
        self.receive().await
    }

    async fn send<T: serde::Serialize>(&mut self, value: &T) -> Result<(), ClientError> {
        let mut line = serde_json::to_vec(value)
            .map_err(|error| ClientError::Confused { detail: error.to_string() })?;
        line.push(b'\n');
        self.writer.write_all(&line).await.map_err(|source| ClientError::Broken { source })
    }

    async fn receive<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, ClientError> {
        let mut line = Vec::new();
        let read = self.reader.read_until(b'\n', &mut line).await;
        match read {
            Err(source) => return Err(ClientError::Broken { source }),
            Ok(_) if line.last() != Some(&b'\n') => {
                return Err(ClientError::Broken { source: ErrorKind::UnexpectedEof.into() });
            }
            Ok(_) => {}
        }
        serde_json::from_slice(&line)
            .map_err(|error| ClientError::Confused { detail: error.to_string() })
    }
}

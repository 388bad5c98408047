//! The engine's side: a socket for this user alone, a greeting, then requests
//! and replies, one JSON value a line.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::protocol::{ErrorCode, Hello, Reply, Request, hello};

/// A request longer than this is no request.
const LINE_MAX: u64 = 16 * 1024 * 1024;

/// A request, and where its reply goes.
pub(super) type Asked = (Request, oneshot::Sender<Reply>);

/// The open socket and its connections.
#[derive(Debug)]
pub(super) struct Server {
    closing: CancellationToken,
    connections: TaskTracker,
}

impl Server {
    /// Listens at `path` from now on, in place of whoever did before.
    pub(super) fn open(path: &Path, asked: UnboundedSender<Asked>) -> io::Result<Self> {
        let new = path.with_extension(format!("{}", std::process::id()));
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&new)?;
        fs::set_permissions(&new, fs::Permissions::from_mode(0o600))?;
        fs::rename(&new, path)?;
        let (closing, connections) = (CancellationToken::new(), TaskTracker::new());
        connections.spawn(accept(listener, asked, closing.clone(), connections.clone()));
        Ok(Self { closing, connections })
    }

    /// Sends the replies that are due, and ends every connection.
    pub(super) async fn close(self) {
        self.closing.cancel();
        self.connections.close();
        self.connections.wait().await;
    }
}

async fn accept(
    listener: UnixListener,
    asked: UnboundedSender<Asked>,
    closing: CancellationToken,
    connections: TaskTracker,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = closing.cancelled() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                connections.spawn(connection(stream, asked.clone(), closing.clone()));
            }
            Err(error) => {
                // Out of descriptors, most likely: others have to end first.
                tracing::error!(%error, "an engine's connection could not be accepted");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
}

async fn connection(stream: UnixStream, asked: UnboundedSender<Asked>, closing: CancellationToken) {
    let (reader, writer) = stream.into_split();
    let mut conversation = Conversation { reader: BufReader::new(reader), writer };
    if let Err(error) = conversation.converse(&asked, &closing).await {
        tracing::debug!(%error, "an engine's connection broke");
    }
}

struct Conversation {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Conversation {
    async fn converse(
        &mut self,
        asked: &UnboundedSender<Asked>,
        closing: &CancellationToken,
    ) -> io::Result<()> {
        self.write(&hello()).await?;
        let Some(theirs) = self.line(closing).await? else { return Ok(()) };
        let theirs: Hello = serde_json::from_slice(&theirs)?;
        if theirs.min > hello().max || theirs.max < hello().min {
            // The engine sees from the greeting why this ends.
            return Ok(());
        }
        while let Some(line) = self.line(closing).await? {
            let reply = match serde_json::from_slice::<Request>(&line) {
                Ok(request) => {
                    let (reply, replied) = oneshot::channel();
                    if asked.send((request, reply)).is_err() {
                        return Ok(());
                    }
                    // Without a reply another proxy has taken over: the engine
                    // sees the end of the connection and asks that one.
                    let Ok(reply) = replied.await else { return Ok(()) };
                    reply
                }
                Err(error) => Reply::Error {
                    code: ErrorCode::BadRequest,
                    message: format!("the host does not understand the request: {error}"),
                },
            };
            self.write(&reply).await?;
        }
        Ok(())
    }

    /// The next line; `None` at the end of the connection or the server.
    async fn line(&mut self, closing: &CancellationToken) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let mut limited = (&mut self.reader).take(LINE_MAX);
        let read = tokio::select! {
            read = limited.read_until(b'\n', &mut line) => read?,
            () = closing.cancelled() => return Ok(None),
        };
        match line.last() {
            None => Ok(None),
            Some(b'\n') => Ok(Some(line)),
            Some(_) => Err(io::Error::other(format!("a line broke off after {read} bytes"))),
        }
    }

    async fn write<T: serde::Serialize>(&mut self, value: &T) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.writer.write_all(&line).await
    }
}

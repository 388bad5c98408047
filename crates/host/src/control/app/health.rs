//! Asking a process whether it is well.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Mailbox, Message};
use crate::keeper::wire::ProcessId;
use crate::protocol::Health;

/// How often a process that is starting is asked, at most: a person waits.
const EAGER: Duration = Duration::from_millis(100);

/// Bytes of an answer that are heard out.
const REST_MAX: u64 = 1024 * 1024;

/// Why a process is not well.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::control) enum Trouble {
    #[error("does not listen on $PORT ({port})")]
    NotListening { port: u16 },
    #[error("GET {path} answered {status}")]
    Status { path: String, status: u16 },
    #[error("GET {path} got no answer within {} ms", within.as_millis())]
    Slow { path: String, within: Duration },
    #[error("GET {path} got no HTTP answer: {reason}")]
    NoHttp { path: String, reason: String },
    #[error("a connection to $PORT ({port}) failed: {reason}")]
    Connect { port: u16, reason: String },
}

/// Asks again and again, and tells the app each answer. Until the first good
/// one it asks more often.
pub(super) async fn watch(process: ProcessId, port: u16, health: Health, app: Mailbox) {
    let interval = Duration::from_millis(health.interval_ms.max(1));
    let mut well = false;
    loop {
        let outcome = check(port, &health).await;
        well |= outcome.is_ok();
        app.send(Message::Checked { process: process.clone(), outcome });
        tokio::time::sleep(if well { interval } else { interval.min(EAGER) }).await;
    }
}

/// A worker without a port is well when it has lived for one interval.
pub(super) async fn watch_life(process: ProcessId, health: Health, app: Mailbox) {
    tokio::time::sleep(Duration::from_millis(health.interval_ms)).await;
    app.send(Message::Checked { process, outcome: Ok(()) });
}

async fn check(port: u16, health: &Health) -> Result<(), Trouble> {
    let within = Duration::from_millis(health.timeout_ms.max(1));
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let connect = |reason: String| Trouble::Connect { port, reason };
    let mut stream = match tokio::time::timeout(within, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
            return Err(Trouble::NotListening { port });
        }
        Ok(Err(error)) => return Err(connect(error.to_string())),
        Err(_) => return Err(connect(format!("no answer within {} ms", within.as_millis()))),
    };
    let Some(path) = &health.path else { return Ok(()) };
    let no_http = |reason: String| Trouble::NoHttp { path: path.clone(), reason };
    let answered = tokio::time::timeout(within, get(&mut stream, port, path)).await;
    if matches!(answered, Ok(Ok(_))) {
        tokio::spawn(hear_out(stream, within));
    }
    match answered {
        Ok(Ok(200..=399)) => Ok(()),
        Ok(Ok(status)) => Err(Trouble::Status { path: path.clone(), status }),
        Ok(Err(error)) => Err(no_http(error.to_string())),
        Err(_) => Err(Trouble::Slow { path: path.clone(), within }),
    }
}

/// Takes the rest of an answer, within bounds: a connection closed in its
/// middle would be an error in the service's log at every check.
async fn hear_out(stream: TcpStream, within: Duration) {
    let (mut rest, mut nowhere) = (stream.take(REST_MAX), tokio::io::sink());
    let end = tokio::io::copy(&mut rest, &mut nowhere);
    // Health is in the status; how the rest ends changes nothing.
    drop(tokio::time::timeout(within, end).await);
}

/// The status of a GET (RFC 9112, section 4).
async fn get(stream: &mut TcpStream, port: u16, path: &str) -> io::Result<u16> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nuser-agent: shipway-health\r\n\
         accept: */*\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await?;
    status(&head).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidData, "the first line is no HTTP status line")
    })
}

fn status(head: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(head).ok()?;
    let digits = text.strip_prefix("HTTP/1.1 ").or_else(|| text.strip_prefix("HTTP/1.0 "))?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_is_read_and_anything_else_refused() {
        assert_eq!(status(b"HTTP/1.1 204"), Some(204));
        assert_eq!(status(b"HTTP/1.0 500"), Some(500));
        assert_eq!(status(b"SSH-2.0-Open"), None);
        assert_eq!(status(b"HTTP/1.1 2x4"), None);
    }
}

//! Web sockets that echo numbered frames, and send numbered frames of their
//! own.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::connection::connect;
use super::context::Context;
use super::failure::{FailureKind, Source};
use super::ledger::Fault;
use crate::wire::{self, Frame};

type Socket = WebSocketStream<TcpStream>;

/// How a session came to its end, if nothing failed.
enum Over {
    /// The server closed it, with a close frame.
    ByServer,
    /// The load stops, and the server answered our close.
    ByUs,
}

/// One web socket after the other, until the load stops.
pub(super) async fn run(context: Context, every: Duration) {
    while !context.stopping.is_cancelled() {
        let (seq, opened) = (context.ledger.next_seq(), SystemTime::now());
        let mut session = Session::default();
        let over = match open(&context).await {
            Ok(socket) => session.live(&context, socket, every).await,
            Err(kind) => Err(kind),
        };
        let version = session.version;
        match over {
            Ok(Over::ByUs) => return,
            Ok(Over::ByServer) => context.ledger.ended(Source::Sockets, opened, version),
            Err(kind) => {
                context.ledger.failed(Source::Sockets, seq, opened, Fault { kind, version });
            }
        }
        if !context.pause().await {
            return;
        }
    }
}

async fn open(context: &Context) -> Result<Socket, FailureKind> {
    let stream = connect(context, Source::Sockets).await?;
    let url = format!("ws://{}{}", context.authority, wire::SOCKET);
    match timeout(context.patience, client_async(url, stream)).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(error)) => Err(kind_of(error)),
        Err(_) => Err(FailureKind::TimedOut),
    }
}

fn kind_of(error: tungstenite::Error) -> FailureKind {
    use tungstenite::error::ProtocolError;
    match error {
        tungstenite::Error::Io(error) => FailureKind::of_io(&error),
        tungstenite::Error::Http(response) => FailureKind::Status(response.status().as_u16()),
        tungstenite::Error::Protocol(ProtocolError::HandshakeIncomplete) => FailureKind::Unanswered,
        tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            FailureKind::Truncated
        }
        other => FailureKind::Protocol(other.to_string()),
    }
}

/// Sends our answer to the server's close, and lets the server go first.
async fn answer_close(context: &Context, mut socket: Socket) -> Over {
    let leaving = async { while let Some(Ok(_)) = socket.next().await {} };
    // The session is over either way; how the server hangs up is its affair.
    let _ = timeout(context.patience, leaving).await;
    Over::ByServer
}

/// What is open on one socket.
#[derive(Default)]
struct Session {
    /// Frames sent whose echo has not come, the oldest first.
    open: VecDeque<(u64, Instant)>,
    next: u64,
    server_next: u64,
    version: Option<String>,
}

impl Session {
    async fn live(
        &mut self,
        context: &Context,
        mut socket: Socket,
        every: Duration,
    ) -> Result<Over, FailureKind> {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let oldest = self.open.front().map(|(_, sent)| *sent + context.patience);
            let too_late = async {
                match oldest {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                message = socket.next() => {
                    if self.take(context, message)? {
                        return Ok(answer_close(context, socket).await);
                    }
                }
                _ = ticks.tick() => {
                    context.ledger.sent(Source::Sockets);
                    let frame = Frame::Client(self.next).to_string();
                    self.open.push_back((self.next, Instant::now()));
                    self.next += 1;
                    if let Err(error) = socket.send(Message::text(frame)).await {
                        return self.refused(context, socket, error).await;
                    }
                }
                () = too_late => return Err(FailureKind::TimedOut),
                () = context.stopping.cancelled() => return self.close(context, socket).await,
            }
        }
    }

    /// Checks what came; true when the server has closed the socket.
    fn take(
        &mut self,
        context: &Context,
        message: Option<Result<Message, tungstenite::Error>>,
    ) -> Result<bool, FailureKind> {
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(_))) => return Ok(true),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(false),
            Some(Ok(Message::Binary(_) | Message::Frame(_))) => return Err(FailureKind::WrongBody),
            Some(Err(tungstenite::Error::ConnectionClosed)) => return Ok(true),
            Some(Err(error)) => return Err(kind_of(error)),
            None => return Err(FailureKind::Truncated),
        };
        let (expected, got) = match Frame::parse(&text) {
            Some(Frame::Client(number)) => {
                (self.open.pop_front().map_or(self.next, |(number, _)| number), number)
            }
            Some(Frame::Server(number, version)) => {
                self.version = Some(version);
                let expected = self.server_next;
                self.server_next += 1;
                (expected, number)
            }
            None => return Err(FailureKind::WrongBody),
        };
        if expected != got {
            return Err(FailureKind::WrongSequence { expected, got: Some(got) });
        }
        context.ledger.checked(Source::Sockets);
        Ok(false)
    }

    /// A frame could not be sent: it is the server's close that came first,
    /// or else a failure.
    async fn refused(
        &mut self,
        context: &Context,
        mut socket: Socket,
        error: tungstenite::Error,
    ) -> Result<Over, FailureKind> {
        loop {
            let message = timeout(context.patience, socket.next()).await;
            match self.take(context, message.map_err(|_| FailureKind::TimedOut)?) {
                Ok(true) => return Ok(answer_close(context, socket).await),
                Ok(false) => {}
                Err(_) => return Err(kind_of(error)),
            }
        }
    }

    /// Closes from our side, and checks what still comes before the answer.
    async fn close(&mut self, context: &Context, mut socket: Socket) -> Result<Over, FailureKind> {
        let closing = async {
            socket.close(None).await.map_err(kind_of)?;
            loop {
                if self.take(context, socket.next().await)? {
                    return Ok(Over::ByUs);
                }
            }
        };
        match timeout(context.patience, closing).await {
            Ok(over) => over,
            Err(_) => Err(FailureKind::TimedOut),
        }
    }
}

//! The server's side of a web socket (RFC 6455).

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::time::{MissedTickBehavior, interval};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, Role};
use tokio_util::sync::CancellationToken;

use super::replies::Body;
use crate::wire::Frame;

/// The answer to a handshake (RFC 6455, section 4.2.2), or `None` if the
/// request is none.
pub(super) fn accept<B>(request: &Request<B>) -> Option<Response<Body>> {
    let header = |name| request.headers().get(name)?.to_str().ok();
    let upgrade = header(UPGRADE)?;
    if !upgrade.eq_ignore_ascii_case("websocket") || header(SEC_WEBSOCKET_VERSION)? != "13" {
        return None;
    }
    let key = derive_accept_key(header(SEC_WEBSOCKET_KEY)?.as_bytes());
    let mut response = Response::new(Full::new(Bytes::new()).boxed_unsync());
    let headers = response.headers_mut();
    headers.insert(SEC_WEBSOCKET_ACCEPT, HeaderValue::from_str(&key).ok()?);
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    Some(response)
}

/// Echoes the client's frames, and sends numbered frames of its own, until
/// the client leaves or the server stops.
pub(super) async fn echo(
    upgraded: Upgraded,
    version: &str,
    every: Duration,
    stopping: &CancellationToken,
) {
    let stream = TokioIo::new(upgraded);
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut number = 0;
    loop {
        let sent = tokio::select! {
            message = socket.next() => match message {
                Some(Ok(echo @ (Message::Text(_) | Message::Binary(_)))) => socket.send(echo).await,
                Some(Ok(Message::Close(_))) => return finish(socket).await,
                Some(Ok(_)) => Ok(()), // pings are answered by the library
                Some(Err(_)) | None => return,
            },
            _ = ticks.tick() => {
                let frame = Frame::Server(number, version.to_owned());
                number += 1;
                socket.send(Message::text(frame.to_string())).await
            }
            () = stopping.cancelled() => break,
        };
        if sent.is_err() {
            return; // the client is gone, and notices by itself
        }
    }
    let goodbye = CloseFrame { code: CloseCode::Away, reason: "stopping".into() };
    if socket.close(Some(goodbye)).await.is_ok() {
        finish(socket).await;
    }
}

/// Reads on until both sides have closed: this also sends our own close.
async fn finish(mut socket: WebSocketStream<TokioIo<Upgraded>>) {
    while let Some(Ok(_)) = socket.next().await {}
}

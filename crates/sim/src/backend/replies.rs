//! What a backend answers.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body::Frame as BodyFrame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Incoming;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::faults::ErrorShare;
use super::settings::Settings;
use super::socket;
use crate::wire;

pub(super) type Body = UnsyncBoxBody<Bytes, std::convert::Infallible>;

/// The largest body that a client can ask for or have echoed.
const ECHO_MAX: usize = 16 << 20;

/// Everything a reply needs.
#[derive(Debug)]
pub(super) struct Replies {
    settings: Settings,
    errors: ErrorShare,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Replies {
    pub(super) fn new(settings: Settings, stopping: CancellationToken, tasks: TaskTracker) -> Self {
        let errors = ErrorShare::new(settings.error_percent);
        Self { settings, errors, stopping, tasks }
    }

    /// Answers one request, with the headers that every answer has.
    pub(super) async fn reply(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let received = wire::to_nanos(SystemTime::now());
        let seq = request.headers().get(wire::SEQ).cloned();
        let version = self.settings.version.clone();
        let mut response = self.route(request).await;
        let headers = response.headers_mut();
        headers.insert(wire::RECEIVED, received.into());
        if let Some(seq) = seq {
            headers.insert(wire::SEQ, seq);
        }
        if let Ok(version) = HeaderValue::from_str(&version) {
            headers.insert(wire::VERSION, version);
        }
        response
    }

    async fn route(&self, request: Request<Incoming>) -> Response<Body> {
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/") => self.page(),
            (&Method::GET, wire::HEALTH) => self.health(),
            (&Method::GET | &Method::POST, wire::ECHO) => self.echo(request).await,
            (&Method::POST, wire::UPLOAD) => upload(request.into_body()).await,
            (&Method::GET, wire::EVENTS) => self.events(),
            (&Method::GET, wire::SOCKET) => self.socket(request),
            _ => text(StatusCode::NOT_FOUND, "nothing here\n"),
        }
    }

    fn page(&self) -> Response<Body> {
        let version = &self.settings.version;
        let page = format!("<!doctype html>\n<title>sim</title>\n<p>version {version}</p>\n");
        let mut response = text(StatusCode::OK, page);
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, html);
        response
    }

    fn health(&self) -> Response<Body> {
        if self.settings.never_healthy {
            return text(StatusCode::SERVICE_UNAVAILABLE, "not healthy, as told\n");
        }
        text(StatusCode::OK, "healthy\n")
    }

    async fn echo(&self, request: Request<Incoming>) -> Response<Body> {
        if !self.settings.slow.is_zero() {
            sleep(self.settings.slow).await;
        }
        if self.errors.next_fails() {
            return text(StatusCode::INTERNAL_SERVER_ERROR, "an error, as told\n");
        }
        let number = |name: &str| request.headers().get(name)?.to_str().ok()?.parse::<u64>().ok();
        let body = if request.method() == Method::GET {
            let length = number(wire::LENGTH).unwrap_or(0).min(ECHO_MAX as u64) as usize;
            wire::body(number(wire::SEQ).unwrap_or(0), length)
        } else {
            match collect(request.into_body()).await {
                Ok(body) => body,
                Err(refusal) => return *refusal,
            }
        };
        let sum = wire::Checksum::of(&body);
        let mut response = Response::new(Full::new(body).boxed_unsync());
        if let Ok(sum) = HeaderValue::from_str(&sum) {
            response.headers_mut().insert(HeaderName::from_static(wire::SUM), sum);
        }
        response
    }

    fn events(&self) -> Response<Body> {
        let (sender, receiver) = mpsc::channel(1);
        let mut ticks = interval(self.settings.push_every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let version = self.settings.version.clone();
        let stopping = self.stopping.clone();
        self.tasks.spawn(async move {
            for id in 0_u64.. {
                tokio::select! {
                    _ = ticks.tick() => {}
                    () = stopping.cancelled() => return,
                }
                let event = Bytes::from(format!("id: {id}\ndata: {version}\n\n"));
                if sender.send(Ok(BodyFrame::data(event))).await.is_err() {
                    return; // the client is gone
                }
            }
        });
        let body = StreamBody::new(ReceiverStream::new(receiver)).boxed_unsync();
        let mut response = Response::new(body);
        let kind = HeaderValue::from_static("text/event-stream");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response
    }

    fn socket(&self, mut request: Request<Incoming>) -> Response<Body> {
        let Some(mut response) = socket::accept(&request) else {
            return text(StatusCode::BAD_REQUEST, "expected a web socket\n");
        };
        let upgrade = hyper::upgrade::on(&mut request);
        let version = self.settings.version.clone();
        let (every, stopping) = (self.settings.push_every, self.stopping.clone());
        self.tasks.spawn(async move {
            if let Ok(upgraded) = upgrade.await {
                socket::echo(upgraded, &version, every, &stopping).await;
            }
        });
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        response
    }
}

async fn collect(mut body: Incoming) -> Result<Bytes, Box<Response<Body>>> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(Box::new(text(StatusCode::BAD_REQUEST, "the body was cut off\n")));
        };
        let data = frame.into_data().unwrap_or_default();
        if whole.len() + data.len() > ECHO_MAX {
            return Err(Box::new(text(StatusCode::PAYLOAD_TOO_LARGE, "too much to echo\n")));
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

/// Answers `<length> <checksum>` of the body.
async fn upload(mut body: Incoming) -> Response<Body> {
    let mut sum = wire::Checksum::default();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => sum.update(&frame.into_data().unwrap_or_default()),
            Err(_) => return text(StatusCode::BAD_REQUEST, "the body was cut off\n"),
        }
    }
    text(StatusCode::OK, format!("{} {}", sum.length(), sum.finish()))
}

pub(super) fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Full::new(body.into()).boxed_unsync());
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}

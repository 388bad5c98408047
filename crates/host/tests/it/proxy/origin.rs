//! A server behind the proxy that does what its path says.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Full, combinators::BoxBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

type Answer = Response<BoxBody<Bytes, hyper::Error>>;

/// Stops when dropped.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    pub(crate) state: Arc<State>,
    task: JoinHandle<()>,
}

pub(crate) struct State {
    name: String,
    /// Heads that came.
    pub(crate) requests: AtomicUsize,
    pub(crate) connections: AtomicUsize,
    /// Bytes of bodies that came.
    pub(crate) uploaded: AtomicUsize,
    /// Lets `/wait` go on.
    pub(crate) go: Notify,
    /// What `/events` sends.
    events: std::sync::Mutex<Option<mpsc::Receiver<Bytes>>>,
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Origin {
    pub(crate) async fn start(name: &str) -> Self {
        Self::start_at(name, "127.0.0.1:0".parse().unwrap()).await
    }

    pub(crate) async fn start_at(name: &str, address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let state = Arc::new(State {
            name: name.to_owned(),
            requests: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            uploaded: AtomicUsize::new(0),
            go: Notify::new(),
            events: std::sync::Mutex::default(),
        });
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(accept(listener, state.clone()));
        Self { address, state, task }
    }

    pub(crate) fn requests(&self) -> usize {
        self.state.requests.load(SeqCst)
    }

    /// The next GET of `/events` gets what is sent here.
    pub(crate) fn events(&self) -> mpsc::Sender<Bytes> {
        let (sender, receiver) = mpsc::channel(1);
        *self.state.events.lock().unwrap() = Some(receiver);
        sender
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    // Connections end with the set, and so with the origin.
    let mut open = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        state.connections.fetch_add(1, SeqCst);
        let state = state.clone();
        let service = service_fn(move |request| serve(state.clone(), request));
        open.spawn(async move {
            let io = TokioIo::new(stream);
            let builder = hyper::server::conn::http1::Builder::new();
            let _ = builder.serve_connection(io, service).with_upgrades().await;
        });
    }
}

async fn serve(state: Arc<State>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    state.requests.fetch_add(1, SeqCst);
    let path = request.uri().path().to_owned();
    let mut steps = path[1..].split('/');
    Ok(match (steps.next().unwrap(), steps.next()) {
        ("head", _) => text(head(&request)),
        ("status", Some(code)) => {
            let mut answer = text(state.name.clone());
            *answer.status_mut() = code.parse().unwrap();
            answer
        }
        ("wait", _) => {
            state.go.notified().await;
            text(state.name.clone())
        }
        ("echo", _) => Response::new(request.into_body().boxed()),
        ("count", _) => {
            let mut body = request.into_body();
            while let Some(Ok(frame)) = body.frame().await {
                state.uploaded.fetch_add(frame.data_ref().map_or(0, Bytes::len), SeqCst);
            }
            text(state.uploaded.load(SeqCst).to_string())
        }
        ("big", Some(len)) => Response::new(Big(len.parse().unwrap()).boxed()),
        ("events", _) => {
            let receiver = state.events.lock().unwrap().take().unwrap();
            Response::new(Events(receiver).boxed())
        }
        ("trailers", _) => {
            let mut trailers = HeaderMap::new();
            trailers.insert("x-sum", HeaderValue::from_static("42"));
            // Of unknown length, and so chunked.
            let (sender, receiver) = mpsc::channel(1);
            sender.try_send(Bytes::from("summed")).unwrap();
            let body = Events(receiver).with_trailers(async { Some(Ok(trailers)) });
            let mut answer = Response::new(body.boxed());
            answer.headers_mut().insert(header::TRAILER, HeaderValue::from_static("x-sum"));
            answer
        }
        ("trailed", _) => {
            let body = request.into_body().collect().await.unwrap();
            let trailers = body.trailers().cloned().unwrap_or_default();
            text(format!("{trailers:?}"))
        }
        ("upgrade", _) => upgrade(request),
        _ => text(state.name.clone()),
    })
}

fn head(request: &Request<Incoming>) -> String {
    let mut lines = vec![format!("{} {}", request.method(), request.uri())];
    for (name, value) in request.headers() {
        lines.push(format!("{name}: {}", value.to_str().unwrap()));
    }
    lines.join("\n")
}

/// A tunnel that sends back what it gets.
fn upgrade(request: Request<Incoming>) -> Answer {
    let protocol = request.headers()[header::UPGRADE].clone();
    tokio::spawn(async move {
        let mut io = TokioIo::new(hyper::upgrade::on(request).await.unwrap());
        let (mut read, mut write) = tokio::io::split(&mut io);
        let _ = tokio::io::copy(&mut read, &mut write).await;
    });
    let mut answer = text(String::new());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    answer.headers_mut().insert(header::UPGRADE, protocol);
    answer
}

fn text(text: String) -> Answer {
    Response::new(Full::from(text).map_err(|never| match never {}).boxed())
}

/// So many bytes, of known length, each telling its place.
struct Big(usize);

pub(crate) const PIECE: usize = 65_536;

impl Body for Big {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let len = self.0.min(PIECE);
        if len == 0 {
            return Poll::Ready(None);
        }
        let piece = vec![(self.0 / PIECE) as u8; len];
        self.0 -= len;
        Poll::Ready(Some(Ok(Frame::data(piece.into()))))
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.0 as u64)
    }
}

struct Events(mpsc::Receiver<Bytes>);

impl Body for Events {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.0.poll_recv(cx).map(|event| event.map(|event| Ok(Frame::data(event))))
    }
}

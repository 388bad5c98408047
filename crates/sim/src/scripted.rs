//! An HTTP server on loopback that answers as a test says, and remembers what it was asked.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A request, without its body.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Path and query.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
}

/// What it is answered.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// The server; it ends when it is dropped.
#[derive(Debug)]
pub struct Scripted {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    _end: DropGuard,
}

/// What answers: nothing if there is never to be an answer.
type Script = dyn Fn(&Asked) -> Option<Answer> + Send + Sync;

impl Answer {
    /// With this status and body.
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    fn response(self) -> http::Result<Response<Full<Bytes>>> {
        let builder = Response::builder().status(self.status);
        let builder = self
            .headers
            .iter()
            .fold(builder, |builder, (name, value)| builder.header(name.as_str(), value.as_str()));
        builder.body(Full::new(self.body.into()))
    }
}

impl Scripted {
    /// Listens, on a thread of its own.
    ///
    /// # Errors
    /// When it cannot.
    pub fn start(
        script: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let end = CancellationToken::new();
        let asked = Arc::default();
        let serving = serve(listener, Arc::new(script), Arc::clone(&asked));
        let ended = end.clone();
        thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    // It ends only where it cannot listen any more: clients notice.
                    _ = serving => {}
                    () = ended.cancelled() => {}
                }
            });
        });
        Ok(Self { address, asked, _end: end.drop_guard() })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn serve(
    listener: std::net::TcpListener,
    script: Arc<Script>,
    asked: Arc<Mutex<Vec<Asked>>>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        let (script, asked) = (Arc::clone(&script), Arc::clone(&asked));
        let service = service_fn(move |request: Request<hyper::body::Incoming>| {
            let path = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
            let one = Asked { path, headers: request.headers().clone() };
            asked.lock().unwrap_or_else(PoisonError::into_inner).push(one.clone());
            let answer = script(&one);
            async move {
                match answer {
                    Some(answer) => answer.response(),
                    None => pending().await,
                }
            }
        });
        tokio::spawn(async move {
            // How a connection ends is for the client to judge.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

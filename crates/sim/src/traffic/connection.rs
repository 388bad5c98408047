//! Connections: opened, driven, and gone when they are dropped.

use bytes::Bytes;
use http_body::Body;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::context::Context;
use super::failure::{FailureKind, Source};

type Driver = AbortOnDropHandle<()>;

/// A connection to the server.
pub(super) async fn connect(context: &Context, source: Source) -> Result<TcpStream, FailureKind> {
    let connecting = TcpStream::connect(context.address);
    let stream = match timeout(context.patience, connecting).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(FailureKind::of_io(&error)),
        Err(_) => return Err(FailureKind::TimedOut),
    };
    stream.set_nodelay(true).map_err(|error| FailureKind::of_io(&error))?;
    context.ledger.opened(source);
    Ok(stream)
}

/// A connection of HTTP/1.1.
#[derive(Debug)]
pub(super) struct Http1<B> {
    pub(super) sender: http1::SendRequest<B>,
    _driver: Driver,
}

impl<B> Http1<B>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    pub(super) async fn open(context: &Context, source: Source) -> Result<Self, FailureKind> {
        let stream = connect(context, source).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| FailureKind::before_head(&error))?;
        // How it ends is seen by the request that is on it.
        let driver = tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(Self { sender, _driver: AbortOnDropHandle::new(driver) })
    }

    /// False once the server has closed it, or said that it will.
    pub(super) async fn is_open(&mut self) -> bool {
        self.sender.ready().await.is_ok()
    }
}

/// A connection of HTTP/2, by prior knowledge (RFC 9113, section 3.3).
#[derive(Debug)]
pub(super) struct Http2Connection<B> {
    pub(super) sender: http2::SendRequest<B>,
    _driver: Driver,
}

impl<B> Http2Connection<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    pub(super) async fn open(context: &Context, source: Source) -> Result<Self, FailureKind> {
        let stream = connect(context, source).await?;
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .map_err(|error| FailureKind::before_head(&error))?;
        let driver = tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(Self { sender, _driver: AbortOnDropHandle::new(driver) })
    }
}

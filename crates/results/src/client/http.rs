//! One request, one connection: on loopback that costs nothing.

use bytes::Bytes;
use http::{Request, Response, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;

use super::ClientError;

/// Where the service is.
#[derive(Clone)]
pub(super) struct Origin {
    /// Host and port.
    authority: String,
}

/// An answer in memory.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
}

/// Bytes of an answer to a call.
const LONGEST: usize = 16 << 20;

impl Origin {
    /// Of a URL: what stands behind its origin does not count. `None`: it is
    /// not `http://host:port`.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let known = uri.scheme_str() == Some("http") && uri.port_u16().is_some();
        let authority = uri.authority().filter(|_| known)?.as_str();
        (!authority.contains('@')).then(|| Self { authority: authority.to_owned() })
    }

    pub(super) async fn post(
        &self,
        path: &str,
        token: &str,
        body: Vec<u8>,
    ) -> Result<Answer, ClientError> {
        let request = Request::post(path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json");
        self.answer(request, Bytes::from(body)).await
    }

    /// Sends a request and takes its whole answer.
    pub(super) async fn answer(
        &self,
        request: http::request::Builder,
        body: Bytes,
    ) -> Result<Answer, ClientError> {
        let (response, _connection) = self.send(request, body).await?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), LONGEST).collect().await;
        let body = body.map_err(|error| self.unreachable(&error))?.to_bytes();
        Ok(Answer { status, body })
    }

    /// Sends a request; its answer's body comes as long as the connection that
    /// is returned with it lives.
    pub(super) async fn send(
        &self,
        request: http::request::Builder,
        body: Bytes,
    ) -> Result<(Response<Incoming>, AbortOnDropHandle<()>), ClientError> {
        let stream = TcpStream::connect(&self.authority).await;
        let stream = stream.map_err(|error| self.unreachable(&error))?;
        stream.set_nodelay(true).map_err(|error| self.unreachable(&error))?;
        let shaken = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = shaken.map_err(|error| self.unreachable(&error))?;
        let driving = AbortOnDropHandle::new(tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "the connection to the results service ended");
            }
        }));
        let request = request
            .header(header::HOST, &self.authority)
            .body(Full::new(body))
            .map_err(|error| ClientError::Confused(error.to_string()))?;
        let response = sender.send_request(request).await;
        Ok((response.map_err(|error| self.unreachable(&error))?, driving))
    }

    pub(super) fn unreachable(&self, error: &dyn std::fmt::Display) -> ClientError {
        let origin = format!("http://{}", self.authority);
        ClientError::Unreachable { origin, why: error.to_string() }
    }

    /// A URL that the service has signed, as the path and query of a request:
    /// it leads nowhere but to the service.
    pub(super) fn own<'u>(&self, url: &'u str) -> Result<&'u str, ClientError> {
        let own = url.strip_prefix("http://").and_then(|url| url.strip_prefix(&self.authority));
        let own = own.filter(|path| path.starts_with('/'));
        own.ok_or_else(|| ClientError::Confused("a URL that is not its own".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_http_with_a_port() {
        let origin = |url| Origin::parse(url).map(|origin| origin.authority);
        assert_eq!(origin("http://127.0.0.1:80/x/y").as_deref(), Some("127.0.0.1:80"));
        for bad in ["", "127.0.0.1:80", "https://a:1/", "http://a/", "http://u@a:1/"] {
            assert_eq!(origin(bad), None, "{bad}");
        }
        let origin = Origin::parse("http://127.0.0.1:80").unwrap();
        assert_eq!(origin.own("http://127.0.0.1:80/b?c").unwrap(), "/b?c");
        assert!(origin.own("http://127.0.0.1:8080/b").is_err());
        assert!(origin.own("http://evil/b").is_err());
    }
}

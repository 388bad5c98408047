//! How programs in containers reach the results service, which listens on this
//! machine's own address only.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A way from a network of containers to a service here. Closed when dropped.
pub(super) struct Way {
    /// What the service is called here, `http://127.0.0.1:1234`, and there.
    names: (String, String),
    listening: JoinHandle<()>,
}

impl Way {
    /// Opens a way to the service at `url` for those who see this machine as
    /// `gateway`.
    ///
    /// # Errors
    /// Why there is none: Docker may have that network on another machine.
    pub(super) async fn open(url: &str, gateway: &str) -> Result<Self, String> {
        let service = url.strip_prefix("http://").unwrap_or(url).trim_end_matches('/');
        let to: SocketAddr =
            service.parse().map_err(|_| format!("{url} is no address with a port"))?;
        let failed = |error: std::io::Error| format!("{gateway} is not here: {error}");
        let gateway: std::net::IpAddr =
            gateway.parse().map_err(|_| format!("`{gateway}` is no address"))?;
        let listener = TcpListener::bind((gateway, 0)).await.map_err(failed)?;
        let there = format!("http://{}", listener.local_addr().map_err(failed)?);
        let listening = tokio::spawn(forward(listener, to));
        Ok(Self { names: (format!("http://{to}"), there), listening })
    }

    /// A text with the service's name there.
    pub(super) fn there(&self, text: &str) -> String {
        let (here, there) = &self.names;
        match text.strip_prefix(here.as_str()) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{there}{rest}"),
            _ => text.to_owned(),
        }
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Its connections end with it.
async fn forward(listener: TcpListener, to: SocketAddr) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((mut from, _)) => {
                    connections.spawn(async move {
                        let mut to = TcpStream::connect(to).await?;
                        copy_bidirectional(&mut from, &mut to).await
                    });
                }
                Err(error) => tracing::warn!(%error, "a container cannot reach the service"),
            },
            // How each ended is between its two ends.
            Some(_) = connections.join_next() => {}
        }
    }
}

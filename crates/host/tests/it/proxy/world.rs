//! A proxy with one listener, and clients that speak bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use shipway_host::protocol::{AppId, HeaderRule, Split, VersionId};
use shipway_host::proxy::{AccessLog, App, Backend, Limits, Proxy, Table};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::origin::Origin;

/// Long enough for anything that is not stuck.
pub(crate) const LONG: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) proxy: Arc<Proxy>,
    pub(crate) address: SocketAddr,
    pub(crate) hold: bool,
}

impl World {
    pub(crate) fn start(limits: Limits) -> Self {
        Self::logging(limits, AccessLog::off())
    }

    pub(crate) fn logging(limits: Limits, log: AccessLog) -> Self {
        let proxy = Proxy::new(limits, log);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = proxy.listen(listener).unwrap();
        Self { proxy, address, hold: false }
    }

    /// One origin that gets everything.
    pub(crate) async fn with_origin(limits: Limits) -> (Self, Origin, Arc<Backend>) {
        let world = Self::start(limits);
        let origin = Origin::start("v1").await;
        let backend = backend("v1", &[origin.address]);
        world.serve(&[(&backend, 100)]);
        (world, origin, backend)
    }

    /// Routes everything to `versions` by their weights.
    pub(crate) fn serve(&self, versions: &[(&Arc<Backend>, u8)]) {
        self.route(app(versions, &[], None, self.hold));
    }

    pub(crate) fn route(&self, app: Arc<App>) {
        let mut table = Table::new();
        table.add(self.address, &[], "/", app);
        self.proxy.swap(table);
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::connect(self.address).await
    }

    /// One request on a connection of its own: status and body.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let mut client = self.connect().await;
        client.send(&format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        let answer = client.answer().await;
        (answer.status, answer.text())
    }
}

pub(crate) fn backend(version: &str, endpoints: &[SocketAddr]) -> Arc<Backend> {
    let backend = Backend::new(VersionId(version.into()));
    backend.set_endpoints(endpoints);
    backend
}

pub(crate) fn app(
    versions: &[(&Arc<Backend>, u8)],
    headers: &[(&str, &str, &str)],
    sticky: Option<&str>,
    hold: bool,
) -> Arc<App> {
    let ids = versions.iter().map(|(backend, weight)| (backend.version().clone(), *weight));
    let rule = |(name, value, version): &(&str, &str, &str)| HeaderRule {
        name: (*name).into(),
        value: (*value).into(),
        version: VersionId((*version).into()),
    };
    let split = Split {
        weights: ids.filter(|(_, weight)| *weight > 0).collect(),
        headers: headers.iter().map(rule).collect(),
        sticky: sticky.map(Into::into),
    };
    let versions: IndexMap<_, _> = versions
        .iter()
        .map(|(backend, _)| (backend.version().clone(), Arc::clone(backend)))
        .collect();
    App::new(AppId("shop/prod/api".into()), versions, &split, hold).unwrap()
}

/// A connection that sends what it is told and reads answers.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        field(&self.head, name)
    }
}

fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.into_iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), buffer: Vec::new() }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.send_bytes(text.as_bytes()).await;
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        tokio::time::timeout(LONG, self.stream.write_all(bytes)).await.unwrap().unwrap();
    }

    /// Reads more; false at the end.
    async fn fill(&mut self) -> std::io::Result<bool> {
        let read = self.stream.read_buf(&mut self.buffer);
        Ok(tokio::time::timeout(LONG, read).await.expect("an answer in time")? > 0)
    }

    /// Reads a head, its last line end included.
    pub(crate) async fn head(&mut self) -> std::io::Result<String> {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
                return Ok(String::from_utf8(head).unwrap());
            }
            if !self.fill().await? {
                let left = String::from_utf8_lossy(&self.buffer).into_owned();
                return Err(std::io::Error::other(format!("the connection ended: {left:?}")));
            }
        }
    }

    pub(crate) async fn exactly(&mut self, len: usize) -> std::io::Result<Vec<u8>> {
        while self.buffer.len() < len {
            if !self.fill().await? {
                return Err(std::io::Error::other("the connection ended in a body"));
            }
        }
        Ok(self.buffer.drain(..len).collect())
    }

    /// Reads a head and a body, whichever way it is framed.
    pub(crate) async fn try_answer(&mut self) -> std::io::Result<Answer> {
        let head = self.head().await?;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = if field(&head, "transfer-encoding").is_some() {
            let mut body = Vec::new();
            loop {
                let chunk = self.chunk().await?;
                if chunk.is_empty() {
                    self.trailers().await?;
                    break body;
                }
                body.extend_from_slice(&chunk);
            }
        } else {
            let len = field(&head, "content-length").map_or(0, |len| len.parse().unwrap());
            self.exactly(len).await?
        };
        Ok(Answer { status, head, body })
    }

    pub(crate) async fn answer(&mut self) -> Answer {
        self.try_answer().await.unwrap()
    }

    /// Reads one chunk of a chunked body; empty at its end.
    pub(crate) async fn chunk(&mut self) -> std::io::Result<Vec<u8>> {
        let size = self.line().await?;
        let size = usize::from_str_radix(&size, 16).unwrap();
        let chunk = self.exactly(size).await?;
        if size > 0 {
            assert_eq!(self.exactly(2).await?, b"\r\n");
        }
        Ok(chunk)
    }

    /// What follows the last chunk.
    pub(crate) async fn trailers(&mut self) -> std::io::Result<Vec<String>> {
        let mut lines = Vec::new();
        loop {
            match self.line().await? {
                line if line.is_empty() => return Ok(lines),
                line => lines.push(line),
            }
        }
    }

    async fn line(&mut self) -> std::io::Result<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|window| window == b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..end + 2).collect();
                return Ok(String::from_utf8(line[..end].to_vec()).unwrap());
            }
            if !self.fill().await? {
                return Err(std::io::Error::other("the connection ended in a line"));
            }
        }
    }

    /// Everything until the other side closes.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        while let Ok(true) = self.fill().await {}
        std::mem::take(&mut self.buffer)
    }
}

/// Waits until `done`.
pub(crate) async fn eventually(what: &str, done: impl Fn() -> bool) {
    let wait = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(LONG, wait).await.unwrap_or_else(|_| panic!("not in time: {what}"));
}

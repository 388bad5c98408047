//! A server of HTTP/1.1, written by hand so that it can break every rule.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use shipway_sim::wire;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

/// What it does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sabotage {
    /// Nothing.
    None,
    /// Closes the connection in order instead of answering.
    Drop,
    /// Resets the connection instead of answering.
    Reset,
    /// Closes in the middle of the answer's body, or of an event.
    Truncate,
    /// Answers as if it were another request, or skips an event.
    OtherAnswer,
    /// Brings another request's body, with that body's right checksum.
    OtherBody,
    /// Flips one bit of the body.
    DamagedBody,
    /// Says the wrong checksum for the right body.
    WrongSum,
    /// Leaves out the number.
    NoSequence,
    /// Leaves out the version.
    NoVersion,
    /// 503.
    Status,
    /// Answers nothing, and keeps the connection open.
    Hang,
    /// Answers what is no HTTP.
    Nonsense,
    /// Ends an event stream in order, but within an event.
    HalfEvent,
    /// Answers an upload right after its head.
    Early,
    /// Nothing, in fact: says `connection: close`, and closes after the answer.
    CloseInOrder,
}

/// One that does it with every fifth request.
pub(crate) struct BrokenServer {
    pub(crate) address: SocketAddr,
    pub(crate) sabotage: Sabotage,
    done: Arc<AtomicU64>,
    _task: AbortOnDropHandle<()>,
}

impl BrokenServer {
    pub(crate) async fn start(sabotage: Sabotage) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let counters = (Arc::clone(&seen), Arc::clone(&done));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (seen, done) = counters.clone();
                tokio::spawn(serve(stream, sabotage, seen, done));
            }
        });
        Self { address, sabotage, done, _task: AbortOnDropHandle::new(task) }
    }

    /// How many requests it did wrong.
    pub(crate) fn done(&self) -> u64 {
        self.done.load(Ordering::SeqCst)
    }
}

struct Request {
    path: String,
    seq: u64,
    length: usize,
    sum: wire::Checksum,
}

/// `None` once the client has closed. An upload's body is left out if `early`.
async fn read(stream: &mut BufReader<TcpStream>, early: bool) -> Option<Request> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut request = Request { path, seq: 0, length: 0, sum: wire::Checksum::default() };
    let mut body = 0;
    loop {
        line.clear();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        match name {
            wire::SEQ => request.seq = value.parse().unwrap(),
            wire::LENGTH => request.length = value.parse().unwrap(),
            "content-length" => body = value.parse().unwrap(),
            _ => {}
        }
    }
    let mut buffer = vec![0; 64 << 10];
    while !early && body > 0 {
        let part = body.min(buffer.len());
        stream.read_exact(&mut buffer[..part]).await.ok()?;
        request.sum.update(&buffer[..part]);
        body -= part;
    }
    Some(request)
}

async fn serve(
    stream: TcpStream,
    sabotage: Sabotage,
    seen: Arc<AtomicU64>,
    done: Arc<AtomicU64>,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let request = read(&mut stream, sabotage == Sabotage::Early).await?;
        let turn = seen.fetch_add(1, Ordering::SeqCst).is_multiple_of(5);
        let now = if turn { sabotage } else { Sabotage::None };
        if now != Sabotage::None {
            done.fetch_add(1, Ordering::SeqCst);
        }
        let (bytes, close) = match request.path.as_str() {
            wire::EVENTS => events(now),
            _ => answer(&request, now),
        };
        match now {
            Sabotage::Hang => std::future::pending::<()>().await,
            Sabotage::Reset => stream.get_ref().set_zero_linger().unwrap(),
            _ => {}
        }
        stream.get_mut().write_all(&bytes).await.ok()?;
        if close {
            return None;
        }
    }
}

/// The bytes of an answer, and whether the connection is closed after it.
fn answer(request: &Request, sabotage: Sabotage) -> (Vec<u8>, bool) {
    let mut seq = Some(request.seq);
    let mut body = match request.path.as_str() {
        wire::UPLOAD => format!("{} {}", request.sum.length(), request.sum.finish()).into_bytes(),
        _ => wire::body(request.seq, request.length).to_vec(),
    };
    let mut sum = wire::Checksum::of(&body);
    let mut version = format!("{}: broken\r\n", wire::VERSION);
    let mut status = "200 OK";
    match sabotage {
        Sabotage::Drop | Sabotage::Reset | Sabotage::Hang => return (Vec::new(), true),
        Sabotage::Nonsense => return (b"SMTP ready\r\n\r\n".to_vec(), true),
        Sabotage::OtherAnswer => {
            seq = Some(request.seq + 1);
            body = wire::body(request.seq + 1, request.length).to_vec();
            sum = wire::Checksum::of(&body);
        }
        Sabotage::OtherBody => {
            body = wire::body(request.seq + 1, request.length).to_vec();
            sum = wire::Checksum::of(&body);
        }
        Sabotage::DamagedBody => {
            let middle = body.len() / 2;
            body[middle] ^= 1;
        }
        Sabotage::WrongSum => sum = wire::Checksum::of(b"other"),
        Sabotage::NoSequence => seq = None,
        Sabotage::NoVersion => version.clear(),
        Sabotage::Status => status = "503 Service Unavailable",
        Sabotage::CloseInOrder => version.push_str("connection: close\r\n"),
        Sabotage::None | Sabotage::Truncate | Sabotage::HalfEvent | Sabotage::Early => {}
    }
    let seq = seq.map(|seq| format!("{}: {seq}\r\n", wire::SEQ)).unwrap_or_default();
    let received = wire::to_nanos(SystemTime::now());
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n{seq}{version}{}: {sum}\r\n{}: {received}\r\n\r\n",
        body.len(),
        wire::SUM,
        wire::RECEIVED,
    );
    let mut bytes = [head.into_bytes(), body].concat();
    if sabotage == Sabotage::Truncate {
        bytes.truncate(bytes.len() - 1);
    }
    (bytes, matches!(sabotage, Sabotage::Truncate | Sabotage::Early | Sabotage::CloseInOrder))
}

/// A stream of three events that ends in order, unless sabotaged.
fn events(sabotage: Sabotage) -> (Vec<u8>, bool) {
    let mut ids = vec![0, 1, 2];
    match sabotage {
        Sabotage::Drop | Sabotage::Reset | Sabotage::Hang => return (Vec::new(), true),
        Sabotage::Status => {
            return (b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n".to_vec(), true);
        }
        Sabotage::OtherAnswer => ids = vec![0, 2],
        _ => {}
    }
    let mut bytes = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n{}: broken\r\n\
         transfer-encoding: chunked\r\n\r\n",
        wire::VERSION
    );
    let mut chunk = |text: &str| bytes.push_str(&format!("{:x}\r\n{text}\r\n", text.len()));
    for id in ids {
        chunk(&format!("id: {id}\ndata: broken\n\n"));
    }
    match sabotage {
        Sabotage::Truncate => return (bytes.into_bytes(), true),
        Sabotage::HalfEvent => chunk("id: 3\nda"),
        _ => {}
    }
    bytes.push_str("0\r\n\r\n");
    (bytes.into_bytes(), true)
}

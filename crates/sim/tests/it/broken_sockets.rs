//! Each way in which a web socket can be wrong is found.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use shipway_sim::traffic::{Load, Report, Sockets, Source};
use shipway_sim::wait_until;
use shipway_sim::wire::Frame;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::task::AbortOnDropHandle;

/// What the server does wrong with its fifth frame, or with the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sabotage {
    Twice,
    Skip,
    Swap,
    OtherText,
    Binary,
    ServerGap,
    Leave,
    Silent,
    NoHandshake,
    CloseInOrder,
}

async fn start(sabotage: Sabotage) -> (SocketAddr, AbortOnDropHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream, sabotage));
        }
    });
    (address, AbortOnDropHandle::new(task))
}

async fn serve(mut stream: TcpStream, sabotage: Sabotage) -> Option<()> {
    if sabotage == Sabotage::NoHandshake {
        let refusal = b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(refusal).await.ok()?;
        return None;
    }
    let mut socket = accept_async(stream).await.ok()?;
    let mut held = None;
    for number in 0_u64.. {
        let message = socket.next().await?.ok()?;
        if number == 4 {
            match sabotage {
                Sabotage::Twice => socket.send(message.clone()).await.ok()?,
                Sabotage::Skip => continue,
                Sabotage::Swap => {
                    held = Some(message);
                    continue;
                }
                Sabotage::OtherText => socket.send(Message::text("hello")).await.ok()?,
                Sabotage::Binary => socket.send(Message::binary(vec![1])).await.ok()?,
                Sabotage::ServerGap => {
                    let frame = Frame::Server(1, "broken".to_owned());
                    socket.send(Message::text(frame.to_string())).await.ok()?;
                }
                Sabotage::Leave => return None,
                Sabotage::Silent => std::future::pending::<()>().await,
                Sabotage::NoHandshake => {}
                Sabotage::CloseInOrder => {
                    socket.close(None).await.ok()?;
                    while let Some(Ok(_)) = socket.next().await {}
                    return None;
                }
            }
        }
        socket.send(message).await.ok()?;
        if let Some(held) = held.take() {
            socket.send(held).await.ok()?;
        }
    }
    None
}

async fn run(sabotage: Sabotage, enough: impl Fn(&Report) -> bool) -> Report {
    let (address, _server) = start(sabotage).await;
    let sockets = Sockets { count: 3, every: Duration::from_millis(5) };
    let hangs = sabotage == Sabotage::Silent;
    let patience = Duration::from_millis(if hangs { 300 } else { 10_000 });
    let running = Load { sockets: Some(sockets), patience, ..Load::new(address) }.start();
    let condition = || enough(&running.so_far());
    wait_until("what the server does", Duration::from_secs(20), condition).await.unwrap();
    running.stop().await
}

/// A server that leaves with our frames unread resets the connection.
fn reset_too(sabotage: Sabotage) -> bool {
    sabotage == Sabotage::Leave
}

#[tokio::test]
async fn what_is_wrong_with_a_socket_is_found() {
    for (sabotage, kind) in [
        (Sabotage::Twice, "wrong sequence"),
        (Sabotage::Skip, "wrong sequence"),
        (Sabotage::Swap, "wrong sequence"),
        (Sabotage::OtherText, "wrong body"),
        (Sabotage::Binary, "wrong body"),
        (Sabotage::ServerGap, "wrong sequence"),
        (Sabotage::Leave, "truncated"),
        (Sabotage::Silent, "timed out"),
        (Sabotage::NoHandshake, "status"),
    ] {
        let report = run(sabotage, |report| report.failed() >= 3).await;
        let kinds: Vec<_> = report.failure_counts.keys().collect();
        assert!(kinds.contains(&&(Source::Sockets, kind)), "{sabotage:?}: {report}");
        assert!(kinds.len() == 1 || reset_too(sabotage), "{sabotage:?}: {report}");
        assert!(report.endings.is_empty(), "{sabotage:?}: {report}");
    }
}

#[tokio::test]
async fn a_close_in_order_is_an_ending_and_no_failure() {
    let report = run(Sabotage::CloseInOrder, |report| report.endings.len() >= 3).await;
    report.assert_clean();
    assert!(report.endings.iter().all(|ending| ending.ended >= ending.opened));
}

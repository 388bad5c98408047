//! After `101 Switching Protocols`: bytes to and fro, nobody looks at them.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;

use super::Proxy;
use super::answer::{Open, Source};
use super::backend::InFlight;
use super::connection::Closing;

/// Carries one tunnel to its end: both sides have closed, the version or the
/// proxy breaks it off, or an error.
pub(crate) async fn run(
    proxy: Arc<Proxy>,
    client: OnUpgrade,
    source: Source,
    in_flight: InFlight,
    mut open: Open,
) {
    let mut closing = proxy.closing.subscribe();
    let Source { upstream, at: _at } = source;
    let Some((backend, begun)) = upstream.into_tunnel() else { return };
    let client = match client.await {
        Ok(client) => client,
        Err(error) => return tracing::debug!(%error, "a client left during an upgrade"),
    };
    let (mut client, mut backend) = (TokioIo::new(client), backend);
    let copy = async {
        client.write_all(&begun).await?;
        tokio::io::copy_bidirectional(&mut client, &mut backend).await
    };
    tokio::select! {
        copied = copy => match copied {
            Ok((_, bytes)) => if let Some(record) = &mut open.record {
                record.bytes = bytes + begun.len() as u64;
                record.whole = true;
            },
            Err(error) => tracing::debug!(%error, "a tunnel broke"),
        },
        () = in_flight.backend().broken_off() => {}
        _ = closing.wait_for(|closing| *closing == Closing::Break) => {
            proxy.broken.fetch_add(1, Relaxed);
        }
    }
}

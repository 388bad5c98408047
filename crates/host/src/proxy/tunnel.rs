//! After `101 Switching Protocols`: bytes to and fro, nobody looks at them.

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::watch;

use super::answer::{Open, Source};
use super::backend::InFlight;
use super::connection::Closing;

/// Carries one tunnel to its end: both sides have closed, the version or the
/// proxy breaks it off, or an error.
pub(crate) async fn run(
    client: OnUpgrade,
    source: Source,
    in_flight: InFlight,
    mut open: Open,
    mut closing: watch::Receiver<Closing>,
) {
    let Source { upstream, at: _at } = source;
    let Some((backend, begun)) = upstream.into_tunnel().await else { return };
    let client = match client.await {
        Ok(client) => client,
        Err(error) => return tracing::debug!(%error, "a client left during an upgrade"),
    };
    let (mut client, mut backend) = (TokioIo::new(client), TokioIo::new(backend));
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
        _ = closing.wait_for(|closing| *closing == Closing::Break) => {}
    }
}

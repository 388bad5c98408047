//! From a request to the version that answers it, at once or after a wait.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::header::HeaderValue;
use http::request;

use super::Proxy;
use super::answer::Open;
use super::backend::InFlight;
use super::client::Client;
use super::head;
use super::refusal::Refusal;
use super::table::App;

/// A request that has its version: counted as in flight there.
pub(crate) struct Routed {
    /// The table's.
    pub(crate) generation: u64,
    pub(crate) app: Arc<App>,
    pub(crate) in_flight: InFlight,
    /// The client is to be told to stay there.
    pub(crate) stick: bool,
}

impl Proxy {
    /// Decides for a version. The order of steps pairs with [`Proxy::swap`]:
    /// count in, then look whether the table is still the same. Either the
    /// swap comes later, and then whoever drains the version sees the request;
    /// or it came before, and the request is routed anew.
    fn route(
        &self,
        client: &Client,
        host: &HeaderValue,
        parts: &request::Parts,
    ) -> Result<Routed, Option<Arc<App>>> {
        loop {
            let generation = self.generation.load(Ordering::SeqCst);
            let table = self.table.load();
            let app = table.find(client.listen, head::name(host), parts.uri.path()).ok_or(None)?;
            let choice = app.choose(&parts.headers).ok_or_else(|| Some(app.clone()))?;
            let in_flight = choice.backend.enter();
            if self.generation.load(Ordering::SeqCst) == generation {
                return Ok(Routed { generation, app: app.clone(), in_flight, stick: choice.stick });
            }
        }
    }

    /// As `route`, waiting for a table in which something serves.
    pub(crate) async fn routed(
        &self,
        client: &Client,
        host: &HeaderValue,
        parts: &request::Parts,
        open: &mut Open,
        held: Duration,
    ) -> Result<Routed, Refusal> {
        let routed = match self.route(client, host, parts) {
            Ok(routed) => routed,
            Err(None) => return Err(Refusal::NoRoute),
            Err(Some(app)) if !app.holds() => return Err(Refusal::NothingServes),
            Err(Some(_)) => {
                let _held = self.held.try_acquire().map_err(|_| Refusal::TooManyHeld)?;
                let left = self.limits.hold_timeout.saturating_sub(held);
                let found = self.wait_for_route(client, host, parts);
                let found = tokio::time::timeout(left, found).await;
                found.unwrap_or(Err(Refusal::NothingServes))?
            }
        };
        if let Some(record) = &mut open.record {
            let version = routed.in_flight.backend().version().clone();
            record.route = Some((routed.app.id.clone(), version));
        }
        Ok(routed)
    }

    async fn wait_for_route(
        &self,
        client: &Client,
        host: &HeaderValue,
        parts: &request::Parts,
    ) -> Result<Routed, Refusal> {
        loop {
            let swapped = self.swapped.notified();
            tokio::pin!(swapped);
            swapped.as_mut().enable();
            match self.route(client, host, parts) {
                Ok(routed) => return Ok(routed),
                Err(None) => return Err(Refusal::NoRoute),
                Err(Some(_)) => swapped.await,
            }
        }
    }

    /// After no endpoint of a version took the request: waits for a reason to
    /// try again, if the app holds its requests and the time is not over. That
    /// is an endpoint or another table; or a moment, since an endpoint that
    /// refuses may accept soon.
    pub(crate) async fn hold(&self, routed: Routed, held: Duration) -> Result<(), Refusal> {
        const AGAIN: Duration = Duration::from_millis(50);
        let Routed { generation, app, in_flight, .. } = routed;
        let left = self.limits.hold_timeout.saturating_sub(held);
        let backend = in_flight.backend().clone();
        if !app.holds() || left.is_zero() {
            backend.users.failed();
            return Err(Refusal::NothingServes);
        }
        // What waits is routed anew, so nobody has to wait for it.
        drop(in_flight);
        let _held = self.held.try_acquire().map_err(|_| Refusal::TooManyHeld)?;
        let swapped = self.swapped.notified();
        tokio::pin!(swapped);
        swapped.as_mut().enable();
        if self.generation.load(Ordering::SeqCst) != generation {
            return Ok(());
        }
        let all_refuse = !backend.endpoints().is_empty();
        let most = if all_refuse { AGAIN.min(left) } else { left };
        tokio::select! {
            () = backend.endpoint(), if !all_refuse => {}
            () = swapped => {}
            () = tokio::time::sleep(most) => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::super::{AccessLog, Backend, Limits, Table};
    use super::*;
    use crate::protocol::{AppId, Split, VersionId};

    fn app(backend: &Arc<Backend>) -> Arc<App> {
        let version = backend.version().clone();
        let split = Split { weights: [(version.clone(), 100)].into(), ..Split::default() };
        App::new(AppId("a".into()), [(version, backend.clone())].into(), &split, false).unwrap()
    }

    /// Once a version is out of the table and has run dry, no request gets it:
    /// also not one that chose it before and was overtaken by the switch.
    #[test]
    fn no_request_slips_through_a_switch() {
        let listen = "127.0.0.1:80".parse().unwrap();
        let proxy = Proxy::new(Limits::default(), AccessLog::off());
        let serve = |app: &Arc<App>| {
            let mut table = Table::new();
            table.add(listen, &[], "/", app.clone());
            proxy.swap(table);
        };
        let old = Backend::new(VersionId("old".into()));
        let new = Backend::new(VersionId("new".into()));
        let (old_app, new_app) = (app(&old), app(&new));
        serve(&old_app);

        let (dry, over) = (AtomicBool::new(false), AtomicBool::new(false));
        std::thread::scope(|threads| {
            let requests: Vec<_> = (0..2)
                .map(|_| {
                    threads.spawn(|| {
                        let client = Client::new(listen, listen, &Limits::default());
                        let host = HeaderValue::from_static("a");
                        let (parts, ()) = http::Request::new(()).into_parts();
                        let mut slipped = 0;
                        while !over.load(Ordering::SeqCst) {
                            let Ok(routed) = proxy.route(&client, &host, &parts) else { continue };
                            let got_old = Arc::ptr_eq(routed.in_flight.backend(), &old);
                            slipped += u32::from(got_old && dry.load(Ordering::SeqCst));
                        }
                        slipped
                    })
                })
                .collect();
            for _ in 0..20_000 {
                serve(&new_app);
                while old.in_flight() > 0 {
                    std::hint::spin_loop();
                }
                dry.store(true, Ordering::SeqCst);
                for _ in 0..200 {
                    std::hint::spin_loop();
                }
                dry.store(false, Ordering::SeqCst);
                serve(&old_app);
            }
            over.store(true, Ordering::SeqCst);
            for request in requests {
                assert_eq!(request.join().unwrap(), 0, "requests on a version that had run dry");
            }
        });
    }
}

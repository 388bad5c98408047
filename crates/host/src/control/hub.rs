//! What the apps of a host share: the routes, the keeper, the files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::app::Mailbox;
use super::app::Message;
use super::calls::Calls;
use super::link::Link;
use crate::keeper::wire::{Exit, Order, ProcessId};
use crate::paths::HostPaths;
use crate::protocol::{AppId, Route};
use crate::proxy::{self, Proxy, Table};

/// Where an app answers, and with what.
#[derive(Debug, Clone)]
pub(super) struct Routed {
    pub(super) listen: SocketAddr,
    pub(super) route: Route,
    pub(super) app: Arc<proxy::App>,
}

/// What the apps of a host share.
#[derive(Debug)]
pub(super) struct Hub {
    pub(super) paths: HostPaths,
    pub(super) link: Link,
    pub(super) proxy: Arc<Proxy>,
    /// The runtime that carries traffic.
    pub(super) traffic: Handle,
    pub(super) calls: Calls,
    /// Whether the proxy before this one still finishes requests.
    pub(super) accompanied: watch::Sender<bool>,
    routes: Mutex<BTreeMap<AppId, Routed>>,
    /// Where the proxy accepts connections.
    accepting: Mutex<BTreeSet<SocketAddr>>,
    owners: Mutex<HashMap<ProcessId, Mailbox>>,
    problems: Mutex<Vec<String>>,
}

impl Hub {
    pub(super) fn new(paths: HostPaths, link: Link, proxy: Arc<Proxy>, traffic: Handle) -> Self {
        let calls = Calls::new(paths.calls());
        Self {
            paths,
            link,
            proxy,
            traffic,
            calls,
            accompanied: watch::Sender::new(false),
            routes: Mutex::default(),
            accepting: Mutex::default(),
            owners: Mutex::default(),
            problems: Mutex::default(),
        }
    }

    /// Routes `app` so from now on, and every other app as before: one swap.
    pub(super) fn route(&self, app: &AppId, routed: Option<Routed>) {
        let mut routes = lock(&self.routes);
        match routed {
            Some(routed) => routes.insert(app.clone(), routed),
            None => routes.remove(app),
        };
        self.swap(&routes);
    }

    /// Routes all these apps at once.
    pub(super) fn route_all(&self, all: BTreeMap<AppId, Routed>) {
        let mut routes = lock(&self.routes);
        *routes = all;
        self.swap(&routes);
    }

    fn swap(&self, routes: &BTreeMap<AppId, Routed>) {
        let mut table = Table::new();
        for Routed { listen, route, app } in routes.values() {
            table.add(*listen, &route.hosts, &route.path, Arc::clone(app));
        }
        self.proxy.swap(table);
    }

    /// Another app that has this route already.
    pub(super) fn taken(&self, by: &AppId, listen: SocketAddr, route: &Route) -> Option<AppId> {
        let overlap = |other: &Route| {
            let any = other.hosts.is_empty() && route.hosts.is_empty();
            any || other.hosts.iter().any(|host| route.hosts.contains(host))
        };
        let path = |route: &Route| route.path.trim_end_matches('/').to_owned();
        let routes = lock(&self.routes);
        let taken = routes.iter().find(|(app, other)| {
            *app != by
                && other.listen == listen
                && path(&other.route) == path(route)
                && overlap(&other.route)
        });
        taken.map(|(app, _)| app.clone())
    }

    /// Accepts connections at `address`, unless it does already.
    pub(super) fn accept(&self, address: SocketAddr, socket: TcpListener) -> std::io::Result<()> {
        let mut accepting = lock(&self.accepting);
        if !accepting.contains(&address) {
            let _runtime = self.traffic.enter();
            self.proxy.listen(socket)?;
            accepting.insert(address);
        }
        Ok(())
    }

    pub(super) fn accepts(&self, address: SocketAddr) -> bool {
        lock(&self.accepting).contains(&address)
    }

    /// Where apps want to be answered.
    pub(super) fn addresses(&self) -> BTreeSet<SocketAddr> {
        lock(&self.routes).values().map(|routed| routed.listen).collect()
    }

    /// Closes what no app listens on any more.
    pub(super) fn close_unused(&self) {
        let used: BTreeSet<SocketAddr> =
            lock(&self.routes).values().map(|routed| routed.listen).collect();
        lock(&self.accepting).retain(|address| {
            let keep = used.contains(address);
            if !keep {
                self.proxy.unlisten(*address);
                self.link.unlisten(*address);
            }
            keep
        });
    }

    /// Events of `process` go to `app`.
    pub(super) fn own(&self, process: ProcessId, app: Mailbox) {
        lock(&self.owners).insert(process, app);
    }

    /// A process has ended: its app is told, once.
    pub(super) fn exited(&self, process: ProcessId, exit: Exit) {
        match lock(&self.owners).remove(&process) {
            Some(app) => app.send(Message::Exited { process: process.clone(), exit }),
            None => tracing::debug!(process = process.0, "nobody's process has ended"),
        }
        self.link.tell(Order::Forget { id: process });
    }

    /// Notes what a person should know.
    pub(super) fn problem(&self, text: String) {
        tracing::error!("{text}");
        let mut problems = lock(&self.problems);
        if !problems.contains(&text) {
            problems.push(text);
        }
    }

    pub(super) fn problems(&self) -> Vec<String> {
        lock(&self.problems).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

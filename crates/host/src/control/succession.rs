//! Handing over to a newer proxy without losing a request, and ending.
//!
//! The new proxy waits for the lock of whoever is in charge. The old one lets
//! go of its apps first (nothing is written by two), then of the lock, and
//! routes on by its last table until the new one accepts connections from the
//! same sockets. Should the new one fail, the old one takes charge again.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::app::Message;
use super::charge::Charge;
use super::link::{LinkError, News};
use super::socket::Server;
use super::take_control;
use crate::executable;
use crate::keeper::wire::Order;
use crate::protocol::{ErrorCode, Reply};

/// How long a successor may be silent before it is no longer waited for.
const SILENCE: Duration = Duration::from_secs(10);

/// How often a keeper that is busy at the moment is asked to be upgraded.
const KEEPER_ATTEMPTS: u32 = 50;
const KEEPER_PAUSE: Duration = Duration::from_millis(20);

fn refused(message: String) -> Reply {
    Reply::Error { code: ErrorCode::Daemon, message }
}

impl Charge {
    /// Begins an upgrade: a durable copy, and a proxy started from it.
    pub(super) fn upgrade(&mut self, executable: PathBuf, reply: oneshot::Sender<Reply>) {
        if self.upgrade.is_some() {
            let _ = reply.send(refused("another upgrade is under way".to_owned()));
            return;
        }
        self.upgrade = Some((reply, Instant::now() + SILENCE));
        let hub = std::sync::Arc::clone(&self.hub);
        let failed = self.upgrade_failed.clone();
        tokio::spawn(async move {
            let paths = hub.paths.clone();
            let source = executable.clone();
            let copied =
                tokio::task::spawn_blocking(move || executable::install(&paths, &source)).await;
            let outcome = match copied.map_err(std::io::Error::other).and_then(|copied| copied) {
                Ok(copy) => {
                    let asked = hub.link.ask(Order::Succeed { executable: copy }).await;
                    asked.map(drop).map_err(|error| error.to_string())
                }
                Err(error) => Err(format!("cannot copy {}: {error}", executable.display())),
            };
            if let Err(reason) = outcome {
                // Nobody listens only when the proxy ends.
                let _ = failed.send(reason);
            }
        });
    }

    /// The new proxy waits: everything is let go of as it is.
    pub(super) async fn hand_over(&mut self) {
        if self.upgrade.is_none() {
            tracing::warn!("a proxy that nobody asked for wants to take over: it may wait");
            return;
        }
        let mut frozen = Vec::new();
        for app in std::mem::take(&mut self.apps).into_values() {
            let (done, wait) = oneshot::channel();
            app.send(Message::Freeze(done));
            frozen.push(wait);
        }
        for app in frozen {
            // An app that has ended is as still as one that is frozen.
            let _ = app.await;
        }
        self.lock = None;
    }

    /// The new proxy ended before it served: this one goes on.
    pub(super) async fn successor_failed(&mut self) -> std::io::Result<()> {
        let let_go = self.lock.is_none();
        if let_go {
            self.lock = Some(take_control(&self.hub.paths).await?);
            self.take_over().await?;
        }
        self.end_upgrade(
            "the new proxy ended before it could serve (its output is in proxy.log); \
             the old one goes on"
                .to_owned(),
        );
        if let_go {
            // Its socket may be where this one's was.
            let server = Server::open(self.hub.paths.socket(), self.ask.clone())?;
            if let Some(before) = self.server.replace(server) {
                tokio::spawn(before.close());
            }
        }
        Ok(())
    }

    pub(super) fn end_upgrade(&mut self, reason: String) {
        if let Some((reply, _)) = self.upgrade.take() {
            tracing::error!("the upgrade failed: {reason}");
            let _ = reply.send(refused(reason));
        }
    }

    /// An executable that starts and says nothing is no proxy.
    pub(super) fn give_up_silent_successor(&mut self) {
        let in_charge = self.lock.is_some();
        if self.upgrade.as_ref().is_some_and(|(_, until)| *until <= Instant::now()) && in_charge {
            self.end_upgrade(format!(
                "the new proxy was not ready within {} s; the old one goes on",
                SILENCE.as_secs()
            ));
            self.hub.link.tell(Order::Dismiss);
        }
    }

    /// Another proxy serves: finish what is open, then end.
    pub(super) async fn leave(mut self) {
        tracing::info!("a newer proxy is in charge; this one finishes what it has");
        self.hub.link.let_go();
        self.hub.link.tell(Order::Leaving);
        self.hub.proxy.stop_accepting();
        if let Some((reply, _)) = self.upgrade.take() {
            let _ = reply.send(Reply::Done);
        }
        // Requests that came too late are asked again, of the new one.
        self.asked.close();
        while self.asked.try_recv().is_ok() {}
        if let Some(server) = self.server.take() {
            server.close().await;
        }
        let drained = self.hub.proxy.drained(self.drain).await;
        if drained.closed_by_deadline > 0 {
            let broken = drained.closed_by_deadline;
            tracing::warn!(broken, "requests outlasted the hand-over");
        }
    }

    /// Drains and stops everything, then both daemons end.
    pub(super) async fn stop(
        mut self,
        reply: Option<oneshot::Sender<Reply>>,
        mut news: UnboundedReceiver<News>,
    ) {
        tracing::info!("the host is stopped");
        self.hub.proxy.stop_accepting();
        let mut closed = Vec::new();
        for app in self.apps.values() {
            let (done, wait) = oneshot::channel();
            app.send(Message::Shutdown(done));
            closed.push(wait);
        }
        let hub = std::sync::Arc::clone(&self.hub);
        let wait = async {
            for app in closed {
                // An app that has ended is closed.
                let _ = app.await;
            }
        };
        let all = async { tokio::join!(wait, hub.proxy.drained(self.drain)) };
        tokio::pin!(all);
        loop {
            tokio::select! {
                _ = &mut all => break,
                Some(news) = news.recv() => self.pass_on(news),
            }
        }
        self.hub.link.end().await;
        if let Some(reply) = reply {
            let _ = reply.send(Reply::Done);
        }
        self.asked.close();
        while self.asked.try_recv().is_ok() {}
        if let Err(error) = std::fs::remove_file(self.hub.paths.socket()) {
            tracing::warn!(%error, "the socket could not be removed");
        }
        if let Some(server) = self.server.take() {
            server.close().await;
        }
    }

    /// Makes the keeper what this proxy is, if it is something else.
    pub(super) async fn renew_keeper(&self) {
        if self.hub.link.keeper().executable == self.executable {
            return self.remove_old_executables();
        }
        let mut attempts = 0;
        loop {
            let order = Order::Reexec { executable: self.executable.clone() };
            attempts += 1;
            match self.hub.link.ask(order).await {
                Ok(_) => break,
                Err(LinkError::Refused(reason)) if attempts >= KEEPER_ATTEMPTS => {
                    return self.hub.problem(format!("the keeper was not upgraded: {reason}"));
                }
                Err(LinkError::Refused(_)) => tokio::time::sleep(KEEPER_PAUSE).await,
                // It died of it: the next one is started from this executable.
                Err(LinkError::Lost) => break,
            }
        }
        match self.hub.link.list().await {
            Ok(_) => self.remove_old_executables(),
            Err(error) => self.hub.problem(format!("the upgraded keeper is silent: {error}")),
        }
    }

    fn remove_old_executables(&self) {
        let running = [self.executable.as_path()];
        match executable::remove_old(&self.hub.paths, &running) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(%error, "old executables could not be removed");
            }
            _ => {}
        }
    }
}

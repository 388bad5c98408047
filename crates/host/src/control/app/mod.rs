//! One app: an actor that owns its record and its processes, so that apps
//! never disturb one another.
//!
//! | file | what it is about |
//! |---|---|
//! | `apply`, `shift` | a new desired state: refused, or durable and then routed |
//! | `supervise` | processes: started, checked, restarted, stopped |
//! | `lease` | nobody judges any more; probes while somebody does |
//! | `takeover` | beginning from a record and from what runs |
//! | `version`, `replica` | where a version and its processes stand |
//! | `health`, `memory`, `logs` | watching a process, and what it writes |

mod apply;
mod health;
mod lease;
mod logs;
mod memory;
mod port;
mod replica;
mod shift;
mod supervise;
mod takeover;
mod version;

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::hub::{Hub, Routed};
use super::record::Record;
use crate::keeper::wire::{Exit, Process, ProcessId};
use crate::protocol::{AppId, Apply, ErrorCode, Observed, Reply, VersionId};
use crate::proxy;
pub(super) use apply::check_name;
use health::Trouble;
use lease::Probing;
pub(super) use logs::{bound_logs, log_path};
pub(super) use replica::Tag;
pub(super) use takeover::rebuilt;
use version::Version;

/// However quiet it is, an app looks again after this time.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// Where an app is written to. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Mailbox(UnboundedSender<Message>);

impl Mailbox {
    /// Delivers a message; an app that has ended needs none.
    pub(super) fn send(&self, message: Message) {
        let _ = self.0.send(message);
    }
}

/// What an app is told.
#[derive(Debug)]
pub(super) enum Message {
    Apply(Box<Apply>, oneshot::Sender<Reply>),
    Observe {
        renew: bool,
        reply: oneshot::Sender<Observed>,
    },
    Spawned {
        process: ProcessId,
        outcome: Result<Spawned, String>,
    },
    Exited {
        process: ProcessId,
        exit: Exit,
    },
    Checked {
        process: ProcessId,
        outcome: Result<(), Trouble>,
    },
    OverMemory {
        process: ProcessId,
        used: u64,
    },
    Drained(VersionId),
    /// There is a new keeper, and this is what it found.
    Renewed(Arc<Vec<Process>>),
    /// Let go of everything as it is: another proxy takes over.
    Freeze(oneshot::Sender<()>),
    /// Drain and stop everything.
    Shutdown(oneshot::Sender<()>),
}

/// A process that was started.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spawned {
    pid: u32,
    memory_enforced: bool,
}

/// A request that is refused.
#[derive(Debug)]
struct Refusal {
    code: ErrorCode,
    message: String,
}

/// One app.
#[derive(Debug)]
pub(super) struct App {
    hub: Arc<Hub>,
    mailbox: Mailbox,
    record: Record,
    /// Those desired, and those on their way out.
    versions: IndexMap<VersionId, Version>,
    probing: Probing,
    /// Told when nothing is left.
    closing: Option<oneshot::Sender<()>>,
}

impl App {
    /// The app of a record with the processes it has. Nothing is done yet.
    pub(super) fn new(
        hub: &Arc<Hub>,
        record: Record,
        processes: &[(Process, Tag)],
    ) -> (Self, UnboundedReceiver<Message>) {
        let (sender, messages) = unbounded_channel();
        let mut app = Self {
            hub: Arc::clone(hub),
            mailbox: Mailbox(sender),
            record,
            versions: IndexMap::new(),
            probing: Probing::default(),
            closing: None,
        };
        app.take_over(processes);
        (app, messages)
    }

    pub(super) const fn id(&self) -> &AppId {
        &self.record.app
    }

    /// How long the requests of any of its versions may take to finish.
    pub(super) fn longest_drain(&self) -> Duration {
        let drains = self.versions.values().map(|version| version.spec.drain_ms);
        Duration::from_millis(drains.max().unwrap_or_default())
    }

    pub(super) fn mailbox(&self) -> Mailbox {
        self.mailbox.clone()
    }

    /// Lives until it is told to freeze or has shut down.
    pub(super) async fn run(mut self, mut messages: UnboundedReceiver<Message>) {
        loop {
            let now = Instant::now();
            self.watch_lease().await;
            self.supervise(now);
            if self.versions.is_empty()
                && let Some(closing) = self.closing.take()
            {
                // Whoever asked waits, unless the proxy ends at once.
                let _ = closing.send(());
                return;
            }
            let until = self.next_look(now);
            tokio::select! {
                message = messages.recv() => match message {
                    Some(Message::Freeze(frozen)) => {
                        drop(self);
                        let _ = frozen.send(());
                        return;
                    }
                    Some(message) => self.handle(message).await,
                    None => return,
                },
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }

    async fn handle(&mut self, message: Message) {
        let now = Instant::now();
        match message {
            Message::Apply(apply, reply) => {
                // Whoever asked may have gone: it is done all the same.
                let _ = reply.send(self.apply(*apply).await);
            }
            Message::Observe { renew, reply } => {
                if renew {
                    self.renew_lease().await;
                }
                let _ = reply.send(self.observed());
            }
            Message::Spawned { process, outcome } => self.spawned(&process, outcome, now),
            Message::Exited { process, exit } => self.exited(&process, exit, now),
            Message::Checked { process, outcome } => self.checked(&process, outcome, now),
            Message::OverMemory { process, used } => self.over_memory(&process, used),
            Message::Drained(version) => self.drained(&version, now),
            Message::Renewed(processes) => self.renewed(&processes, now),
            Message::Shutdown(closing) => {
                self.closing = Some(closing);
                self.hub.route(&self.record.app, None);
                for id in self.versions.keys().cloned().collect::<Vec<_>>() {
                    self.let_go(&id);
                }
            }
            Message::Freeze(_) => {}
        }
    }

    /// What is there.
    pub(super) fn observed(&self) -> Observed {
        let versions = self.versions.iter();
        Observed {
            app: self.record.app.clone(),
            generation: self.record.generation,
            effect: self.record.effect.clone(),
            listening: self.routed_at(),
            versions: versions.map(|(id, version)| (id.clone(), version.observed())).collect(),
            split: self.record.split.clone(),
            fell_back: self.record.fell_back,
        }
    }

    fn routed_at(&self) -> Option<std::net::SocketAddr> {
        self.record.desired.route.as_ref().and(self.record.listening)
    }

    /// How the traffic of this app is to go.
    pub(super) fn routed(&self) -> Result<Option<Routed>, proxy::BadSplit> {
        let (Some(route), Some(listen)) = (&self.record.desired.route, self.record.listening)
        else {
            return Ok(None);
        };
        let versions = self.versions.iter().filter(|(_, version)| !version.is_leaving());
        let backends =
            versions.map(|(id, version)| (id.clone(), Arc::clone(&version.backend))).collect();
        let app = proxy::App::new(self.record.app.clone(), backends, &self.record.split, true)?;
        Ok(Some(Routed { listen, route: route.clone(), app }))
    }

    /// When something is due, should nobody write before.
    fn next_look(&self, now: Instant) -> Instant {
        let due = self.versions.values().filter_map(Version::next_look).min();
        let all = [due, self.lease_look(now), Some(now + LOOK_AGAIN)];
        all.into_iter().flatten().min().unwrap_or(now)
    }
}

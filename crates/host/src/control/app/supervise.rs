//! Processes: started, checked, restarted, stopped.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::health::{self, Trouble};
use super::logs::{self, log_path};
use super::memory;
use super::port::free_port;
use super::replica::{Replica, Running, Stage, Tag, Watcher, describe};
use super::version::{Phase, Version};
use super::{App, Mailbox, Message, Spawned};
use crate::boot_clock;
use crate::keeper::wire::{Answer, Exit, Order, Process, ProcessId, ProcessSpec};
use crate::protocol::{VersionId, VersionSpec};

impl App {
    /// Does what the moment asks for: starts what waits, kills what does not
    /// end, gives up what never becomes well, lets go of what has ended.
    pub(super) fn supervise(&mut self, now: Instant) {
        for id in self.versions.keys().cloned().collect::<Vec<_>>() {
            let Some(version) = self.versions.get_mut(&id) else { continue };
            version.judge(now);
            let wanted = match version.phase {
                Phase::Starting { .. } | Phase::Up => version.spec.replicas,
                Phase::Draining { .. } => u16::MAX,
                Phase::Failed { .. } | Phase::Stopping => 0,
            };
            self.stop_above(&id, wanted, now);
            self.kill_overdue(&id, now);
            let Some(version) = self.versions.get_mut(&id) else { continue };
            if matches!(version.phase, Phase::Starting { .. } | Phase::Up) {
                complete(version, now);
                self.start_waiting(&id, now);
            } else if matches!(version.phase, Phase::Stopping)
                && version.replicas.iter().all(|replica| matches!(replica.stage, Stage::Ended))
            {
                self.versions.shift_remove(&id);
                self.remove_old_logs();
            }
        }
    }

    fn remove_old_logs(&self) {
        let there = |id: &VersionId| self.versions.contains_key(id);
        if let Err(error) = logs::remove_old(&self.hub.paths, &self.record.app, there) {
            tracing::warn!(app = self.record.app.0, %error, "old logs could not be removed");
        }
    }

    /// Stops the processes that are too many.
    fn stop_above(&mut self, id: &VersionId, wanted: u16, now: Instant) {
        let Some(version) = self.versions.get_mut(id) else { return };
        let grace = Duration::from_millis(version.spec.stop_grace_ms);
        let mut changed = false;
        for replica in version.replicas.iter_mut().filter(|replica| replica.nr >= wanted) {
            replica.stage = match std::mem::replace(&mut replica.stage, Stage::Ended) {
                Stage::Running(Running { process, .. }) => {
                    changed = true;
                    let signal = version.spec.stop_signal.clone();
                    self.hub.link.tell(Order::Signal { id: process.clone(), signal });
                    Stage::Stopping { process, kill_at: Some(now + grace) }
                }
                Stage::Spawning { process, .. } => Stage::Stopping { process, kill_at: Some(now) },
                stopping @ Stage::Stopping { .. } => stopping,
                Stage::Waiting { .. } | Stage::Ended => Stage::Ended,
            };
        }
        if changed {
            version.publish();
        }
    }

    fn kill_overdue(&mut self, id: &VersionId, now: Instant) {
        let Some(version) = self.versions.get_mut(id) else { return };
        for replica in &mut version.replicas {
            if let Stage::Stopping { process, kill_at } = &mut replica.stage
                && kill_at.is_some_and(|at| at <= now)
            {
                self.hub.link.tell(Order::Kill { id: process.clone() });
                *kill_at = None;
            }
        }
    }

    fn start_waiting(&mut self, id: &VersionId, now: Instant) {
        let Some(version) = self.versions.get_mut(id) else { return };
        let mut used: BTreeSet<u16> =
            version.replicas.iter().filter_map(Replica::healthy_port).collect();
        for replica in &mut version.replicas {
            let Stage::Waiting { until } = replica.stage else { continue };
            if until > now {
                continue;
            }
            let port = match version.spec.listens.then(|| free_port(&used)) {
                None => 0,
                Some(Ok(port)) => port,
                Some(Err(error)) => {
                    replica.crashed(format!("no free port for it: {error}"), now);
                    continue;
                }
            };
            used.insert(port);
            let process = new_process_id();
            let tag = Tag {
                app: self.record.app.clone(),
                generation: self.record.generation,
                route: self.record.desired.route.clone(),
                listening: self.record.listening,
                version: id.clone(),
                spec: version.spec.clone(),
                since_ms: version.since_ms,
                replica: replica.nr,
                port,
            };
            self.hub.own(process.clone(), self.mailbox.clone());
            let log = log_path(&self.hub.paths, &self.record.app, id);
            spawn(&self.hub.link, process.clone(), tag, log, self.mailbox.clone());
            replica.stage = Stage::Spawning { process, port };
        }
    }

    /// The keeper started a process, or could not.
    pub(super) fn spawned(
        &mut self,
        process: &ProcessId,
        outcome: Result<Spawned, String>,
        now: Instant,
    ) {
        let mailbox = self.mailbox.clone();
        let Some((version, replica)) = find(&mut self.versions, process) else { return };
        let version = &mut self.versions[version];
        let slot = &mut version.replicas[replica];
        match (&slot.stage, outcome) {
            (Stage::Spawning { port, .. }, Ok(spawned)) => {
                let running = Running {
                    process: process.clone(),
                    port: *port,
                    well_since: None,
                    failures: 0,
                    over: None,
                    _watchers: watchers(process, *port, spawned, &version.spec, &mailbox),
                };
                slot.stage = Stage::Running(running);
            }
            (Stage::Spawning { .. }, Err(reason)) => {
                slot.crashed(format!("could not be started: {reason}"), now);
                version.count_crash(&format!("could not be started: {reason}"));
            }
            (Stage::Stopping { .. }, Err(_)) => slot.stage = Stage::Ended,
            _ => {}
        }
    }

    /// A process and everything it started is gone.
    pub(super) fn exited(&mut self, process: &ProcessId, exit: Exit, now: Instant) {
        let Some((version, replica)) = find(&mut self.versions, process) else { return };
        let version = &mut self.versions[version];
        let slot = &mut version.replicas[replica];
        let over = match &slot.stage {
            Stage::Stopping { .. } => {
                slot.stage = match version.phase {
                    // It was one too many, or the version is wanted again.
                    Phase::Starting { .. } | Phase::Up if slot.nr < version.spec.replicas => {
                        Stage::Waiting { until: now }
                    }
                    _ => Stage::Ended,
                };
                return;
            }
            Stage::Running(running) => running.over,
            _ => None,
        };
        let how = describe(exit, over, version.spec.memory_max);
        tracing::info!(
            app = self.record.app.0,
            version = version.backend.version().0,
            replica = slot.nr,
            "a process {how}"
        );
        slot.crashed(how.clone(), now);
        if matches!(version.phase, Phase::Draining { .. } | Phase::Stopping) {
            slot.stage = Stage::Ended;
        } else {
            version.restarts = version.restarts.saturating_add(1);
            version.count_crash(&how);
        }
        version.publish();
    }

    /// A check was answered.
    pub(super) fn checked(
        &mut self,
        process: &ProcessId,
        outcome: Result<(), Trouble>,
        now: Instant,
    ) {
        let Some((version, replica)) = find(&mut self.versions, process) else { return };
        let version = &mut self.versions[version];
        let retries = version.spec.health.retries;
        if version.replicas[replica].checked(outcome, retries, now) {
            version.publish();
        }
    }

    /// A process uses more memory than it may, and nobody else limits it.
    pub(super) fn over_memory(&mut self, process: &ProcessId, used: u64) {
        let Some((version, replica)) = find(&mut self.versions, process) else { return };
        if let Stage::Running(running) = &mut self.versions[version].replicas[replica].stage {
            running.over = Some(used);
            self.hub.link.tell(Order::Kill { id: process.clone() });
        }
    }

    /// A version gets nothing new: it finishes what it has, then ends.
    pub(super) fn let_go(&mut self, id: &VersionId) {
        let Some(version) = self.versions.get_mut(id) else { return };
        if version.is_leaving() {
            return;
        }
        let within = Duration::from_millis(version.spec.drain_ms);
        let backend = std::sync::Arc::clone(&version.backend);
        let mut accompanied = self.hub.accompanied.subscribe();
        let (mailbox, id) = (self.mailbox.clone(), id.clone());
        let drain = async move {
            // The proxy before this one may have requests of it too.
            let alone = async {
                // Late is as good as never: then the time is over too.
                let alone = accompanied.wait_for(|other| !other);
                drop(tokio::time::timeout(within, alone).await);
            };
            let (drained, ()) = tokio::join!(backend.drain(within), alone);
            if drained.closed_by_deadline > 0 {
                let broken = drained.closed_by_deadline;
                tracing::warn!(version = id.0, broken, "requests outlasted the drain");
            }
            mailbox.send(Message::Drained(id));
        };
        version.phase = Phase::Draining { _drain: Watcher::on(&self.hub.traffic, drain) };
    }

    pub(super) fn drained(&mut self, id: &VersionId, now: Instant) {
        if let Some(version) = self.versions.get_mut(id)
            && matches!(version.phase, Phase::Draining { .. })
        {
            version.phase = Phase::Stopping;
            self.stop_above(&id.clone(), 0, now);
        }
    }

    /// There is a new keeper: what it does not know has ended, and what this
    /// app does not know was started in vain.
    pub(super) fn renewed(&mut self, processes: &[Process], now: Instant) {
        let known: Vec<ProcessId> = self
            .versions
            .values()
            .flat_map(|version| version.replicas.iter().filter_map(Replica::process))
            .cloned()
            .collect();
        for id in &known {
            match processes.iter().find(|process| process.id == *id) {
                None => self.exited(id, Exit::Unknown, now),
                Some(Process { exit: Some(exit), .. }) => self.hub.exited(id.clone(), *exit),
                Some(process) => {
                    let (pid, memory_enforced) = (process.pid, process.memory_enforced);
                    self.spawned(id, Ok(Spawned { pid, memory_enforced }), now);
                }
            }
        }
        for process in processes {
            let ours = serde_json::from_value::<Tag>(process.tag.clone())
                .is_ok_and(|tag| tag.app == self.record.app);
            if ours && process.exit.is_none() && !known.contains(&process.id) {
                self.hub.link.tell(Order::Kill { id: process.id.clone() });
            }
        }
    }
}

/// As many processes as the version shall have.
fn complete(version: &mut Version, now: Instant) {
    for nr in 0..version.spec.replicas {
        match version.replicas.iter_mut().find(|replica| replica.nr == nr) {
            None => version.replicas.push(Replica::new(nr, now)),
            Some(replica) if matches!(replica.stage, Stage::Ended) => {
                *replica = Replica::new(nr, now);
            }
            Some(_) => {}
        }
    }
    let wanted = version.spec.replicas;
    version
        .replicas
        .retain(|replica| replica.nr < wanted || !matches!(replica.stage, Stage::Ended));
}

fn find(
    versions: &mut indexmap::IndexMap<VersionId, Version>,
    process: &ProcessId,
) -> Option<(usize, usize)> {
    versions.values().enumerate().find_map(|(index, version)| {
        let mut replicas = version.replicas.iter();
        replicas
            .position(|replica| replica.process() == Some(process))
            .map(|replica| (index, replica))
    })
}

/// What watches a process that is there.
pub(super) fn watchers(
    process: &ProcessId,
    port: u16,
    spawned: Spawned,
    spec: &VersionSpec,
    app: &Mailbox,
) -> Vec<Watcher> {
    let health = spec.health.clone();
    let health = match spec.listens {
        true => Watcher::of(health::watch(process.clone(), port, health, app.clone())),
        false => Watcher::of(health::watch_life(process.clone(), health, app.clone())),
    };
    let memory = spec
        .memory_max
        .filter(|_| !spawned.memory_enforced)
        .map(|max| Watcher::of(memory::watch(process.clone(), spawned.pid, max, app.clone())));
    std::iter::once(health).chain(memory).collect()
}

/// Has the keeper start a process, and tells the app how that went.
fn spawn(
    link: &crate::control::link::Link,
    process: ProcessId,
    tag: Tag,
    log: std::path::PathBuf,
    app: Mailbox,
) {
    let link = link.clone();
    tokio::spawn(async move {
        let outcome = async {
            let spec = process_spec(tag, log)?;
            let order = Order::Spawn { id: process.clone(), spec: Box::new(spec) };
            match link.ask(order).await {
                Ok(Answer::Spawned { pid, memory_enforced }) => {
                    Ok(Spawned { pid, memory_enforced })
                }
                Ok(_) => Err("the keeper answered something else".to_owned()),
                Err(error) => Err(error.to_string()),
            }
        };
        let outcome = outcome.await;
        app.send(Message::Spawned { process, outcome });
    });
}

fn process_spec(tag: Tag, log: std::path::PathBuf) -> Result<ProcessSpec, String> {
    let spec = &tag.spec;
    let mut env = spec.env.clone();
    if spec.listens {
        env.insert("PORT".to_owned(), tag.port.to_string());
    }
    Ok(ProcessSpec {
        dir: spec.dir.clone(),
        command: vec!["/bin/sh".to_owned(), "-c".to_owned(), format!("exec {}", spec.run)],
        env,
        log,
        memory_max: spec.memory_max,
        cpu_milli: spec.cpu_milli,
        tag: serde_json::to_value(&tag).map_err(|error| error.to_string())?,
    })
}

/// Never used twice while the machine is up.
fn new_process_id() -> ProcessId {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    ProcessId(format!("{:x}-{:x}-{count:x}", boot_clock::now_ms(), std::process::id()))
}

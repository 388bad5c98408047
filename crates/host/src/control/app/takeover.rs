//! Beginning from a record and from what runs.

use tokio::time::Instant;

use super::replica::{Replica, Running, Stage, Tag};
use super::supervise::watchers;
use super::version::{Phase, Version};
use super::{App, Spawned};
use crate::control::record::Record;
use crate::keeper::wire::{Order, Process};
use crate::protocol::{AppId, Split};

impl App {
    /// Takes over the processes that run. One of a version that had traffic
    /// counts as healthy until a check says otherwise: a new proxy is no
    /// reason to refuse a request.
    pub(super) fn take_over(&mut self, processes: &[(Process, Tag)]) {
        let now = Instant::now();
        let wanted: Vec<_> = self.record.desired.versions.clone().into_iter().collect();
        for (id, spec) in wanted {
            let ours = processes.iter().filter(|(_, tag)| tag.version == id);
            let since = ours.map(|(_, tag)| tag.since_ms).min();
            let since = since.unwrap_or_else(crate::boot_clock::now_ms);
            let trusted = self.record.trusts(&id);
            self.versions.insert(id.clone(), Version::new(id, spec, since, trusted, now));
        }
        for (process, tag) in processes {
            self.adopt(process, tag, now);
        }
        for version in self.versions.values() {
            version.publish();
        }
        let unnamed: Vec<_> =
            self.versions.keys().filter(|id| self.record.spec(id).is_none()).cloned().collect();
        for id in unnamed {
            self.let_go(&id);
        }
    }

    fn adopt(&mut self, process: &Process, tag: &Tag, now: Instant) {
        let mailbox = self.mailbox.clone();
        let version = self.versions.entry(tag.version.clone()).or_insert_with(|| {
            Version::new(tag.version.clone(), tag.spec.clone(), tag.since_ms, true, now)
        });
        if version.replicas.iter().any(|replica| replica.nr == tag.replica) {
            // Two for one place: one was started in vain.
            self.hub.link.tell(Order::Kill { id: process.id.clone() });
            return;
        }
        self.hub.own(process.id.clone(), mailbox.clone());
        let (pid, memory_enforced) = (process.pid, process.memory_enforced);
        let spawned = Spawned { pid, memory_enforced };
        let trusted = matches!(version.phase, Phase::Up);
        let running = Running {
            process: process.id.clone(),
            port: tag.port,
            well_since: trusted.then_some(now),
            failures: 0,
            over: None,
            _watchers: watchers(&process.id, tag.port, spawned, &version.spec, &mailbox),
        };
        let mut replica = Replica::new(tag.replica, now);
        replica.stage = Stage::Running(running);
        version.replicas.push(replica);
    }
}

/// The record of an app whose own is lost, from what runs. Of several
/// versions the oldest gets all the traffic: it is the one that was there
/// before anybody began to change it.
pub(in crate::control) fn rebuilt(app: AppId, processes: &[(Process, Tag)]) -> Record {
    let mut record = Record::empty(app);
    let mut tags: Vec<&Tag> = processes.iter().map(|(_, tag)| tag).collect();
    tags.sort_by_key(|tag| (tag.since_ms, tag.generation));
    for tag in &tags {
        record.desired.versions.entry(tag.version.clone()).or_insert_with(|| tag.spec.clone());
    }
    if let Some(newest) = tags.iter().max_by_key(|tag| tag.generation) {
        record.generation = newest.generation;
        record.desired.route.clone_from(&newest.route);
        record.listening = newest.listening;
    }
    if let Some(oldest) = tags.first() {
        let weights = std::iter::once((oldest.version.clone(), 100)).collect();
        record.split = Split { weights, ..Split::default() };
        record.desired.split.clone_from(&record.split);
    }
    record
}

//! The releases: started, signalled, waited for, and recorded one file each,
//! so that the next keeper finds them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use shipway_process::{AdoptError, Command, Contained, Lifetime, Limits, Record, signal_named};
use tokio::sync::mpsc::UnboundedSender;

use super::dispatch::Event;
use super::wire::{Exit, Process, ProcessId, ProcessSpec};
use crate::files;
use crate::log_file;
use crate::paths::HostPaths;

/// A process as it stands in its file.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    id: ProcessId,
    tag: serde_json::Value,
    memory_enforced: bool,
    stage: Stage,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum Stage {
    /// About to be started: if this is all that is known, somebody died here.
    Intended,
    Running {
        record: Record,
    },
    Ended {
        pid: u32,
        exit: Exit,
    },
}

/// Every process that was started and not yet forgotten.
#[derive(Debug)]
pub(super) struct Processes {
    dir: PathBuf,
    /// Begins the names of all containments of this host.
    prefix: String,
    entries: BTreeMap<ProcessId, Entry>,
    events: UnboundedSender<Event>,
}

impl Processes {
    /// Takes over what an earlier keeper recorded, and says what it could not.
    pub(super) fn take_over(
        paths: &HostPaths,
        events: UnboundedSender<Event>,
    ) -> io::Result<(Self, Vec<String>)> {
        let dir = paths.processes();
        files::create_private_dir(&dir)?;
        let prefix = paths.containment_prefix();
        let mut processes = Self { dir, prefix, entries: BTreeMap::new(), events };
        let mut problems = Vec::new();
        for file in fs::read_dir(&processes.dir)? {
            let path = file?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let read = fs::read(&path).and_then(|bytes| Ok(serde_json::from_slice(&bytes)?));
            match read {
                Ok(entry) => processes.adopt(entry),
                Err(error) => {
                    let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                    problems.push(format!(
                        "{} cannot be read ({error}): the process is ended and started anew",
                        path.display()
                    ));
                    processes.end_leftovers(ProcessId(id));
                }
            }
        }
        Ok((processes, problems))
    }

    fn adopt(&mut self, mut entry: Entry) {
        let id = entry.id.clone();
        match &entry.stage {
            Stage::Intended => return self.end_leftovers(id),
            Stage::Ended { .. } => {}
            Stage::Running { record } => match Contained::adopt(record.clone()) {
                Ok(process) => self.watch(id.clone(), process),
                Err(AdoptError::Gone { pid }) => {
                    let record = record.clone();
                    entry.stage = Stage::Ended { pid, exit: Exit::Unknown };
                    // What it started may be left.
                    tokio::spawn(async move {
                        if let Err(error) = record.kill_all().await {
                            tracing::error!(%error, "something of an ended release is left");
                        }
                    });
                }
                Err(error @ AdoptError::Io { pid, .. }) => {
                    tracing::error!(%error, id = id.0, "a release cannot be adopted");
                    entry.stage = Stage::Ended { pid, exit: Exit::Unknown };
                }
            },
        }
        self.entries.insert(id, entry);
    }

    /// Ends what may run of a process of which only the name is known.
    fn end_leftovers(&self, id: ProcessId) {
        let name = self.containment(&id);
        let path = self.file(&id);
        tokio::spawn(async move {
            match shipway_process::kill_leftovers(&name).await {
                Ok(_) => remove(&path),
                Err(error) => tracing::error!(%error, name, "something of a release is left"),
            }
        });
    }

    /// Starts a process; its output goes to its log from the first byte.
    pub(super) fn spawn(&mut self, id: ProcessId, spec: ProcessSpec) -> Result<Process, String> {
        if !is_file_name(&id.0) || self.entries.contains_key(&id) {
            return Err(format!("`{}` cannot name a new process", id.0));
        }
        let log = log_file::open(&spec.log)
            .and_then(|log| Ok((log.try_clone()?, log)))
            .map_err(|error| format!("cannot open {}: {error}", spec.log.display()))?;
        let stage = Stage::Intended;
        let mut entry = Entry { id: id.clone(), tag: spec.tag, memory_enforced: false, stage };
        self.write(&entry).map_err(|error| format!("cannot record the process: {error}"))?;
        let (program, args) = spec.command.split_first().ok_or("there is no command to run")?;
        let limits = Limits { memory_max: spec.memory_max, cpu_milli: spec.cpu_milli, pids: None };
        let spawned = Command::new(self.containment(&id), program)
            .args(args)
            .dir(&spec.dir)
            .envs(&spec.env)
            .stdout(log.0)
            .stderr(log.1)
            .limits(limits)
            .lifetime(Lifetime::OnItsOwn)
            .spawn();
        let process = match spawned {
            Ok(process) => process,
            Err(error) => {
                remove(&self.file(&id));
                return Err(error.to_string());
            }
        };
        entry.memory_enforced = process.enforced().memory;
        entry.stage = Stage::Running { record: process.record().clone() };
        if let Err(error) = self.write(&entry) {
            // The next keeper would end it: it knows of the intent only.
            tracing::error!(%error, id = id.0, "a running release could not be recorded");
        }
        self.watch(id.clone(), process);
        let listed = entry.listed();
        self.entries.insert(id, entry);
        Ok(listed)
    }

    /// Waits for a process, then ends what it started, then tells.
    fn watch(&self, id: ProcessId, mut process: Contained) {
        let events = self.events.clone();
        tokio::spawn(async move {
            let exit = match process.wait().await {
                Ok(exit) => exit.into(),
                Err(error) => {
                    tracing::error!(%error, id = id.0, "cannot wait for a release");
                    Exit::Unknown
                }
            };
            if let Err(error) = process.kill_all().await {
                tracing::error!(%error, id = id.0, "something of an ended release is left");
            }
            // Nobody listens only when the keeper ends.
            let _ = events.send(Event::Ended(id, exit));
        });
    }

    /// Notes that a process ended.
    pub(super) fn ended(&mut self, id: &ProcessId, exit: Exit) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        let pid = entry.listed().pid;
        entry.stage = Stage::Ended { pid, exit };
        let entry = entry.clone();
        if let Err(error) = self.write(&entry) {
            tracing::error!(%error, id = id.0, "an ended release could not be recorded");
        }
    }

    /// Sends a signal to a process and everything it started.
    pub(super) fn signal(&self, id: &ProcessId, name: &str) -> Result<(), String> {
        let signal = signal_named(name).ok_or_else(|| format!("`{name}` is no signal"))?;
        match self.entries.get(id).map(|entry| &entry.stage) {
            Some(Stage::Running { record }) => {
                record.signal(signal).map_err(|error| error.to_string())
            }
            Some(_) => Ok(()),
            None => Err(format!("there is no process `{}`", id.0)),
        }
    }

    /// Ends a process and everything it started; whoever waits for it tells.
    pub(super) fn kill(&self, id: &ProcessId) {
        let Some(Stage::Running { record }) = self.entries.get(id).map(|entry| &entry.stage) else {
            return;
        };
        let record = record.clone();
        tokio::spawn(async move {
            if let Err(error) = record.kill_all().await {
                tracing::error!(%error, "a release survives");
            }
        });
    }

    /// Kills everything that runs and waits for it.
    pub(super) async fn kill_all(&mut self) {
        for entry in std::mem::take(&mut self.entries).into_values() {
            if let Stage::Running { record } = &entry.stage
                && let Err(error) = record.kill_all().await
            {
                tracing::error!(%error, id = entry.id.0, "a release survives");
                continue;
            }
            remove(&self.file(&entry.id));
        }
    }

    /// Lets go of a process that has ended.
    pub(super) fn forget(&mut self, id: &ProcessId) -> Result<(), String> {
        match self.entries.get(id).map(|entry| &entry.stage) {
            Some(Stage::Ended { .. }) => {
                self.entries.remove(id);
                remove(&self.file(id));
                Ok(())
            }
            Some(_) => Err(format!("`{}` still runs", id.0)),
            None => Ok(()),
        }
    }

    pub(super) fn list(&self) -> Vec<Process> {
        self.entries.values().map(Entry::listed).collect()
    }

    fn write(&self, entry: &Entry) -> io::Result<()> {
        // Not synced: after a reboot no process of before is left.
        files::write_atomically(&self.file(&entry.id), &serde_json::to_vec(entry)?)
    }

    fn file(&self, id: &ProcessId) -> PathBuf {
        self.dir.join(format!("{}.json", id.0))
    }

    fn containment(&self, id: &ProcessId) -> String {
        format!("{}-{}", self.prefix, id.0)
    }
}

impl Entry {
    fn listed(&self) -> Process {
        let (pid, exit) = match &self.stage {
            Stage::Intended => (0, None),
            Stage::Running { record } => (record.process.pid, None),
            Stage::Ended { pid, exit } => (*pid, Some(*exit)),
        };
        let (id, tag) = (self.id.clone(), self.tag.clone());
        Process { id, pid, memory_enforced: self.memory_enforced, tag, exit }
    }
}

fn is_file_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 100
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn remove(path: &std::path::Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::error!(%error, path = %path.display(), "cannot remove a process's record");
    }
}

//! One loop that owns the keeper's state and does what it is asked.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::ops::ControlFlow;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::processes::Processes;
use super::proxies::{Proxies, ProxyNr, Role};
use super::reexec;
use super::wire::{Answer, Ask, Exit, Order, ProcessId, Say, VERSION, Welcome};
use crate::boot_clock;
use crate::paths::HostPaths;

/// Connections that the kernel keeps while a proxy is being replaced.
const BACKLOG: i32 = 4096;

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    // listen(2) again only changes the length of the queue.
    rustix::net::listen(&listener, BACKLOG)?;
    Ok(listener)
}

/// What happens to a keeper.
#[derive(Debug)]
pub(super) enum Event {
    /// A proxy wants something.
    Asked(ProxyNr, Ask, Vec<OwnedFd>),
    /// A proxy's connection has ended, and so has it.
    Hung(ProxyNr),
    /// A release and everything it started is gone.
    Ended(ProcessId, Exit),
    /// It is time to start a proxy again.
    StartProxy,
    /// Somebody asked this process to end.
    Terminate,
}

/// Everything the keeper holds.
#[derive(Debug)]
pub(super) struct Keeper {
    pub(super) paths: HostPaths,
    pub(super) lock: File,
    pub(super) started_ms: u64,
    /// What a proxy is started from.
    pub(super) executable: PathBuf,
    pub(super) listeners: BTreeMap<SocketAddr, TcpListener>,
    pub(super) processes: Processes,
    pub(super) proxies: Proxies,
    problems: Vec<String>,
    events: UnboundedSender<Event>,
}

impl Keeper {
    /// The keeper with what an earlier one recorded, but no proxy yet.
    pub(super) fn new(
        paths: HostPaths,
        lock: File,
        executable: PathBuf,
    ) -> io::Result<(Self, UnboundedReceiver<Event>)> {
        let (events, happening) = unbounded_channel();
        let (processes, problems) = Processes::take_over(&paths, events.clone())?;
        for problem in &problems {
            tracing::error!("{problem}");
        }
        let terminated = events.clone();
        let mut signals = signal(SignalKind::terminate())?;
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                // Nobody listens only when the keeper ends anyway.
                let _ = terminated.send(Event::Terminate);
            }
        });
        let keeper = Self {
            paths,
            lock,
            started_ms: boot_clock::now_ms(),
            executable,
            listeners: BTreeMap::new(),
            processes,
            proxies: Proxies::new(events.clone()),
            problems,
            events,
        };
        Ok((keeper, happening))
    }

    /// A keeper with a proxy: the one that started it, at the other end of
    /// standard input, or one that it starts.
    pub(super) fn begin(
        paths: HostPaths,
        lock: File,
        channel: bool,
    ) -> io::Result<(Self, UnboundedReceiver<Event>)> {
        let (mut keeper, events) = Self::new(paths, lock, std::env::current_exe()?)?;
        if channel {
            let stream = UnixStream::from(reexec::take_stdin()?);
            keeper.proxies.attach(stream, Role::Serving, None)?;
        } else {
            keeper.proxies.start(&keeper.paths, &keeper.executable)?;
        }
        Ok((keeper, events))
    }

    /// Does what it is asked until it is asked to end.
    pub(super) async fn run(mut self, mut events: UnboundedReceiver<Event>) -> io::Result<()> {
        tracing::info!(build = crate::BUILD, pid = std::process::id(), "the keeper runs");
        while let Some(event) = events.recv().await {
            if self.handle(event).await.is_break() {
                break;
            }
        }
        Ok(())
    }

    async fn handle(&mut self, event: Event) -> ControlFlow<()> {
        match event {
            Event::Asked(nr, ask, fds) => return self.asked(nr, ask, fds).await,
            Event::Hung(nr) => self.hung(nr),
            Event::Ended(id, exit) => {
                self.processes.ended(&id, exit);
                self.proxies.say_to_all(&Say::Exited { id, exit });
            }
            Event::StartProxy if self.proxies.has_heir() => {}
            Event::StartProxy => {
                if let Err(error) = self.proxies.start(&self.paths, &self.executable) {
                    tracing::error!(%error, "cannot start a proxy");
                    self.start_proxy_later();
                }
            }
            Event::Terminate => self.pass_on_termination(),
        }
        ControlFlow::Continue(())
    }

    async fn asked(&mut self, nr: ProxyNr, ask: Ask, fds: Vec<OwnedFd>) -> ControlFlow<()> {
        let Ask { nr: number, order } = ask;
        let answered = match order {
            Order::End => {
                self.processes.kill_all().await;
                if let Err(error) = super::note_end(&self.lock) {
                    tracing::error!(%error, "a keeper that stands by will start");
                }
                tracing::info!("the keeper ends, as it was asked");
                return ControlFlow::Break(());
            }
            Order::Reexec { executable } => {
                // Returns only when the new executable cannot be run.
                match reexec::reexec(self, &executable, nr, number).await {
                    Ok(never) => match never {},
                    Err(error) => Err(format!("cannot become {}: {error}", executable.display())),
                }
            }
            order => self.obey(nr, order, fds),
        };
        let (answer, fds) = match answered {
            Ok(answer) => answer,
            Err(reason) => (Answer::Refused { reason }, Vec::new()),
        };
        self.proxies.say(nr, Say::Answer { nr: number, answer }, fds);
        ControlFlow::Continue(())
    }

    fn obey(
        &mut self,
        nr: ProxyNr,
        order: Order,
        fds: Vec<OwnedFd>,
    ) -> Result<(Answer, Vec<OwnedFd>), String> {
        let text = |error: io::Error| error.to_string();
        match order {
            Order::Greet { version, build, pid } => return self.greet(nr, version, &build, pid),
            Order::Ready => self.proxies.say_to_others(nr, &Say::SuccessorReady),
            Order::Serving => {
                self.proxies.serving(nr);
                self.proxies.say_to_others(nr, &Say::SuccessorServing);
            }
            Order::Leaving => {
                if let Some(proxy) = self.proxies.get_mut(nr) {
                    proxy.role = Role::Leaving;
                }
            }
            Order::Listen { address } => {
                let (address, socket) = self.listen(address).map_err(text)?;
                return Ok((Answer::Listening { address }, vec![socket]));
            }
            Order::Keep { address } => {
                let socket = fds.into_iter().next().ok_or("no socket came with the order")?;
                self.listeners.insert(address, TcpListener::from(socket));
            }
            Order::Unlisten { address } => drop(self.listeners.remove(&address)),
            Order::Spawn { id, spec } => {
                let process = self.processes.spawn(id, *spec)?;
                let (pid, memory_enforced) = (process.pid, process.memory_enforced);
                return Ok((Answer::Spawned { pid, memory_enforced }, Vec::new()));
            }
            Order::Signal { id, signal } => self.processes.signal(&id, &signal)?,
            Order::Kill { id } => self.processes.kill(&id),
            Order::Forget { id } => self.processes.forget(&id)?,
            Order::Succeed { executable } => {
                self.proxies.start(&self.paths, &executable).map_err(text)?;
            }
            Order::Dismiss => self.proxies.dismiss(),
            Order::Reexec { .. } | Order::End => return Err("asked in the wrong place".to_owned()),
        }
        Ok((Answer::Done, Vec::new()))
    }

    fn greet(
        &mut self,
        nr: ProxyNr,
        version: u32,
        build: &str,
        pid: u32,
    ) -> Result<(Answer, Vec<OwnedFd>), String> {
        if version != VERSION {
            return Err(format!(
                "the proxy (build {build}) speaks version {version} of the keeper's protocol, \
                 the keeper (build {}) speaks {VERSION}",
                crate::BUILD
            ));
        }
        if let Some(proxy) = self.proxies.get_mut(nr) {
            proxy.pid = pid;
        }
        let mut sockets = Vec::new();
        for socket in self.listeners.values() {
            let socket = socket.as_fd().try_clone_to_owned();
            sockets.push(socket.map_err(|error| error.to_string())?);
        }
        let welcome = Welcome {
            build: crate::BUILD.to_owned(),
            pid: std::process::id(),
            started_ms: self.started_ms,
            executable: self.executable.clone(),
            listening: self.listeners.keys().copied().collect(),
            processes: self.processes.list(),
            accompanied: self.proxies.iter().any(|(other, _)| other != nr),
            problems: self.problems.clone(),
        };
        Ok((Answer::Welcome(welcome), sockets))
    }

    fn listen(&mut self, address: SocketAddr) -> io::Result<(SocketAddr, OwnedFd)> {
        let listener = match self.listeners.get(&address) {
            Some(listener) => listener.try_clone()?,
            None => bind(address)?,
        };
        let socket = listener.try_clone()?.into();
        let address = listener.local_addr()?;
        self.listeners.insert(address, listener);
        Ok((address, socket))
    }

    fn hung(&mut self, nr: ProxyNr) {
        match self.proxies.gone(nr) {
            Some(Role::Starting) => self.proxies.say_to_all(&Say::SuccessorFailed),
            Some(Role::Leaving) | None => {}
            Some(Role::Serving) => tracing::warn!("the proxy ended; another is started"),
        }
        if self.proxies.iter().count() == 1 {
            self.proxies.say_to_all(&Say::Alone);
        }
        if !self.proxies.has_heir() {
            self.start_proxy_later();
        }
    }

    fn start_proxy_later(&mut self) {
        let pause = self.proxies.pause();
        let events = self.events.clone();
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            // Nobody listens only when the keeper ends.
            let _ = events.send(Event::StartProxy);
        });
    }

    /// Ending in good order is the proxy's business: it knows how long the
    /// releases have.
    fn pass_on_termination(&self) {
        let serving = self.proxies.iter().find(|(_, proxy)| proxy.role == Role::Serving);
        let pid = serving.and_then(|(_, proxy)| i32::try_from(proxy.pid).ok());
        let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) else {
            tracing::warn!("asked to end while no proxy serves: not now");
            return;
        };
        if let Err(error) = rustix::process::kill_process(pid, Signal::TERM) {
            tracing::error!(%error, "cannot pass the end on to the proxy");
        }
    }
}

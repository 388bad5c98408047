//! Being in charge: beginning from the disk and from what runs, then doing
//! what the engine asks and what the keeper's news call for.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::{Instant, MissedTickBehavior};

use super::app::{App, Mailbox, Message, Tag, bound_logs, check_name, log_path, rebuilt};
use super::hub::Hub;
use super::link::News;
use super::record::{self, Record};
use super::socket::{Asked, Server};
use crate::boot_clock;
use crate::keeper::wire::{Order, Process, Say};
use crate::log_file;
use crate::protocol::{
    AppId, Apply, Daemon, ErrorCode, HostStatus, Observed, Reply, Request, Split, VersionId,
};

/// How often logs are bounded and lost listeners are tried again.
const HOUSEKEEPING: Duration = Duration::from_secs(5);

/// The proxy in charge.
pub(super) struct Charge {
    pub(super) hub: Arc<Hub>,
    pub(super) executable: PathBuf,
    started_ms: u64,
    /// Held while this proxy is in charge.
    pub(super) lock: Option<File>,
    pub(super) apps: BTreeMap<AppId, Mailbox>,
    pub(super) server: Option<Server>,
    pub(super) asked: UnboundedReceiver<Asked>,
    pub(super) ask: UnboundedSender<Asked>,
    /// Who waits for an upgrade, and until when the successor may be silent.
    pub(super) upgrade: Option<(oneshot::Sender<Reply>, Instant)>,
    /// Where an upgrade says that it failed before there was a successor.
    pub(super) upgrade_failed: UnboundedSender<String>,
    failures: UnboundedReceiver<String>,
    /// The longest that any version's requests may take to finish.
    pub(super) drain: Duration,
}

impl Charge {
    /// Takes charge, with `lock` held.
    pub(super) async fn begin(hub: Arc<Hub>, executable: PathBuf, lock: File) -> io::Result<Self> {
        let (ask, asked) = unbounded_channel();
        let (upgrade_failed, failures) = unbounded_channel();
        let started_ms = boot_clock::now_ms();
        let mut charge = Self {
            hub,
            executable,
            started_ms,
            lock: Some(lock),
            apps: BTreeMap::new(),
            server: None,
            asked,
            ask,
            upgrade: None,
            upgrade_failed,
            failures,
            drain: Duration::from_secs(1),
        };
        charge.take_over().await?;
        let server = Server::open(charge.hub.paths.socket(), charge.ask.clone())?;
        charge.server = Some(server);
        charge.renew_keeper().await;
        charge.hub.link.ask(Order::Serving).await.map_err(io::Error::other)?;
        tracing::info!(build = crate::BUILD, pid = std::process::id(), "the proxy is in charge");
        Ok(charge)
    }

    /// Begins every app from its record and its processes: routes first, then
    /// connections, then supervision.
    pub(super) async fn take_over(&mut self) -> io::Result<()> {
        let keeper = self.hub.link.list().await.map_err(io::Error::other)?;
        self.hub.accompanied.send_replace(keeper.accompanied);
        keeper.problems.iter().for_each(|problem| self.hub.problem(problem.clone()));
        let (records, problems) = record::read_all(&self.hub.paths)?;
        problems.into_iter().for_each(|problem| self.hub.problem(problem));
        let mut running = self.by_app(keeper.processes);
        let mut apps = Vec::new();
        for record in records {
            let processes = running.remove(&record.app).unwrap_or_default();
            apps.push(App::new(&self.hub, record, &processes));
        }
        for (id, processes) in running {
            let record = rebuilt(id.clone(), &processes);
            self.hub.problem(format!(
                "{}: its record is lost; its routes were rebuilt from what runs",
                id.0
            ));
            record.write(&self.hub.paths)?;
            apps.push(App::new(&self.hub, record, &processes));
        }
        let mut routes = BTreeMap::new();
        for (app, _) in &apps {
            self.drain = self.drain.max(app.longest_drain());
            match app.routed() {
                Ok(Some(routed)) => drop(routes.insert(app.id().clone(), routed)),
                Ok(None) => {}
                Err(error) => self.hub.problem(format!("an app has no route: {error}")),
            }
        }
        self.hub.route_all(routes);
        self.accept_all().await;
        for (app, messages) in apps {
            self.apps.insert(app.id().clone(), app.mailbox());
            tokio::spawn(app.run(messages));
        }
        Ok(())
    }

    /// Who runs what; what has ended meanwhile is let go of.
    fn by_app(&self, processes: Vec<Process>) -> BTreeMap<AppId, Vec<(Process, Tag)>> {
        let mut running: BTreeMap<AppId, Vec<(Process, Tag)>> = BTreeMap::new();
        for process in processes {
            if process.exit.is_some() {
                self.hub.link.tell(Order::Forget { id: process.id });
                continue;
            }
            match serde_json::from_value::<Tag>(process.tag.clone()) {
                Ok(tag) => running.entry(tag.app.clone()).or_default().push((process, tag)),
                Err(error) => {
                    self.hub.problem(format!(
                        "process {} cannot be understood ({error}) and is ended",
                        process.pid
                    ));
                    self.hub.link.tell(Order::Kill { id: process.id });
                }
            }
        }
        running
    }

    /// Accepts connections for every route, with the sockets the keeper held
    /// or new ones.
    async fn accept_all(&self) {
        if self.hub.addresses().iter().all(|address| self.hub.accepts(*address)) {
            return;
        }
        let mut sockets = match self.hub.link.sockets() {
            Ok(sockets) => sockets,
            Err(error) => return self.hub.problem(format!("no listening sockets: {error}")),
        };
        for address in self.hub.addresses() {
            if self.hub.accepts(address) {
                continue;
            }
            let socket = match sockets.remove(&address) {
                Some(socket) => Ok(socket),
                None => self.hub.link.listen(address).await.map(|(_, socket)| socket),
            };
            let accepted = socket
                .map_err(io::Error::other)
                .and_then(|socket| self.hub.accept(address, socket));
            if let Err(error) = accepted {
                self.hub.problem(format!("cannot listen on {address}: {error}"));
            }
        }
    }

    /// Requests, news and housekeeping, until another proxy is in charge or
    /// the host ends.
    pub(super) async fn run(mut self, mut news: UnboundedReceiver<News>) -> io::Result<()> {
        let mut terminated = signal(SignalKind::terminate())?;
        let mut housekeeping = tokio::time::interval(HOUSEKEEPING);
        housekeeping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let in_charge = self.lock.is_some();
            let flow = tokio::select! {
                biased;
                Some((request, reply)) = self.asked.recv(), if in_charge => {
                    self.asked(request, reply)
                }
                Some(news) = news.recv() => self.heard(news).await?,
                Some(reason) = self.failures.recv() => {
                    self.end_upgrade(reason);
                    ControlFlow::Continue(())
                }
                _ = housekeeping.tick() => {
                    self.keep_house().await;
                    ControlFlow::Continue(())
                }
                _ = terminated.recv(), if in_charge => ControlFlow::Break(End::Stop(None)),
            };
            match flow {
                ControlFlow::Continue(()) => {}
                ControlFlow::Break(End::Stop(reply)) => {
                    self.stop(reply, news).await;
                    return Ok(());
                }
                ControlFlow::Break(End::Leave) => {
                    self.leave().await;
                    return Ok(());
                }
            }
        }
    }

    fn asked(&mut self, request: Request, reply: oneshot::Sender<Reply>) -> ControlFlow<End> {
        match request {
            Request::Apply(apply) => self.apply(apply, reply),
            Request::Observe { app, renew } => {
                let observed = self.observe(app, renew);
                tokio::spawn(async move {
                    // Whoever asked may have gone.
                    let _ = reply.send(Reply::Observed(observed.await));
                });
            }
            Request::Status => self.status(reply),
            Request::Tail { app, version, lines } => self.tail(app, version, lines, reply),
            Request::Upgrade { executable } => self.upgrade(executable, reply),
            Request::Stop => return ControlFlow::Break(End::Stop(Some(reply))),
        }
        ControlFlow::Continue(())
    }

    fn apply(&mut self, apply: Box<Apply>, reply: oneshot::Sender<Reply>) {
        if let Err(message) = check_name(&apply.app) {
            let _ = reply.send(Reply::Error { code: ErrorCode::BadRequest, message });
            return;
        }
        for spec in apply.desired.versions.values() {
            self.drain = self.drain.max(Duration::from_millis(spec.drain_ms));
        }
        let hub = &self.hub;
        let mailbox = self.apps.entry(apply.app.clone()).or_insert_with_key(|id| {
            let (app, messages) = App::new(hub, Record::empty(id.clone()), &[]);
            let mailbox = app.mailbox();
            tokio::spawn(app.run(messages));
            mailbox
        });
        mailbox.send(Message::Apply(apply, reply));
    }

    /// What is there of an app; of one never applied, nothing.
    fn observe(&self, app: AppId, renew: bool) -> impl Future<Output = Observed> + use<> {
        let mailbox = self.apps.get(&app).cloned();
        let (reply, observed) = oneshot::channel();
        if let Some(mailbox) = &mailbox {
            mailbox.send(Message::Observe { renew, reply });
        }
        async move {
            match observed.await {
                Ok(observed) => observed,
                Err(_) => nothing_of(app),
            }
        }
    }

    fn status(&self, reply: oneshot::Sender<Reply>) {
        let apps: Vec<_> = self.apps.keys().map(|app| self.observe(app.clone(), false)).collect();
        let (keeper, now) = (self.hub.link.keeper(), boot_clock::now_ms());
        let up_ms = |since: u64| now.saturating_sub(since);
        let mut status = HostStatus {
            keeper: Daemon {
                pid: keeper.pid,
                build: keeper.build,
                up_ms: up_ms(keeper.started_ms),
            },
            proxy: Daemon {
                pid: std::process::id(),
                build: crate::BUILD.to_owned(),
                up_ms: up_ms(self.started_ms),
            },
            dir: self.hub.paths.dir().to_owned(),
            apps: Vec::new(),
            instance: format!("{}-{}", std::process::id(), self.started_ms),
            problems: self.hub.problems(),
        };
        tokio::spawn(async move {
            for app in apps {
                status.apps.push(app.await);
            }
            // Whoever asked may have gone.
            let _ = reply.send(Reply::Status(status));
        });
    }

    fn tail(&self, app: AppId, version: VersionId, lines: usize, reply: oneshot::Sender<Reply>) {
        let named = check_name(&app).is_ok() && check_name(&AppId(version.0.clone())).is_ok();
        let path = log_path(&self.hub.paths, &app, &version);
        tokio::task::spawn_blocking(move || {
            let not_found = || Reply::Error {
                code: ErrorCode::NotFound,
                message: format!("{} has no output of a version {}", app.0, version.0),
            };
            let tailed = match log_file::tail(&path, lines) {
                _ if !named => not_found(),
                Ok(lines) => Reply::Tail { lines },
                Err(error) if error.kind() == io::ErrorKind::NotFound => not_found(),
                Err(error) => Reply::Error {
                    code: ErrorCode::State,
                    message: format!("{} cannot be read: {error}", path.display()),
                },
            };
            // Whoever asked may have gone.
            let _ = reply.send(tailed);
        });
    }

    async fn heard(&mut self, news: News) -> io::Result<ControlFlow<End>> {
        match news {
            News::Said(Say::Exited { .. }) if self.lock.is_some() => self.pass_on(news),
            News::Said(Say::Alone) => drop(self.hub.accompanied.send_replace(false)),
            News::Said(Say::SuccessorReady) => self.hand_over().await,
            News::Said(Say::SuccessorServing) => return Ok(ControlFlow::Break(End::Leave)),
            News::Said(Say::SuccessorFailed) => self.successor_failed().await?,
            News::Said(Say::Exited { .. } | Say::Answer { .. }) => {}
            News::Renewed(_) => {
                self.pass_on(news);
                if let Err(error) = self.hub.link.ask(Order::Serving).await {
                    tracing::error!(%error, "the new keeper does not listen");
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Tells the apps what the keeper says of their processes.
    pub(super) fn pass_on(&self, news: News) {
        match news {
            News::Said(Say::Exited { id, exit }) => self.hub.exited(id, exit),
            News::Said(_) => {}
            News::Renewed(processes) => {
                let processes = Arc::new(processes);
                for app in self.apps.values() {
                    app.send(Message::Renewed(Arc::clone(&processes)));
                }
            }
        }
    }

    async fn keep_house(&mut self) {
        self.give_up_silent_successor();
        if self.lock.is_none() {
            return;
        }
        self.accept_all().await;
        let paths = self.hub.paths.clone();
        let bounded = tokio::task::spawn_blocking(move || {
            log_file::bound(&paths.keeper_log(), log_file::LOG_MAX)?;
            log_file::bound(&paths.proxy_log(), log_file::LOG_MAX)?;
            log_file::bound(&paths.access_log(), log_file::LOG_MAX)?;
            bound_logs(&paths)
        });
        if let Err(error) = bounded.await.map_err(io::Error::other).and_then(|bounded| bounded) {
            self.hub.problem(format!("logs cannot be kept within bounds: {error}"));
        }
    }
}

fn nothing_of(app: AppId) -> Observed {
    Observed {
        app,
        generation: 0,
        effect: None,
        listening: None,
        versions: IndexMap::new(),
        split: Split::default(),
        fell_back: false,
    }
}

/// Why a proxy ends.
pub(super) enum End {
    /// Everything ends.
    Stop(Option<oneshot::Sender<Reply>>),
    /// Another proxy is in charge.
    Leave,
}

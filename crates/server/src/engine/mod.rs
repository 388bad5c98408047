//! The engine: one process owns the journal, decides, appends, and performs
//! the effects.

mod error;
mod running;
mod work;

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use shipway_core::command::Command;
use shipway_core::durability::may_be_taken_back;
use shipway_core::effect::{Effect, EffectId, EffectKind, Outcome};
use shipway_core::ids::RunId;
use shipway_core::journal::{Actor, Cause, Entry, NewEntry, StreamId, Version};
use shipway_core::stream::{Decided, Record, Stream};
use shipway_store::{
    Append, Batch, Durability, Epoch, Holder, Input, InputId, InputPos, Journal, Settled, Store,
};

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::block_in_place;

pub use error::EngineError;
use running::Running;
use work::Work;

use crate::failpoint::{self, Point};
use crate::follow::{News, Views};
use crate::inbox::Request;
use crate::perform::Performer;

/// The ownership lasts as long after the last renewal. A dead owner on the
/// same machine is recognised at once.
const LEASE: Duration = Duration::from_secs(10);
/// How often the inbox is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// Inputs taken at once.
const PAGE: usize = 100;
/// Views are kept after as many entries.
const KEEP_EVERY: u64 = 500;

/// Why something is appended.
struct Because<'a> {
    actor: &'a Actor,
    cause: Cause,
    now: Timestamp,
    /// The request that is answered by it.
    input: Option<InputId>,
}

impl Because<'_> {
    const fn engine(cause: Cause, now: Timestamp) -> Self {
        Self { actor: &Actor::Engine, cause, now, input: None }
    }
}

/// The owner of a journal. It works on a runtime of several threads: what
/// blocks (git, archives, the disk) hands its place to another thread, so that
/// the ownership is renewed and versions are watched meanwhile.
pub struct Engine {
    store: Arc<Store>,
    performer: Arc<Performer>,
    epoch: Epoch,
    views: Views,
    kept: u64,
    running: Running,
    work: VecDeque<Work>,
    inputs_after: InputPos,
    /// At which version a stream's deadline changed nothing.
    asked: HashMap<StreamId, Version>,
    last: Timestamp,
    /// Something was appended that the disk has still to be waited for.
    unsynced: bool,
    /// Whoever in this process reads along.
    listener: Option<UnboundedSender<(Entry, Record)>>,
}

impl Engine {
    /// Takes the ownership of the journal and goes on where the last owner
    /// ended: what converges is begun again, what happens once is lost.
    ///
    /// # Errors
    /// [`EngineError::Held`] while another process owns it.
    pub async fn start(
        store: Arc<Store>,
        performer: Arc<Performer>,
        purpose: &str,
    ) -> Result<Self, EngineError> {
        let epoch = store.journal().acquire(&Holder::this_process(purpose), LEASE)?;
        let owned = Self::owning(Arc::clone(&store), performer, epoch).await;
        if owned.is_err()
            && let Err(error) = store.journal().release(epoch)
        {
            tracing::warn!(%error, "the ownership cannot be given back");
        }
        owned
    }

    async fn owning(
        store: Arc<Store>,
        performer: Arc<Performer>,
        epoch: Epoch,
    ) -> Result<Self, EngineError> {
        let views = block_in_place(|| Views::load(&store))?;
        let last = views.live.at.unwrap_or(Timestamp::MIN);
        let mut engine = Self {
            kept: views.live.seq.0,
            running: Running::new(),
            work: VecDeque::new(),
            asked: HashMap::new(),
            inputs_after: InputPos::default(),
            store,
            performer,
            epoch,
            views,
            last,
            unsynced: false,
            listener: None,
        };
        engine.recover().await?;
        Ok(engine)
    }

    /// The views as of the last entry.
    pub const fn views(&self) -> &Views {
        &self.views
    }

    /// What is appended from now on, for who reads along in this process.
    pub fn news(&mut self) -> News {
        let (listener, news) = unbounded_channel();
        self.listener = Some(listener);
        news
    }

    async fn recover(&mut self) -> Result<(), EngineError> {
        let is_open = |run: &RunId| self.views.live.stream(&StreamId::Run(run.clone())).is_some();
        block_in_place(|| self.performer.leave_ended_runs(is_open));
        let mut again = Vec::new();
        for stream in self.views.live.streams() {
            let (redo, lost) = stream.recover();
            again.extend(redo.into_iter().filter_map(|version| {
                Some((stream.effect_id(version), stream.pending.get(&version)?.clone()))
            }));
            for version in lost {
                let effect = stream.effect_id(version);
                if let Some(what) = stream.pending.get(&version) {
                    self.leave_nothing_of(&effect, what).await?;
                }
                self.work.push_back(Work::Ended { effect, outcome: Outcome::Lost });
            }
        }
        // Of all of them before any is begun: jobs of one run share a folder.
        for (id, effect) in &again {
            self.leave_nothing_of(id, effect).await?;
        }
        for (id, effect) in again {
            self.begin(id, effect)?;
        }
        self.drain()
    }

    /// What a dead engine left running may take a while to go.
    async fn leave_nothing_of(&self, id: &EffectId, effect: &Effect) -> Result<(), EngineError> {
        self.store.journal().renew(self.epoch, LEASE)?;
        Ok(self.performer.leave_nothing_of(id, effect).await?)
    }

    /// Works until `enough` says so; it is asked after every change. What is
    /// under way then goes on as the next owner finds it.
    ///
    /// # Errors
    /// When the store fails, or another process has taken the ownership. Then
    /// nothing is under way any more: the next owner goes on with it.
    pub async fn run(&mut self, enough: impl FnMut(&Views) -> bool) -> Result<(), EngineError> {
        let worked = self.work_until(enough).await;
        if worked.is_err() {
            self.running.drop_all().await;
        }
        worked
    }

    async fn work_until(
        &mut self,
        mut enough: impl FnMut(&Views) -> bool,
    ) -> Result<(), EngineError> {
        let mut look = tokio::time::interval(LOOK);
        let mut renew = tokio::time::interval(LEASE / 3);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // What came due while nobody worked comes before any new input: an
        // answer after the time is up finds the question closed.
        self.wake();
        self.drain()?;
        let mut mark = self.store.journal().change_mark()?;
        self.take_inputs()?;
        self.drain()?;
        loop {
            if enough(&self.views) {
                return Ok(());
            }
            let wake = self.next_wake();
            tokio::select! {
                (effect, outcome) = self.running.next() => {
                    failpoint::hit(Point::BeforeResult, outcome.kind);
                    self.work.push_back(Work::Ended { effect, outcome: outcome.outcome });
                }
                _ = look.tick() => {
                    let now = self.store.journal().change_mark()?;
                    if std::mem::replace(&mut mark, now) != now {
                        self.take_inputs()?;
                    }
                }
                _ = renew.tick() => self.store.journal().renew(self.epoch, LEASE)?,
                () = tokio::time::sleep(wake) => self.wake(),
            }
            self.drain()?;
        }
    }

    /// Begins to end what waits for work and to remove what is not needed any more, for
    /// who has something to do meanwhile, and awaits it then. [`Engine::stop`] does so
    /// as well.
    pub fn part(&self) -> impl Future<Output = ()> + use<> {
        self.performer.part()
    }

    /// Ends the ownership, so that the next process need not wait. Effects
    /// under way are dropped: their commands are killed, and the next owner
    /// goes on.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn stop(mut self) -> Result<(), EngineError> {
        self.running.drop_all().await;
        self.part().await;
        let kept = self.views.keep(&self.store);
        self.store.journal().release(self.epoch)?;
        Ok(kept?)
    }

    /// The engine's time: never behind the journal's, and never the same
    /// twice, so that it orders plans.
    fn now(&mut self) -> Timestamp {
        let just_after = self.last.checked_add(jiff::SignedDuration::from_nanos(1));
        let now = Timestamp::now().max(just_after.unwrap_or(self.last));
        self.last = now;
        now
    }

    /// Streams with deadlines. One that changed nothing when its deadline came
    /// is asked again once it has changed.
    fn deadlines(&self) -> impl Iterator<Item = (&Stream, Timestamp)> {
        let asked = |stream: &Stream| self.asked.get(&stream.id) == Some(&stream.version);
        let streams = self.views.live.streams().filter(move |stream| !asked(stream));
        streams.filter_map(|stream| Some((stream, stream.next_deadline()?)))
    }

    fn next_wake(&self) -> Duration {
        let now = Timestamp::now();
        self.deadlines().map(|(_, at)| at).min().map_or(Duration::from_secs(3600), |at| {
            Duration::try_from(at.duration_since(now)).unwrap_or_default()
        })
    }

    fn wake(&mut self) {
        let now = Timestamp::now();
        let due = self.deadlines().filter(|(_, at)| *at <= now);
        let due: Vec<_> = due.map(|(stream, _)| stream.id.clone()).collect();
        self.work.extend(due.into_iter().map(|stream| Work::Tick { stream }));
    }

    fn take_inputs(&mut self) -> Result<(), EngineError> {
        loop {
            let inputs = self.store.journal().take_inputs(self.inputs_after, PAGE)?;
            let Some((last, _)) = inputs.last() else { return Ok(()) };
            self.inputs_after = *last;
            self.work.extend(inputs.into_iter().map(|(_, input)| Work::Input(input)));
        }
    }

    /// Does what is to be done until only effects and deadlines are left.
    fn drain(&mut self) -> Result<(), EngineError> {
        if self.work.is_empty() { Ok(()) } else { block_in_place(|| self.work_off()) }
    }

    fn work_off(&mut self) -> Result<(), EngineError> {
        while let Some(work) = self.work.pop_front() {
            match work {
                Work::Input(input) => self.input(input)?,
                Work::Tell { effect, to, command } => self.tell(&effect, &to, &command)?,
                Work::Ended { effect, outcome } => self.ended(&effect, outcome)?,
                Work::Tick { stream } => self.tick(&stream)?,
            }
        }
        if std::mem::take(&mut self.unsynced) {
            self.store.journal().flush()?;
        }
        if self.views.live.seq.0 - self.kept >= KEEP_EVERY {
            self.views.keep(&self.store)?;
            self.kept = self.views.live.seq.0;
        }
        Ok(())
    }

    /// A stream in which something may happen, or one that is over.
    fn stream(&self, id: &StreamId) -> Result<Cow<'_, Stream>, EngineError> {
        if let Some(stream) = self.views.live.stream(id) {
            return Ok(Cow::Borrowed(stream));
        }
        let mut stream = Stream::new(id.clone());
        for entry in self.store.journal().read_stream(id, Version(1))? {
            let Some(payload) = &entry.payload else {
                stream.version = entry.version;
                continue;
            };
            let record: Record = serde_json::from_str(payload)?;
            stream.evolve(&record, entry.cause.as_ref(), entry.at)?;
        }
        Ok(Cow::Owned(stream))
    }

    fn input(&mut self, input: Input) -> Result<(), EngineError> {
        let request: Request = match serde_json::from_str(&input.payload) {
            Ok(request) => request,
            Err(error) => {
                let why = format!("this version does not understand the request: {error}");
                return self.settle(Settled::refused(input.id, why));
            }
        };
        let cause = Cause(input.id.as_str().to_owned());
        let now = self.now();
        let (version, decided) = {
            let stream = self.stream(&request.to)?;
            (stream.version, stream.command(&request.command, &input.actor, &cause, now))
        };
        match decided {
            Ok(decided) => {
                let by = Because { actor: &input.actor, cause, now, input: Some(input.id) };
                self.commit(&request.to, version, decided, by)
            }
            Err(illegal) => self.settle(Settled::refused(input.id, illegal.message)),
        }
    }

    fn settle(&self, settled: Settled) -> Result<(), EngineError> {
        let batch = Batch { appends: Vec::new(), settled: vec![settled] };
        self.store.journal().append(self.epoch, batch, Durability::Durable)?;
        Ok(())
    }

    fn tell(
        &mut self,
        effect: &EffectId,
        to: &StreamId,
        command: &Command,
    ) -> Result<(), EngineError> {
        let cause = Cause(effect.to_string());
        let now = self.now();
        let (version, decided) = {
            let stream = self.stream(to)?;
            failpoint::hit(Point::During, EffectKind::Tell);
            (stream.version, stream.command(command, &Actor::Engine, &cause, now))
        };
        match decided {
            Ok(decided) => self.commit(to, version, decided, Because::engine(cause, now))?,
            // What it was told came too late; the state says so by itself.
            Err(illegal) => tracing::warn!(%to, %effect, %illegal, "a message was not expected"),
        }
        failpoint::hit(Point::BeforeResult, EffectKind::Tell);
        self.ended(effect, Outcome::DONE)
    }

    fn ended(&mut self, effect: &EffectId, outcome: Outcome) -> Result<(), EngineError> {
        let now = self.now();
        let (version, decided) = {
            let stream = self.stream(&effect.stream)?;
            if !stream.pending.contains_key(&effect.version) {
                return Ok(());
            }
            (stream.version, stream.ended(effect.version, outcome, now)?)
        };
        let cause = Cause(format!("end of {effect}"));
        self.commit(&effect.stream, version, decided, Because::engine(cause, now))
    }

    fn tick(&mut self, id: &StreamId) -> Result<(), EngineError> {
        let now = self.now();
        let (version, decided) = {
            let stream = self.stream(id)?;
            (stream.version, stream.tick(now)?)
        };
        if decided.records.is_empty() {
            tracing::warn!(stream = %id, "a deadline came and changed nothing");
            self.asked.insert(id.clone(), version);
        }
        self.commit(id, version, decided, Because::engine(Cause("tick".to_owned()), now))
    }

    /// Appends what a stream of `version` decided, then begins and calls off
    /// effects.
    fn commit(
        &mut self,
        stream: &StreamId,
        version: Version,
        decided: Decided,
        because: Because<'_>,
    ) -> Result<(), EngineError> {
        let Because { actor, cause, now, input } = because;
        if decided.records.is_empty() && input.is_none() {
            return Ok(());
        }
        let mut entries = Vec::with_capacity(decided.records.len());
        for record in &decided.records {
            if let Record::Intent { effect } = record {
                failpoint::hit(Point::BeforeIntent, effect.kind());
            }
            let payload = serde_json::to_string(record)?;
            let (actor, cause) = (actor.clone(), Some(cause.clone()));
            entries.push(NewEntry { at: now, actor, cause, payload });
        }
        let appends = if entries.is_empty() {
            Vec::new()
        } else {
            vec![Append { stream: stream.clone(), expected: version, entries }]
        };
        let durability = self.durability(stream, &decided, input.is_some());
        let settled = input.map(Settled::handled).into_iter().collect();
        let batch = Batch { appends, settled };
        let appended = self.store.journal().append(self.epoch, batch, durability)?;
        for (entry, record) in appended.into_iter().zip(decided.records) {
            self.views.fold(&entry, &record)?;
            let begins = match &record {
                Record::Intent { effect } => {
                    let (stream, version) = (entry.stream.clone(), entry.version);
                    Some((EffectId { stream, version }, effect.clone()))
                }
                _ => None,
            };
            if let Some(listener) = &self.listener {
                // Whoever has stopped to listen has no more need of it.
                drop(listener.send((entry, record)));
            }
            if let Some((id, effect)) = begins {
                self.begin(id, effect)?;
            }
        }
        for effect in &decided.cancel {
            self.running.cancel(effect);
        }
        if let StreamId::Run(run) = stream
            && self.views.live.stream(stream).is_none()
        {
            self.performer.leave_run(run);
        }
        Ok(())
    }

    /// The disk is waited for before somebody is answered, and before anything
    /// begins outside of the journal; for what streams say to each other, once
    /// they have nothing more to say.
    fn durability(&mut self, stream: &StreamId, decided: &Decided, is_answer: bool) -> Durability {
        let begins = |record: &Record| matches!(record, Record::Intent { effect } if effect.kind() != EffectKind::Tell);
        if !is_answer && may_be_taken_back(&self.views.live, stream, decided) {
            return Durability::Grouped;
        }
        self.unsynced = !is_answer && !decided.records.iter().any(begins);
        if self.unsynced { Durability::Grouped } else { Durability::Durable }
    }

    fn begin(&mut self, id: EffectId, effect: Effect) -> Result<(), EngineError> {
        failpoint::hit(Point::AfterIntent, effect.kind());
        if let Effect::Tell { to, command } = effect {
            self.work.push_back(Work::Tell { effect: id, to, command: *command });
            return Ok(());
        }
        let run = match &effect {
            Effect::RunJob(job) => {
                let stream = self.stream(&StreamId::Run(job.run.clone()))?;
                stream.run().and_then(|(_, run)| Some(run.begun()?.spec.clone()))
            }
            _ => None,
        };
        self.running.start(&self.performer, id, effect, run);
        Ok(())
    }
}

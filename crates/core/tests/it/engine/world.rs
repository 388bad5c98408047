//! An engine in memory: streams, a journal, effects whose ends the test
//! chooses, and crashes. Whatever must always hold is checked at every entry.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use shipway_core::command::Command;
use shipway_core::deployment::{Kind, Progress};
use shipway_core::digest::Digest;
use shipway_core::durability::may_be_taken_back;
use shipway_core::effect::{Class, Done, Effect, EffectId, Failure, FailureCode, Outcome};
use shipway_core::environment::Event as EnvEvent;
use shipway_core::gate;
use shipway_core::guard::{Verdict, Watched};
use shipway_core::ids::EnvName;
use shipway_core::journal::{Actor, Cause, Entry, Seq, StreamId, Version};
use shipway_core::machine::Illegal;
use shipway_core::plan::Delivery;
use shipway_core::release::Artifact;
use shipway_core::run::{JobEnd, RunResult};
use shipway_core::stream::{Decided, Record, Stream};
use shipway_core::view::Live;

use super::target::Target;

/// The engine, its journal, and the world around it.
pub(super) struct World {
    pub(super) journal: Vec<Entry>,
    pub(super) records: Vec<Record>,
    pub(super) live: Live,
    /// As many entries of the journal stay whatever happens.
    pub(super) durable: usize,
    /// As many entries it had after each transaction.
    pub(super) commits: Vec<usize>,
    pub(super) now: Timestamp,
    pub(super) target: Target,
    pub(super) running: BTreeMap<EffectId, Effect>,
    pub(super) called_off: BTreeSet<EffectId>,
    tells: VecDeque<EffectId>,
    acted: BTreeSet<(StreamId, String)>,
    generations: BTreeMap<EnvName, u64>,
    inputs: u64,
}

/// How an effect ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// As it should.
    Well,
    /// It could not be done; what it changes has changed or not.
    Badly { partly: bool },
    /// A watch ends with this, if it may.
    Worse,
    /// A person shall look.
    Review,
    /// Too little was seen.
    NotEnough,
    /// The lease ran out.
    FellBack,
    /// It was called off in time.
    CalledOff,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            journal: Vec::new(),
            records: Vec::new(),
            live: Live::default(),
            durable: 0,
            commits: Vec::new(),
            now: Timestamp::from_second(1_750_000_000).unwrap(),
            target: Target::default(),
            running: BTreeMap::new(),
            called_off: BTreeSet::new(),
            tells: VecDeque::new(),
            acted: BTreeSet::new(),
            generations: BTreeMap::new(),
            inputs: 0,
        }
    }

    /// Somebody asks for something, and messages are handed over.
    pub(super) fn ask(
        &mut self,
        to: &StreamId,
        command: Command,
        by: &Actor,
    ) -> Result<(), Illegal> {
        self.command(to, command, by)?;
        self.hand_over();
        Ok(())
    }

    /// Somebody asks for something.
    pub(super) fn command(
        &mut self,
        to: &StreamId,
        command: Command,
        by: &Actor,
    ) -> Result<(), Illegal> {
        self.inputs += 1;
        let cause = Cause(format!("input {}", self.inputs));
        let stream = self.stream(to);
        let decided = stream.command(&command, by, &cause, self.now)?;
        self.commit(&stream, decided, by, &cause);
        Ok(())
    }

    /// Hands over every message that waits.
    pub(super) fn hand_over(&mut self) {
        while self.hand_over_one(false) {}
    }

    /// Hands over the next message, and again before its end is known.
    pub(super) fn hand_over_one(&mut self, twice: bool) -> bool {
        let Some(id) = self.tells.pop_front() else { return false };
        let sender = self.stream(&id.stream);
        let Some(Effect::Tell { to, command }) = sender.pending.get(&id.version).cloned() else {
            return true;
        };
        let cause = Cause(id.to_string());
        for _ in 0..=u8::from(twice) {
            let receiver = self.stream(&to);
            let decided = receiver.command(&command, &Actor::Engine, &cause, self.now);
            // What cannot be acted on any more is over, or waits for nobody.
            if let Ok(decided) = decided {
                self.commit(&receiver, decided, &Actor::Engine, &cause);
            }
        }
        self.end(&id, Outcome::DONE);
        true
    }

    /// Ends the effect under way at `place` (modulo how many there are).
    pub(super) fn finish_at(&mut self, place: usize, how: How) -> bool {
        let count = self.running.len();
        if count == 0 {
            return false;
        }
        let id = self.running.keys().nth(place % count).cloned().unwrap();
        self.finish(&id, how)
    }

    /// Ends an effect; `false` if it cannot end like that.
    pub(super) fn finish(&mut self, id: &EffectId, how: How) -> bool {
        let Some(effect) = self.running.get(id).cloned() else { return false };
        let Some(outcome) = self.outcome(id, &effect, how) else { return false };
        self.running.remove(id);
        self.end(id, outcome);
        true
    }

    fn outcome(&mut self, id: &EffectId, effect: &Effect, how: How) -> Option<Outcome> {
        if how == How::CalledOff {
            return self.called_off.contains(id).then_some(Outcome::Cancelled);
        }
        if let How::Badly { partly } = how {
            self.happen_partly(effect, partly);
            let failure =
                Failure::new(FailureCode::Target, format!("{} failed", effect.kind().name()));
            return Some(match effect {
                Effect::RunJob(_) => done_job(RunResult::Failure),
                _ => Outcome::Failed { failure },
            });
        }
        Some(match effect {
            Effect::RunJob(_) => done_job(RunResult::Success),
            Effect::Build(spec) => {
                let content = format!("{} of {}", spec.service, spec.commit);
                let digest = Digest::of(content.as_bytes());
                let artifact = Artifact::Tree { digest, bytes: 1 };
                Outcome::Done { result: Done::Built { artifact } }
            }
            Effect::Judge(spec) => {
                let open = gate::Position::Open { evidence: vec!["looked".to_owned()] };
                let judged = gate::Judged {
                    to: gate::Destination::Environment(spec.env.clone()),
                    commit: spec.commit.clone(),
                    base: None,
                    at: self.now,
                    verdicts: vec![gate::Verdict::required("coverage", open)],
                    figures: std::collections::BTreeMap::new(),
                    seen: Vec::new(),
                };
                Outcome::Done { result: Done::Judged(Box::new(judged)) }
            }
            Effect::Watch(spec) => {
                let reason = "api answered 30 of 100 users' requests with an error".to_owned();
                let verdict = match how {
                    How::Worse => {
                        Verdict::Worse { then: shipway_core::config::Then::Rollback, reason }
                    }
                    How::FellBack => {
                        for watched in &spec.services {
                            if let Some(old) = &watched.old {
                                self.target.fall_back(&spec.env, &watched.service, old);
                            }
                        }
                        Verdict::FellBack
                    }
                    // A watch for a person ends with nothing less.
                    _ if spec.until_answered => return None,
                    How::Review => {
                        Verdict::Worse { then: shipway_core::config::Then::Review, reason }
                    }
                    How::NotEnough => Verdict::NotEnough { reason: "3 requests".to_owned() },
                    _ => Verdict::Healthy,
                };
                let (readings, notes, output) = (Vec::new(), Vec::new(), Vec::new());
                let watched = Watched { verdict, readings, notes, output };
                Outcome::Done { result: Done::Watched(Box::new(watched)) }
            }
            Effect::Migrate(_) | Effect::Smoke(_) => {
                Outcome::Done { result: Done::Command { log: None } }
            }
            Effect::Start(change)
            | Effect::Shift(change)
            | Effect::Finish(change)
            | Effect::Return(change)
            | Effect::Remove(change) => {
                self.target.apply(change);
                Outcome::DONE
            }
            Effect::Tell { .. } => Outcome::DONE,
        })
    }

    /// What a failure leaves behind. The old version is never taken away by a
    /// way back that failed.
    fn happen_partly(&mut self, effect: &Effect, partly: bool) {
        match effect {
            Effect::Start(change) | Effect::Shift(change) | Effect::Finish(change) if partly => {
                self.target.apply(change);
            }
            _ => {}
        }
    }

    fn end(&mut self, id: &EffectId, outcome: Outcome) {
        let stream = self.stream(&id.stream);
        if !stream.pending.contains_key(&id.version) {
            return;
        }
        self.called_off.remove(id);
        let decided = stream.ended(id.version, outcome, self.now);
        let decided = decided.unwrap_or_else(|illegal| panic!("the end of {id}: {illegal}"));
        self.commit(&stream, decided, &Actor::Engine, &Cause(format!("end of {id}")));
    }

    /// Time passes, and deadlines come.
    pub(super) fn pass(&mut self, seconds: i64) {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        let due: Vec<StreamId> = self
            .live
            .streams()
            .filter(|stream| stream.next_deadline().is_some_and(|at| at <= self.now))
            .map(|stream| stream.id.clone())
            .collect();
        for id in due {
            let stream = self.stream(&id);
            let decided = stream.tick(self.now).unwrap_or_else(|illegal| panic!("{id}: {illegal}"));
            assert!(!decided.records.is_empty(), "a deadline of {id} that nothing follows from");
            self.commit(&stream, decided, &Actor::Engine, &Cause("tick".to_owned()));
        }
    }

    /// The engine dies and comes back: all it has is the journal. What was
    /// under way has happened or not.
    pub(super) fn crash(&mut self, happened: bool) {
        for effect in std::mem::take(&mut self.running).into_values() {
            self.happen_partly(&effect, happened);
        }
        self.called_off.clear();
        self.tells.clear();
        let rebuilt = self.rebuilt();
        assert_eq!(rebuilt, self.live, "rebuilt from the journal it is another");
        let kept = serde_json::to_string(&self.live).unwrap();
        assert_eq!(serde_json::from_str::<Live>(&kept).unwrap(), self.live, "kept and read back");
        self.live = rebuilt;
        let mut lost = Vec::new();
        let recovered: Vec<_> =
            self.live.streams().map(|stream| (stream.clone(), stream.recover())).collect();
        for (stream, (again, gone)) in recovered {
            for version in again {
                let effect = stream.pending[&version].clone();
                assert_eq!(effect.class(), Class::Converge);
                self.begin(stream.effect_id(version), effect);
            }
            lost.extend(gone.into_iter().map(|version| stream.effect_id(version)));
        }
        for id in lost {
            self.end(&id, Outcome::Lost);
        }
    }

    /// The machine loses its power, and the journal all but its first `entries`.
    pub(super) fn power_failure(&mut self, entries: usize) {
        assert!(entries >= self.durable);
        self.journal.truncate(entries);
        self.records.truncate(entries);
        self.live = self.rebuilt();
        self.crash(false);
    }

    /// The streams as the journal alone makes them.
    pub(super) fn rebuilt(&self) -> Live {
        let mut live = Live::default();
        for entry in &self.journal {
            live.apply(entry).unwrap();
        }
        live
    }

    /// A stream in which something may happen, or one that is over.
    pub(super) fn stream(&self, id: &StreamId) -> Stream {
        if let Some(stream) = self.live.stream(id) {
            return stream.clone();
        }
        let mut stream = Stream::new(id.clone());
        for (entry, record) in self.journal.iter().zip(&self.records) {
            if entry.stream == *id {
                stream.evolve(record, entry.cause.as_ref(), entry.at).unwrap();
            }
        }
        stream
    }

    fn commit(&mut self, stream: &Stream, decided: Decided, by: &Actor, cause: &Cause) {
        if cause.0.contains('#') && !cause.0.starts_with("end of") && !decided.records.is_empty() {
            let first = self.acted.insert((stream.id.clone(), cause.0.clone()));
            assert!(first, "{} acted twice on {}", stream.id, cause.0);
        }
        let loose = may_be_taken_back(&self.live, &stream.id, &decided);
        let mut version = stream.version;
        for record in decided.records {
            version.0 += 1;
            self.append(&stream.id, version, record, by, cause);
        }
        if !loose {
            self.durable = self.journal.len();
        }
        self.commits.push(self.journal.len());
        self.called_off.extend(decided.cancel);
    }

    fn append(
        &mut self,
        id: &StreamId,
        version: Version,
        record: Record,
        by: &Actor,
        cause: &Cause,
    ) {
        let payload = serde_json::to_string(&record).unwrap();
        let zero = Digest::from_bytes([0; 32]);
        let entry = Entry {
            seq: Seq(self.journal.len() as u64 + 1),
            stream: id.clone(),
            version,
            at: self.now,
            actor: by.clone(),
            cause: Some(cause.clone()),
            payload_hash: Digest::of(payload.as_bytes()),
            payload: Some(payload),
            prev_hash: zero,
            hash: zero,
        };
        let read = self.live.apply(&entry).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(read.as_ref(), Some(&record), "written and read back");
        self.journal.push(entry);
        self.records.push(record.clone());
        self.check(id, &record);
        if let Record::Intent { effect } = record {
            self.begin(EffectId { stream: id.clone(), version }, effect);
        }
    }

    fn begin(&mut self, id: EffectId, effect: Effect) {
        if matches!(effect, Effect::Tell { .. }) {
            self.tells.push_back(id);
        } else {
            self.running.insert(id, effect);
        }
    }

    /// What must hold after every entry.
    fn check(&mut self, id: &StreamId, record: &Record) {
        match record {
            Record::Intent { effect } => self.check_effect(id, effect),
            Record::Env(EnvEvent::Succeeded { .. }) => self.check_serving(id, true),
            Record::Env(EnvEvent::Failed { trouble, .. }) => {
                self.check_serving(id, trouble.is_empty());
            }
            _ => {}
        }
    }

    fn check_effect(&mut self, id: &StreamId, effect: &Effect) {
        let stream = self.stream(id);
        let change = match effect {
            Effect::Start(change)
            | Effect::Shift(change)
            | Effect::Finish(change)
            | Effect::Return(change)
            | Effect::Remove(change) => Some(change),
            _ => None,
        };
        if let Some(change) = change {
            let total: u32 = change.versions.iter().map(|v| u32::from(v.weight)).sum();
            assert!(total == 100 || total == 0, "weights sum to {total}: {change:?}");
            let highest = self.generations.entry(change.env.clone()).or_default();
            assert!(change.generation >= *highest, "generations go down: {change:?}");
            *highest = change.generation;
        }
        let Some((_, env)) = stream.env() else { return };
        let own = stream.pending.values().filter(|e| !matches!(e, Effect::Tell { .. }));
        let unwatched = own.filter(|e| !matches!(e, Effect::Watch(_)));
        assert!(unwatched.count() <= 1, "two steps at once in {id}");
        let moves = matches!(effect, Effect::Migrate(_) | Effect::Start(_) | Effect::Shift(_));
        let Some(active) = env.active.as_ref().filter(|_| moves) else { return };
        if active.deployment.plan.kind != Kind::Rollback {
            let forward = matches!(active.deployment.progress, Progress::Forward { .. });
            assert!(forward, "a step forward on the way back");
            let shut = gate::shut(&active.candidate.verdicts, self.now);
            assert_eq!(shut, None, "a step passes a shut gate");
        }
    }

    /// After a deployment's end, what it says serves does.
    fn check_serving(&self, id: &StreamId, certain: bool) {
        let stream = self.live.stream(id).unwrap();
        let (name, env) = stream.env().unwrap();
        assert!(env.active.is_none());
        if !certain || !env.damaged.is_empty() {
            return;
        }
        let Some(current) = &env.current else { return };
        for (service, version) in &current.services {
            let serving = self.target.serving(name, service);
            assert_eq!(serving, Some(&version.id), "{service} in {name}");
            assert_eq!(self.target.versions(name, service), 1, "{service} in {name}");
        }
    }

    /// Everything ends well from here on, until nothing is left to do without
    /// a person.
    pub(super) fn settle(&mut self) {
        for _ in 0..10_000 {
            self.hand_over();
            let mut running: Vec<EffectId> = self.running.keys().cloned().collect();
            running.retain(|id| {
                let how = if self.called_off.contains(id) { How::CalledOff } else { How::Well };
                self.finish(id, how)
            });
            if running.is_empty() && self.tells.is_empty() {
                return;
            }
        }
        panic!("it never ends: {:#?}", self.running);
    }

    /// Plans that are not over, for which no environment has anything.
    pub(super) fn orphans(&self) -> Vec<String> {
        let waited_for = |plan: &shipway_core::ids::PlanId| {
            self.live.environments().any(|env| {
                let waiting = env.waiting.as_ref().map(|waiting| &waiting.candidate);
                let active = env.active.as_ref().map(|active| &active.candidate);
                let all = waiting.into_iter().chain(&env.queued).chain(active);
                all.into_iter().any(|candidate| candidate.plan.as_ref() == Some(plan))
            })
        };
        let open = self.live.streams().filter_map(Stream::plan);
        let open = open.filter(|(_, delivery)| matches!(delivery, Delivery::Open(_)));
        open.filter(|(id, _)| !waited_for(id)).map(|(id, _)| id.to_string()).collect()
    }
}

fn done_job(result: RunResult) -> Outcome {
    let end = JobEnd::bare(result, None);
    Outcome::Done { result: Done::Job(Box::new(end)) }
}

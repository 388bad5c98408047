//! Every stream in which something may still happen. The engine begins with
//! it, and status is read from it.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::environment;
use crate::ids::{CommitId, PlanId, RunId};
use crate::journal::{Entry, Seq, StreamId, Version};
use crate::machine::Illegal;
use crate::plan::{Delivery, End, PlannedRun};
use crate::release::{Release, ReleaseId};
use crate::run::RunResult;
use crate::stream::{Record, Stream};

/// As many plans that are over are remembered.
const RECENT: usize = 50;

/// Streams in which something may still happen, and the plans last closed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Live {
    /// The last entry folded.
    pub seq: Seq,
    /// The time of the last entry folded.
    pub at: Option<Timestamp>,
    #[serde(with = "streams")]
    streams: BTreeMap<StreamId, Stream>,
    /// Plans that are over, newest first.
    pub recent: VecDeque<PlanSummary>,
    /// How often each commit was planned.
    planned: BTreeMap<String, u32>,
    /// The newest `github.run_number` of each workflow's file.
    #[serde(default)]
    numbers: BTreeMap<String, u64>,
}

/// A plan that is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanSummary {
    /// The plan.
    pub id: PlanId,
    /// Its commit.
    pub commit: CommitId,
    /// The first line of the commit's message.
    pub subject: String,
    /// The git ref that it was planned under.
    pub git_ref: String,
    /// When it was opened.
    pub opened: Timestamp,
    /// When it was closed.
    pub closed: Timestamp,
    /// How it ended.
    pub end: End,
    /// What it released, if it came that far.
    pub release: Option<(ReleaseId, Release)>,
    /// The head of the pull request that started it, where the commit is its merge.
    #[serde(default)]
    pub head: Option<CommitId>,
    /// The runs that ended, whatever started them.
    #[serde(default)]
    pub ran: Vec<Ran>,
    /// The workflows that passed: file, digest of the text, run.
    pub passed: Vec<(String, crate::digest::Digest, RunId)>,
}

/// A run that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// The workflow's file.
    pub path: String,
    /// The run that has its artifacts.
    pub artifacts: RunId,
    /// How it ended.
    pub result: RunResult,
}

/// An entry that cannot be folded.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableEntry {
    /// It is not a record of this version.
    #[error("entry {} ({stream}) is not readable: {error}", seq.0)]
    Payload {
        /// Which.
        seq: Seq,
        /// Its stream.
        stream: StreamId,
        /// Why.
        error: serde_json::Error,
    },
    /// Its stream does not expect it.
    #[error("entry {} ({stream}) does not fit the ones before: {illegal}", seq.0)]
    Illegal {
        /// Which.
        seq: Seq,
        /// Its stream.
        stream: StreamId,
        /// Why.
        illegal: Illegal,
    },
    /// It is not the next one.
    #[error("entry {} was read after entry {}", found.0, last.0)]
    Gap {
        /// What was read.
        found: Seq,
        /// The last one folded.
        last: Seq,
    },
}

impl Live {
    /// Folds the next entry and returns what it says, `None` if it was erased.
    ///
    /// # Errors
    /// When it is not the next, not readable, or not expected.
    pub fn apply(&mut self, entry: &Entry) -> Result<Option<Record>, UnreadableEntry> {
        self.follow(entry)?;
        let Some(payload) = &entry.payload else {
            // What an erased entry did is gone; its stream goes on without.
            if let Some(stream) = self.streams.get_mut(&entry.stream) {
                stream.version = entry.version;
            }
            return Ok(None);
        };
        let record: Record = serde_json::from_str(payload).map_err(|error| {
            UnreadableEntry::Payload { seq: entry.seq, stream: entry.stream.clone(), error }
        })?;
        self.evolve(entry, &record)?;
        Ok(Some(record))
    }

    /// Folds the next entry, for whoever knows that it says `record`: who wrote it
    /// need not read it.
    ///
    /// # Errors
    /// When it is not the next, or not expected.
    pub fn fold(&mut self, entry: &Entry, record: &Record) -> Result<(), UnreadableEntry> {
        self.follow(entry)?;
        self.evolve(entry, record)
    }

    fn evolve(&mut self, entry: &Entry, record: &Record) -> Result<(), UnreadableEntry> {
        let (seq, stream) = (entry.seq, entry.stream.clone());
        let state =
            self.streams.entry(stream.clone()).or_insert_with(|| Stream::new(stream.clone()));
        // A stream that was over and forgotten gets a late entry: its end of a
        // message, or a message that changed nothing.
        state.version = Version(entry.version.0 - 1);
        state
            .evolve(record, entry.cause.as_ref(), entry.at)
            .map_err(|illegal| UnreadableEntry::Illegal { seq, stream: stream.clone(), illegal })?;
        if let Record::Plan(crate::plan::Event::Opened { plan, .. }) = record {
            *self.planned.entry(plan.commit.id.as_str().to_owned()).or_default() += 1;
            for run in plan.runs.iter().filter(|run| run.passed.is_none()) {
                let newest = self.numbers.entry(run.path.clone()).or_default();
                // Plans of before there were numbers count all the same, and a
                // further attempt has the number of the first.
                let next = if run.attempt.is_first() { *newest + 1 } else { *newest };
                *newest = next.max(run.number);
            }
        }
        self.forget_if_over(&stream, entry.at);
        Ok(())
    }

    /// Goes to the next entry.
    fn follow(&mut self, entry: &Entry) -> Result<(), UnreadableEntry> {
        if entry.seq.0 != self.seq.0 + 1 {
            return Err(UnreadableEntry::Gap { found: entry.seq, last: self.seq });
        }
        self.seq = entry.seq;
        self.at = self.at.max(Some(entry.at));
        Ok(())
    }

    fn forget_if_over(&mut self, id: &StreamId, at: Timestamp) {
        if !self.streams.get(id).is_some_and(Stream::is_over) {
            return;
        }
        let Some(stream) = self.streams.remove(id) else { return };
        if let Some((plan, Delivery::Closed { open, end })) = stream.plan() {
            self.recent.push_front(summary(plan, open, end, at));
            self.recent.truncate(RECENT);
        }
    }

    /// A stream in which something may still happen.
    pub fn stream(&self, id: &StreamId) -> Option<&Stream> {
        self.streams.get(id)
    }

    /// All of them.
    pub fn streams(&self) -> impl Iterator<Item = &Stream> {
        self.streams.values()
    }

    /// What the project's gates have seen.
    pub fn gates(&self) -> Option<&crate::gate::Ledger> {
        self.streams.get(&StreamId::Gates)?.gates()
    }

    /// The environments in which something has happened.
    pub fn environments(&self) -> impl Iterator<Item = &environment::Environment> {
        self.streams.values().filter_map(|stream| stream.env().map(|(_, env)| env))
    }

    /// The plans that are not over.
    pub fn open_plans(&self) -> impl Iterator<Item = (&PlanId, &crate::plan::Open)> {
        let open =
            |stream: &'_ Stream| -> bool { matches!(stream.plan(), Some((_, Delivery::Open(_)))) };
        self.streams.values().filter(move |s| open(s)).filter_map(|stream| {
            let (id, delivery) = stream.plan()?;
            Some((id, delivery.open()?))
        })
    }

    /// `github.run_number` of the workflow's next run.
    pub fn next_number(&self, path: &str) -> u64 {
        self.numbers.get(path).copied().unwrap_or(0) + 1
    }

    /// How often a commit was planned: names the next plan.
    pub fn times_planned(&self, commit: &CommitId) -> u32 {
        self.planned.get(commit.as_str()).copied().unwrap_or(0)
    }
}

fn summary(id: &PlanId, open: &crate::plan::Open, end: &End, closed: Timestamp) -> PlanSummary {
    let plan = &open.plan;
    let passed = plan
        .runs
        .iter()
        .filter(|run| open.runs.get(&run.id).copied().flatten() == Some(RunResult::Success));
    PlanSummary {
        id: id.clone(),
        commit: plan.commit.id.clone(),
        subject: plan.commit.subject.clone(),
        git_ref: plan.trigger.git_ref.clone(),
        opened: open.order,
        closed,
        end: end.clone(),
        release: open.release.clone().map(|release| (release.id(), release)),
        head: plan
            .trigger
            .payload
            .pointer("/pull_request/head/sha")
            .and_then(|sha| CommitId::new(sha.as_str()?).ok()),
        ran: plan.runs.iter().filter_map(|run| ran(run, open)).collect(),
        passed: passed
            // What `shipway run` started had an event, inputs and variables of
            // its own: it shows nothing of a push.
            .filter(|_| plan.config.is_some())
            .map(|run| {
                let text = crate::digest::Digest::of(run.text.as_bytes());
                let by = run.passed.clone().unwrap_or_else(|| run.id.clone());
                (run.path.clone(), text, by)
            })
            .collect(),
    }
}

/// How a run ended, if it has. Its artifacts are with its first attempt.
fn ran(run: &PlannedRun, open: &crate::plan::Open) -> Option<Ran> {
    let result = open.runs.get(&run.id).copied().flatten()?;
    let first = run.attempt.first.clone().or_else(|| run.passed.clone());
    Some(Ran { path: run.path.clone(), artifacts: first.unwrap_or_else(|| run.id.clone()), result })
}

mod streams {
    //! As a list: each stream names itself.

    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use crate::journal::StreamId;
    use crate::stream::Stream;

    pub(super) fn serialize<S: Serializer>(
        streams: &BTreeMap<StreamId, Stream>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(streams.values())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<StreamId, Stream>, D::Error> {
        let streams = Vec::<Stream>::deserialize(deserializer)?;
        Ok(streams.into_iter().map(|stream| (stream.id.clone(), stream)).collect())
    }
}

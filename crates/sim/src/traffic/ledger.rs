//! Where the tasks of a load write down what happened.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;

use super::failure::{Failure, FailureKind, Source};
use super::report::{Answer, Ending, Report, Tally};

/// Failures that are kept in full; more are only counted.
const FAILURES_KEPT: usize = 10_000;
/// Answers that are kept; a load that reaches this number is over.
pub(super) const ANSWERS_KEPT: usize = 5_000_000;

/// What an answer said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) version: String,
    pub(super) received: SystemTime,
}

/// A failure, and who answered as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: FailureKind,
    pub(super) version: Option<String>,
}

impl From<FailureKind> for Fault {
    fn from(kind: FailureKind) -> Self {
        Self { kind, version: None }
    }
}

#[derive(Debug)]
pub(super) struct Ledger {
    next: AtomicU64,
    record: Mutex<Record>,
}

#[derive(Debug)]
struct Record {
    started: SystemTime,
    tallies: BTreeMap<Source, Tally>,
    failures: Vec<Failure>,
    failure_counts: BTreeMap<(Source, &'static str), u64>,
    endings: Vec<Ending>,
    versions: Vec<String>,
    answers: Vec<Answer>,
    latencies: BTreeMap<Source, Histogram<u64>>,
}

impl Ledger {
    pub(super) fn new() -> Self {
        let record = Record {
            started: SystemTime::now(),
            tallies: BTreeMap::new(),
            failures: Vec::new(),
            failure_counts: BTreeMap::new(),
            endings: Vec::new(),
            versions: Vec::new(),
            answers: Vec::new(),
            latencies: BTreeMap::new(),
        };
        Self { next: AtomicU64::new(1), record: Mutex::new(record) }
    }

    /// A number that no other request of this load has.
    pub(super) fn next_seq(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// A task that panics is seen when it is joined; the others go on.
    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection was opened.
    pub(super) fn opened(&self, source: Source) {
        self.record().tally(source).opened += 1;
    }

    /// A request, frame or upload was begun.
    pub(super) fn sent(&self, source: Source) {
        self.record().tally(source).sent += 1;
    }

    /// What is checked without being kept one by one: a frame, an event.
    pub(super) fn checked(&self, source: Source) {
        self.record().tally(source).answered += 1;
    }

    /// An answer that is right in everything.
    pub(super) fn answered(
        &self,
        source: Source,
        answered: Answered,
        sent: SystemTime,
        latency: Duration,
    ) {
        let mut record = self.record();
        record.tally(source).answered += 1;
        let version = record.version(answered.version);
        if record.answers.len() < ANSWERS_KEPT {
            let received = answered.received;
            record.answers.push(Answer { version, sent, received, answered: SystemTime::now() });
        }
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        record.latencies.entry(source).or_insert_with(histogram).saturating_record(micros);
    }

    /// Something failed.
    pub(super) fn failed(&self, source: Source, seq: u64, sent: SystemTime, fault: Fault) {
        let Fault { kind, version } = fault;
        let mut record = self.record();
        record.tally(source).failed += 1;
        *record.failure_counts.entry((source, kind.name())).or_default() += 1;
        if record.failures.len() < FAILURES_KEPT {
            let seen = SystemTime::now();
            record.failures.push(Failure { source, kind, seq, sent, seen, version });
        }
    }

    /// The server ended a socket or event stream as the protocol wants it.
    pub(super) fn ended(&self, source: Source, opened: SystemTime, version: Option<String>) {
        let ended = SystemTime::now();
        self.record().endings.push(Ending { source, opened, ended, version });
    }

    /// The sums so far.
    pub(super) fn tallies(&self) -> BTreeMap<Source, Tally> {
        self.record().tallies.clone()
    }

    /// True when no more answers can be kept.
    pub(super) fn is_full(&self) -> bool {
        self.record().answers.len() >= ANSWERS_KEPT
    }

    /// Everything, at the end.
    pub(super) fn report(&self) -> Report {
        let record = self.record();
        Report {
            started: record.started,
            ended: SystemTime::now(),
            tallies: record.tallies.clone(),
            failures: record.failures.clone(),
            failure_counts: record.failure_counts.clone(),
            endings: record.endings.clone(),
            latencies: record.latencies.clone(),
            versions: record.versions.clone(),
            answers: record.answers.clone(),
        }
    }
}

impl Record {
    fn tally(&mut self, source: Source) -> &mut Tally {
        self.tallies.entry(source).or_default()
    }

    fn version(&mut self, version: String) -> usize {
        let known = self.versions.iter().position(|known| *known == version);
        known.unwrap_or_else(|| {
            self.versions.push(version);
            self.versions.len() - 1
        })
    }
}

/// Microseconds up to an hour, to three digits.
fn histogram() -> Histogram<u64> {
    const HOUR: u64 = 3_600_000_000;
    #[expect(clippy::expect_used, reason = "the bounds and digits are fit, and do not vary")]
    let histogram = Histogram::new_with_bounds(1, HOUR, 3).expect("fit bounds");
    histogram
}

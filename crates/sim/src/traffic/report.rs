//! What a load saw.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;

use super::failure::{Failure, Source};

/// How many failures a report shows to people.
const SHOWN: usize = 20;

/// The sums of one part of the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Connections opened.
    pub opened: u64,
    /// Requests, frames or uploads begun (events: 0, nothing is sent).
    pub sent: u64,
    /// Answers, echoes, frames and events that were right in everything.
    pub answered: u64,
    /// Failures.
    pub failed: u64,
}

/// A web socket or event stream that the server ended as the protocol wants
/// it. Whether it may do so by then is for the test to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// [`Source::Sockets`] or [`Source::Events`].
    pub source: Source,
    /// When it was opened.
    pub opened: SystemTime,
    /// When it ended.
    pub ended: SystemTime,
    /// Who served it.
    pub version: Option<String>,
}

/// A time in which one version answered, until another one did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The version.
    pub version: String,
    /// When its first request of the span reached it.
    pub from: SystemTime,
    /// When its last request of the span reached it.
    pub to: SystemTime,
    /// How many answers.
    pub answers: u64,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    pub(super) version: usize,
    pub(super) sent: SystemTime,
    pub(super) received: SystemTime,
    pub(super) answered: SystemTime,
}

/// What a load saw, from its start to its end.
#[derive(Debug, Clone)]
pub struct Report {
    /// When it was started.
    pub started: SystemTime,
    /// When the last of it was over.
    pub ended: SystemTime,
    /// The sums by part.
    pub tallies: BTreeMap<Source, Tally>,
    /// The failures, the first 10,000 in full.
    pub failures: Vec<Failure>,
    /// All failures by part and kind.
    pub failure_counts: BTreeMap<(Source, &'static str), u64>,
    /// Sockets and event streams that the server ended in an orderly way.
    pub endings: Vec<Ending>,
    /// Microseconds from the moment a request was due to its whole answer.
    pub latencies: BTreeMap<Source, Histogram<u64>>,
    pub(super) versions: Vec<String>,
    pub(super) answers: Vec<Answer>,
}

impl Report {
    /// The sums of one part; zeros if the load had none of it.
    pub fn tally(&self, source: Source) -> Tally {
        self.tallies.get(&source).copied().unwrap_or_default()
    }

    /// The number of all failures.
    pub fn failed(&self) -> u64 {
        self.failure_counts.values().sum()
    }

    /// The failures that [`Report::failures`] has in full and `expected`
    /// does not excuse.
    pub fn failures_but(&self, expected: impl Fn(&Failure) -> bool) -> Vec<&Failure> {
        self.failures.iter().filter(|failure| !expected(failure)).collect()
    }

    /// Fails the test, with the whole report, unless nothing failed and each
    /// part that was begun has answers.
    ///
    /// # Panics
    /// When something failed, or when nothing was checked.
    pub fn assert_clean(&self) {
        assert!(self.failed() == 0, "{self}");
        assert!(self.tallies.values().any(|tally| tally.answered > 0), "nothing checked: {self}");
        for (source, tally) in &self.tallies {
            assert!(tally.answered > 0, "{source}: nothing was answered: {self}");
        }
    }

    /// The versions in the order in which each was first seen.
    pub fn versions(&self) -> &[String] {
        &self.versions
    }

    /// The versions over time, by when requests reached them. Where two
    /// serve at once, there are many short spans.
    pub fn spans(&self) -> Vec<Span> {
        let mut answers: Vec<&Answer> = self.answers.iter().collect();
        answers.sort_by_key(|answer| answer.received);
        let mut spans: Vec<Span> = Vec::new();
        for answer in answers {
            let version = &self.versions[answer.version];
            match spans.last_mut() {
                Some(span) if span.version == *version => {
                    span.to = answer.received;
                    span.answers += 1;
                }
                _ => spans.push(Span {
                    version: version.clone(),
                    from: answer.received,
                    to: answer.received,
                    answers: 1,
                }),
            }
        }
        spans
    }

    /// How many requests sent in this time `version` answered.
    pub fn answered_by(&self, version: &str, sent: Range<SystemTime>) -> u64 {
        let answers = self.by(version).filter(|answer| sent.contains(&answer.sent));
        answers.count() as u64
    }

    /// The last moment in this time at which a request reached `version`, by
    /// the backend's word. From a decision to this moment is the latency of a
    /// switch; `None`: not one did.
    pub fn last_received(&self, version: &str, within: Range<SystemTime>) -> Option<SystemTime> {
        self.by(version).map(|answer| answer.received).filter(|at| within.contains(at)).max()
    }

    /// The last moment in this time at which an answer of `version` was
    /// complete; `None`: not one was.
    pub fn last_answered(&self, version: &str, within: Range<SystemTime>) -> Option<SystemTime> {
        self.by(version).map(|answer| answer.answered).filter(|at| within.contains(at)).max()
    }

    fn by(&self, version: &str) -> impl Iterator<Item = &Answer> {
        let index = self.versions.iter().position(|known| known == version);
        self.answers.iter().filter(move |answer| Some(answer.version) == index)
    }

    /// The latency below which `percent` of the answers were.
    pub fn latency(&self, source: Source, percent: f64) -> Option<Duration> {
        let histogram = self.latencies.get(&source)?;
        Some(Duration::from_micros(histogram.value_at_percentile(percent)))
    }

    fn offset(&self, at: SystemTime) -> f64 {
        at.duration_since(self.started).unwrap_or_default().as_secs_f64()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} failures in {:.1} s", self.failed(), self.offset(self.ended))?;
        for (source, tally) in &self.tallies {
            let Tally { opened, sent, answered, failed } = tally;
            write!(f, "  {source}: {opened} opened, {sent} sent, {answered} answered, ")?;
            write!(f, "{failed} failed")?;
            if let (Some(median), Some(p99)) =
                (self.latency(*source, 50.0), self.latency(*source, 99.0))
            {
                write!(f, "; median {median:?}, p99 {p99:?}")?;
            }
            writeln!(f)?;
        }
        for ((source, kind), count) in &self.failure_counts {
            writeln!(f, "  {source}: {kind}: {count}")?;
        }
        for failure in self.failures.iter().take(SHOWN) {
            let Failure { source, kind, seq, sent, seen, version } = failure;
            let version = version.as_deref().unwrap_or("?");
            let (sent, seen) = (self.offset(*sent), self.offset(*seen));
            writeln!(f, "  +{seen:.3}s {source} {seq} (sent +{sent:.3}s, {version}): {kind}")?;
        }
        if self.failures.len() > SHOWN {
            writeln!(f, "  and {} more", self.failed() - SHOWN as u64)?;
        }
        let spans = self.spans();
        for span in spans.iter().take(SHOWN) {
            let (from, to) = (self.offset(span.from), self.offset(span.to));
            writeln!(f, "  +{from:.3}s to +{to:.3}s: {} × {}", span.answers, span.version)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(answers: &[(usize, u64)]) -> Report {
        let started = SystemTime::UNIX_EPOCH;
        let answers = answers.iter().map(|&(version, millis)| {
            let received = started + Duration::from_millis(millis);
            let answered = received + Duration::from_millis(5);
            Answer { version, sent: received, received, answered }
        });
        Report {
            started,
            ended: started,
            tallies: BTreeMap::new(),
            failures: Vec::new(),
            failure_counts: BTreeMap::new(),
            endings: Vec::new(),
            latencies: BTreeMap::new(),
            versions: vec!["old".to_owned(), "new".to_owned()],
            answers: answers.collect(),
        }
    }

    fn at(millis: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
    }

    #[test]
    fn the_last_of_a_version_is_looked_for_in_a_window() {
        let report = report(&[(0, 1), (1, 12), (0, 11), (0, 90)]);
        assert_eq!(report.last_received("old", at(10)..at(50)), Some(at(11)));
        assert_eq!(report.last_answered("old", at(10)..at(50)), Some(at(16)));
        assert_eq!(report.last_received("old", at(12)..at(50)), None);
        assert_eq!(report.last_received("none", at(0)..at(99)), None);
        assert_eq!(report.answered_by("old", at(0)..at(50)), 2);
    }

    #[test]
    fn versions_over_time_are_by_when_requests_reached_them() {
        let report = report(&[(0, 1), (1, 12), (0, 11)]);
        let spans: Vec<_> = report.spans().into_iter().map(|s| (s.version, s.answers)).collect();
        assert_eq!(spans, [("old".to_owned(), 2), ("new".to_owned(), 1)]);
    }

    #[test]
    #[should_panic(expected = "nothing checked")]
    fn a_load_that_checked_nothing_is_not_clean() {
        report(&[]).assert_clean();
    }
}

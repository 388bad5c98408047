//! One process of a version: where it stands, and when it is tried again.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::health::Trouble;
use crate::keeper::wire::{Exit, ProcessId};
use crate::protocol::{AppId, Route, VersionId, VersionSpec};

const BACKOFF_FIRST: Duration = Duration::from_millis(100);
const BACKOFF_LAST: Duration = Duration::from_secs(30);
/// A process that was well for so long has its earlier crashes forgotten.
const SETTLED: Duration = Duration::from_secs(10);

/// What the keeper remembers of a process, for the next proxy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Tag {
    pub(crate) app: AppId,
    pub(crate) generation: u64,
    pub(crate) route: Option<Route>,
    pub(crate) listening: Option<SocketAddr>,
    pub(crate) version: VersionId,
    pub(crate) spec: VersionSpec,
    /// When the version first came, in milliseconds since boot.
    pub(crate) since_ms: u64,
    pub(crate) replica: u16,
    pub(crate) port: u16,
}

/// A task that ends with whoever holds this.
#[derive(Debug)]
pub(super) struct Watcher(AbortHandle);

impl Watcher {
    pub(super) fn of(task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(task).abort_handle())
    }

    /// As [`Self::of`], on another runtime.
    pub(super) fn on(runtime: &Handle, task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(runtime.spawn(task).abort_handle())
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// One of the processes that a version shall have.
#[derive(Debug)]
pub(super) struct Replica {
    pub(super) nr: u16,
    pub(super) stage: Stage,
    /// How often it ended since it last was well for a while.
    crashes: u32,
    /// Why it is not well, or was not when it ended.
    pub(super) trouble: Option<String>,
}

/// Where a process stands.
#[derive(Debug)]
pub(super) enum Stage {
    /// Not there; it is started at this moment.
    Waiting { until: Instant },
    /// The keeper was asked to start it.
    Spawning { process: ProcessId, port: u16 },
    /// It is there.
    Running(Running),
    /// It was asked to end.
    Stopping { process: ProcessId, kill_at: Option<Instant> },
    /// It ended and shall not come back.
    Ended,
}

/// A process that is there.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) process: ProcessId,
    pub(super) port: u16,
    pub(super) well_since: Option<Instant>,
    /// Checks failed in a row.
    pub(super) failures: u32,
    /// Bytes it used when it was found over its limit.
    pub(super) over: Option<u64>,
    pub(super) _watchers: Vec<Watcher>,
}

impl Replica {
    /// One that is to be started now.
    pub(super) fn new(nr: u16, now: Instant) -> Self {
        Self { nr, stage: Stage::Waiting { until: now }, crashes: 0, trouble: None }
    }

    /// The process it has, if any.
    pub(super) const fn process(&self) -> Option<&ProcessId> {
        match &self.stage {
            Stage::Spawning { process, .. } | Stage::Stopping { process, .. } => Some(process),
            Stage::Running(running) => Some(&running.process),
            Stage::Waiting { .. } | Stage::Ended => None,
        }
    }

    /// The port it listens on, if it is well.
    pub(super) fn healthy_port(&self) -> Option<u16> {
        match &self.stage {
            Stage::Running(running) if running.well_since.is_some() => Some(running.port),
            _ => None,
        }
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.healthy_port().is_some()
    }

    /// Takes in a check's answer; `retries` failures in a row make it unwell.
    /// Returns whether anything changed.
    pub(super) fn checked(
        &mut self,
        outcome: Result<(), Trouble>,
        retries: u32,
        now: Instant,
    ) -> bool {
        let Stage::Running(running) = &mut self.stage else { return false };
        match outcome {
            Ok(()) => {
                running.failures = 0;
                self.trouble = None;
                let changed = running.well_since.is_none();
                running.well_since.get_or_insert(now);
                changed
            }
            Err(trouble) => {
                running.failures += 1;
                let unwell = running.well_since.is_some() && running.failures >= retries.max(1);
                if unwell || running.well_since.is_none() {
                    running.well_since = None;
                    self.trouble = Some(trouble.to_string());
                }
                unwell
            }
        }
    }

    /// It ended by itself: it waits for its next start, longer each time.
    pub(super) fn crashed(&mut self, trouble: String, now: Instant) {
        let settled = match &self.stage {
            Stage::Running(running) => {
                running.well_since.is_some_and(|since| now - since >= SETTLED)
            }
            _ => false,
        };
        if settled {
            self.crashes = 0;
        }
        self.stage = Stage::Waiting { until: now + backoff(self.crashes) };
        self.crashes = self.crashes.saturating_add(1);
        self.trouble = Some(trouble);
    }
}

/// Doubles each time, up to a cap.
fn backoff(crashes: u32) -> Duration {
    BACKOFF_FIRST.saturating_mul(2_u32.saturating_pow(crashes.min(16))).min(BACKOFF_LAST)
}

/// How a process ended, for people.
pub(super) fn describe(exit: Exit, over: Option<u64>, limit: Option<u64>) -> String {
    let limit = limit.map(|limit| format!("its limit of {}", mebibytes(limit)));
    let limit = limit.unwrap_or_else(|| "the machine's memory".to_owned());
    match (exit, over) {
        (_, Some(used)) => format!("ran out of memory: {} used, over {limit}", mebibytes(used)),
        (Exit::OutOfMemory, None) => format!("ran out of memory: it reached {limit}"),
        (Exit::Code { code }, None) => format!("exited with status {code}"),
        (Exit::Signal { number }, None) => {
            format!("was killed by {}", shipway_process::signal_name(number))
        }
        (Exit::Unknown, None) => "ended while nobody could see how".to_owned(),
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1024 * 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running() -> Replica {
        let running = Running {
            process: ProcessId("p".to_owned()),
            port: 1,
            well_since: None,
            failures: 0,
            over: None,
            _watchers: Vec::new(),
        };
        Replica { stage: Stage::Running(running), ..Replica::new(0, Instant::now()) }
    }

    #[test]
    fn a_process_is_unwell_after_as_many_failures_as_its_retries() {
        let mut replica = running();
        let now = Instant::now();
        let bad = || Err(Trouble::NotListening { port: 1 });
        assert!(!replica.checked(bad(), 3, now));
        assert!(replica.checked(Ok(()), 3, now));
        assert!(!replica.checked(bad(), 3, now) && !replica.checked(bad(), 3, now));
        assert!(replica.is_healthy());
        assert!(replica.checked(bad(), 3, now));
        assert!(!replica.is_healthy());
        assert!(replica.checked(Ok(()), 3, now) && replica.is_healthy());
    }

    #[test]
    fn the_pause_before_a_start_doubles_and_is_capped() {
        assert_eq!(backoff(0), Duration::from_millis(100));
        assert_eq!(backoff(3), Duration::from_millis(800));
        assert_eq!(backoff(u32::MAX), BACKOFF_LAST);
    }

    #[test]
    fn a_process_that_was_well_for_long_starts_again_at_once() {
        let mut replica = running();
        let start = Instant::now();
        replica.crashes = 7;
        replica.checked(Ok(()), 1, start);
        let end = start + SETTLED;
        replica.crashed("exited with status 1".to_owned(), end);
        assert!(matches!(replica.stage, Stage::Waiting { until } if until == end + BACKOFF_FIRST));
    }

    #[test]
    fn an_end_is_told_in_a_line() {
        let mib = 1024 * 1024;
        let tell = |exit, over| describe(exit, over, Some(64 * mib));
        insta::assert_snapshot!(
            tell(Exit::Code { code: 3 }, None),
            @"exited with status 3"
        );
        insta::assert_snapshot!(
            tell(Exit::Signal { number: 11 }, None),
            @"was killed by SIGSEGV"
        );
        insta::assert_snapshot!(
            tell(Exit::OutOfMemory, None),
            @"ran out of memory: it reached its limit of 64 MiB"
        );
        insta::assert_snapshot!(
            tell(Exit::Signal { number: 9 }, Some(70 * mib)),
            @"ran out of memory: 70 MiB used, over its limit of 64 MiB"
        );
    }
}

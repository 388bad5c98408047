//! Idle connections to one endpoint. The one used last is used next, so that
//! what is not needed grows old and is closed.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::upstream::Upstream;

/// Open connections without a request.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    idle: Mutex<VecDeque<Idle>>,
}

#[derive(Debug)]
struct Idle {
    since: Instant,
    upstream: Upstream,
}

impl Pool {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection used last, if it has not been idle for longer than
    /// `at_most`.
    pub(crate) fn take(&self, now: Instant, at_most: Duration) -> Option<Upstream> {
        let mut idle = self.lock();
        let fresh = |idle: &Idle| now.saturating_duration_since(idle.since) <= at_most;
        if idle.back().is_some_and(fresh) {
            idle.pop_back().map(|idle| idle.upstream)
        } else {
            None
        }
    }

    /// Puts a connection back; the oldest goes when there are `size` already.
    pub(crate) fn put(&self, upstream: Upstream, size: usize) {
        let surplus = {
            let mut idle = self.lock();
            idle.push_back(Idle { since: Instant::now(), upstream });
            if idle.len() > size { idle.pop_front() } else { None }
        };
        drop(surplus);
    }

    /// Closes what has been idle for longer than `at_most`.
    pub(crate) fn prune(&self, at_most: Duration) {
        let old = {
            let mut idle = self.lock();
            let old = idle.partition_point(|idle| idle.since.elapsed() > at_most);
            idle.drain(..old).collect::<Vec<_>>()
        };
        drop(old);
    }

    /// Closes all.
    pub(crate) fn clear(&self) {
        let all = std::mem::take(&mut *self.lock());
        drop(all);
    }
}

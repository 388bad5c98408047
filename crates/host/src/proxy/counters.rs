//! What a version answered: counted without locks.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::protocol;

/// Buckets per power of two: a bound is at most 12.5 % above its value.
const STEPS_LOG2: u32 = 3;
const STEPS: u64 = 1 << STEPS_LOG2;
/// Values from 2^36 µs (19 hours) on share the last bucket.
const MAX_LOG2: u32 = 36;
const BUCKETS: usize = ((MAX_LOG2 - STEPS_LOG2 + 1) as usize) * STEPS as usize;

/// Requests, errors and times to the first byte.
#[derive(Debug)]
pub(crate) struct Counters {
    requests: AtomicU64,
    errors: AtomicU64,
    latency: Box<[AtomicU64; BUCKETS]>,
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            requests: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            latency: Box::new([const { AtomicU64::new(0) }; BUCKETS]),
        }
    }

    /// An answer's head came after `took`.
    pub(crate) fn answered(&self, took: Duration, error: bool) {
        self.requests.fetch_add(1, Relaxed);
        if error {
            self.errors.fetch_add(1, Relaxed);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.latency[bucket(micros)].fetch_add(1, Relaxed);
    }

    /// There was no answer at all: an error without a time.
    pub(crate) fn failed(&self) {
        self.requests.fetch_add(1, Relaxed);
        self.errors.fetch_add(1, Relaxed);
    }

    /// An answer already counted, and not as an error, broke off in its body.
    pub(crate) fn broke_off(&self) {
        self.errors.fetch_add(1, Relaxed);
    }

    pub(crate) fn snapshot(&self) -> protocol::Counters {
        let latency = self.latency.iter().enumerate();
        protocol::Counters {
            requests: self.requests.load(Relaxed),
            errors: self.errors.load(Relaxed),
            latency_us: latency
                .map(|(index, count)| (bound(index), count.load(Relaxed)))
                .filter(|&(_, count)| count > 0)
                .collect(),
        }
    }
}

/// Small values have a bucket each; above, a bucket is named by the place of
/// the highest bit and the `STEPS_LOG2` bits after it.
fn bucket(value: u64) -> usize {
    let value = value.min((1 << MAX_LOG2) - 1);
    if value < STEPS {
        return value as usize;
    }
    let shift = value.ilog2() - STEPS_LOG2;
    let step = (value >> shift) - STEPS;
    ((u64::from(shift) + 1) * STEPS + step) as usize
}

/// The greatest value that falls into a bucket.
fn bound(index: usize) -> u64 {
    let index = index as u64;
    if index < STEPS {
        return index;
    }
    let shift = index / STEPS - 1;
    ((STEPS + index % STEPS + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_value_lies_in_its_bucket(value in 0u64..(1 << MAX_LOG2)) {
            let index = bucket(value);
            prop_assert!(value <= bound(index));
            prop_assert!(index == 0 || value > bound(index - 1));
            prop_assert!((bound(index) - value) as f64 <= value as f64 * 0.125);
        }
    }

    #[test]
    fn the_last_bucket_takes_everything_longer() {
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
        assert_eq!(bound(BUCKETS - 1), (1 << MAX_LOG2) - 1);
    }

    #[test]
    fn answers_failures_and_broken_bodies_are_counted_once() {
        let counters = Counters::new();
        counters.answered(Duration::from_micros(5), false);
        counters.answered(Duration::from_micros(5), true);
        counters.answered(Duration::from_micros(1000), false);
        counters.broke_off();
        counters.failed();
        let seen = counters.snapshot();
        assert_eq!((seen.requests, seen.errors), (4, 3));
        assert_eq!(seen.latency_us, [(5, 2), (1023, 1)]);
    }
}

//! When requests are due.

use std::time::Duration;

use tokio::time::Instant;

/// A share of a fixed rate: of all the load's due times, every n-th.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schedule {
    start: Instant,
    rate: f64,
    share: u64,
    of: u64,
    next: u64,
}

impl Schedule {
    /// Number `share` of `of` shares of `rate` requests a second.
    pub(super) fn share(start: Instant, rate: u32, share: usize, of: usize) -> Self {
        Self { start, rate: rate.max(1).into(), share: share as u64, of: of as u64, next: 0 }
    }
}

impl Iterator for Schedule {
    type Item = Instant;

    fn next(&mut self) -> Option<Instant> {
        let index = self.next * self.of + self.share;
        self.next += 1;
        Some(self.start + Duration::from_secs_f64(index as f64 / self.rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_together_are_the_rate() {
        let start = Instant::now();
        let mut due: Vec<_> = (0..3)
            .flat_map(|share| Schedule::share(start, 100, share, 3).take(10))
            .map(|due| (due - start).as_millis())
            .collect();
        due.sort_unstable();
        assert_eq!(due, (0..30).map(|index| index * 10).collect::<Vec<_>>());
    }
}

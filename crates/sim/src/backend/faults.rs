//! Faults that are spread over time or over requests.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How often memory is taken.
const BITE_EVERY: Duration = Duration::from_millis(50);

/// Says which requests fail: a share that is spread evenly.
#[derive(Debug)]
pub(super) struct ErrorShare {
    percent: u64,
    seen: AtomicU64,
}

impl ErrorShare {
    pub(super) fn new(percent: u8) -> Self {
        Self { percent: percent.into(), seen: AtomicU64::new(0) }
    }

    /// Counts one request; true if it is one that fails. Of any hundred in a
    /// row, exactly `percent` fail.
    pub(super) fn next_fails(&self) -> bool {
        let seen = self.seen.fetch_add(1, Ordering::Relaxed);
        (seen + 1) * self.percent / 100 > seen * self.percent / 100
    }
}

/// Takes `mib_a_second` for ever, and touches every page of it.
pub(super) async fn eat_memory(mib_a_second: u32) {
    let bite = (u64::from(mib_a_second) << 20) * BITE_EVERY.as_millis() as u64 / 1000;
    let bite = usize::try_from(bite).unwrap_or(usize::MAX).max(1);
    let mut eaten = Vec::new();
    let mut ticks = tokio::time::interval(BITE_EVERY);
    loop {
        ticks.tick().await;
        eaten.push(vec![1_u8; bite]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_hundred_the_share_fails() {
        for percent in [0, 1, 10, 33, 100] {
            let share = ErrorShare::new(percent);
            let failed = (0..100).filter(|_| share.next_fails()).count();
            assert_eq!(failed, usize::from(percent));
        }
    }
}

//! Waiting for a condition, with a deadline, instead of for a while.

use std::fmt;
use std::time::{Duration, Instant};

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The condition did not come true in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("waited {waited:?} for {what} in vain")]
pub struct Late {
    /// What was waited for, for people.
    pub what: String,
    /// How long.
    pub waited: Duration,
}

/// Looks at `condition` until it gives a value, and hands that back.
///
/// # Errors
/// [`Late`] when `deadline` passed and the condition, looked at once more
/// after it, still gives `None`.
pub fn wait_for<T>(
    what: impl fmt::Display,
    deadline: Duration,
    mut condition: impl FnMut() -> Option<T>,
) -> Result<T, Late> {
    let started = Instant::now();
    loop {
        let last = started.elapsed() >= deadline;
        if let Some(value) = condition() {
            return Ok(value);
        }
        if last {
            return Err(Late { what: what.to_string(), waited: started.elapsed() });
        }
        std::thread::park_timeout(LOOK_EVERY);
    }
}

/// The same for a condition that is only true or false, and within async code.
///
/// # Errors
/// As [`wait_for`].
pub async fn wait_until(
    what: impl fmt::Display,
    deadline: Duration,
    mut condition: impl FnMut() -> bool,
) -> Result<(), Late> {
    let started = Instant::now();
    loop {
        let last = started.elapsed() >= deadline;
        if condition() {
            return Ok(());
        }
        if last {
            return Err(Late { what: what.to_string(), waited: started.elapsed() });
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_the_condition_is_handed_back() {
        let mut looks = 0;
        let value = wait_for("three looks", Duration::from_secs(5), || {
            looks += 1;
            (looks == 3).then_some(looks)
        });
        assert_eq!(value, Ok(3));
    }

    #[test]
    fn what_never_comes_true_is_named() {
        let late = wait_for("rain", Duration::from_millis(1), || None::<()>).unwrap_err();
        assert!(late.to_string().contains("for rain in vain"), "{late}");
    }

    #[tokio::test]
    async fn async_code_waits_too() {
        assert!(wait_until("yes", Duration::ZERO, || true).await.is_ok());
        assert!(wait_until("no", Duration::ZERO, || false).await.is_err());
    }
}

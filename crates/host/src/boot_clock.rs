//! Time since boot, the time the machine slept included: a suspended laptop
//! does not get its time back.

use std::fs;

/// Milliseconds since boot, by the kernel's boot-time clock (`/proc/uptime`,
/// `proc_uptime(5)`, in steps of 10 ms). Should it be unreadable, the end of
/// time: what was promised until some moment has run out then.
pub(crate) fn now_ms() -> u64 {
    let text = match fs::read_to_string("/proc/uptime") {
        Ok(text) => text,
        Err(error) => {
            tracing::error!(%error, "/proc/uptime cannot be read: every lease has run out");
            return u64::MAX;
        }
    };
    parse(&text).unwrap_or(u64::MAX)
}

/// `12.34 56.78`: seconds since boot, seconds idle.
fn parse(uptime: &str) -> Option<u64> {
    let (seconds, rest) = uptime.split_once('.')?;
    let hundredths = rest.get(..2)?;
    Some(seconds.parse::<u64>().ok()? * 1000 + hundredths.parse::<u64>().ok()? * 10)
}

/// The kernel's id of this boot. Empty where there is none: then every boot
/// looks the same, and what was promised before one still counts.
pub(crate) fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|id| id.trim().to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptime_is_read_to_the_hundredth() {
        assert_eq!(parse("12.34 56.78\n"), Some(12_340));
        assert_eq!(parse("12"), None);
        assert!(now_ms() < u64::MAX);
    }
}

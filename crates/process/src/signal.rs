//! Signals by their names.

use rustix::process::Signal;

const NAMES: [(&str, Signal); 12] = [
    ("HUP", Signal::HUP),
    ("INT", Signal::INT),
    ("QUIT", Signal::QUIT),
    ("ABRT", Signal::ABORT),
    ("KILL", Signal::KILL),
    ("USR1", Signal::USR1),
    ("USR2", Signal::USR2),
    ("ALRM", Signal::ALARM),
    ("TERM", Signal::TERM),
    ("CONT", Signal::CONT),
    ("STOP", Signal::STOP),
    ("WINCH", Signal::WINCH),
];

/// The signal called `name`, with or without `SIG`, in any case: `TERM`,
/// `SIGINT`. Only those that make sense to send to a program.
pub fn signal_named(name: &str) -> Option<Signal> {
    let upper = name.to_ascii_uppercase();
    let short = upper.strip_prefix("SIG").unwrap_or(&upper);
    NAMES.iter().find(|(known, _)| *known == short).map(|(_, signal)| *signal)
}

/// The name of a signal's number for people, for example `SIGTERM`.
pub fn signal_name(number: i32) -> String {
    let more = [("SEGV", Signal::SEGV), ("BUS", Signal::BUS), ("ILL", Signal::ILL)];
    let more = more.into_iter().chain([
        ("FPE", Signal::FPE),
        ("PIPE", Signal::PIPE),
        ("TRAP", Signal::TRAP),
        ("SYS", Signal::SYS),
        ("XCPU", Signal::XCPU),
        ("XFSZ", Signal::XFSZ),
    ]);
    NAMES
        .into_iter()
        .chain(more)
        .find(|(_, signal)| signal.as_raw() == number)
        .map_or_else(|| format!("signal {number}"), |(name, _)| format!("SIG{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_found_by_either_spelling() {
        assert_eq!(signal_named("TERM"), Some(Signal::TERM));
        assert_eq!(signal_named("sigint"), Some(Signal::INT));
        assert_eq!(signal_named("SIG"), None);
    }

    #[test]
    fn an_unnamed_signal_keeps_its_number() {
        assert_eq!(signal_name(11), "SIGSEGV");
        assert_eq!(signal_name(40), "signal 40");
    }
}

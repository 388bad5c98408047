//! Who holds a journal, and whether that process still lives.

use std::fmt;
use std::fs;

use serde::{Deserialize, Serialize};

/// The process that owns, or wants to own, a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// When it started, in clock ticks since the machine's start: tells it
    /// from a later process with the same id. `None` where the system does
    /// not say.
    pub started: Option<u64>,
    /// Where process ids mean the same thing: this start of this machine, this
    /// process namespace. `None` where the system does not say.
    pub machine: Option<String>,
    /// The machine's name, for people.
    pub host: String,
    /// What it does, for people, for example `ship 3f2a91c0 to production`.
    pub purpose: String,
}

impl Holder {
    /// This process.
    pub fn this_process(purpose: impl Into<String>) -> Self {
        let pid = std::process::id();
        Self {
            pid,
            started: process(pid).and_then(|process| match process {
                Process::Runs { started } => Some(started),
                Process::Gone => None,
            }),
            machine: this_machine(),
            host: host_name(),
            purpose: purpose.into(),
        }
    }

    /// Whether this holder is known to have ended. A process of another
    /// machine, or of one that cannot be looked at, is never known to have:
    /// there the lease's time decides.
    pub fn is_known_dead(&self) -> bool {
        let (Some(started), Some(machine)) = (self.started, self.machine.as_ref()) else {
            return false;
        };
        if this_machine().as_ref() != Some(machine) {
            return false;
        }
        match process(self.pid) {
            Some(Process::Runs { started: now }) => now != started,
            Some(Process::Gone) => true,
            None => false,
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {} on {})", self.purpose, self.pid, self.host)
    }
}

enum Process {
    Runs { started: u64 },
    Gone,
}

/// What the system says of a process; `None` if it does not say.
fn process(pid: u32) -> Option<Process> {
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => parse_stat(&stat),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            // Without /proc nothing is known.
            fs::exists("/proc/self/stat").ok()?.then_some(Process::Gone)
        }
        // ESRCH: the process ended between opening and reading.
        Err(error) if error.raw_os_error() == Some(3) => Some(Process::Gone),
        Err(_) => None,
    }
}

/// proc_pid_stat(5): field 2 is the command in parentheses and may hold
/// anything, field 3 the state, field 22 the start in ticks since boot.
fn parse_stat(stat: &str) -> Option<Process> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X" | "x") {
        return Some(Process::Gone);
    }
    let started = fields.nth(18)?.parse().ok()?;
    Some(Process::Runs { started })
}

fn this_machine() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), namespace.display()))
}

fn host_name() -> String {
    ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .iter()
        .find_map(|path| fs::read_to_string(path).ok())
        .map_or_else(|| "this machine".to_owned(), |name| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives() {
        assert!(!Holder::this_process("test").is_known_dead());
    }

    #[test]
    fn a_process_with_the_same_id_but_another_start_is_another_process() {
        let holder = Holder::this_process("test");
        let before = Holder { started: holder.started.map(|ticks| ticks - 1), ..holder };
        assert!(before.is_known_dead());
    }

    #[test]
    fn nothing_is_known_of_a_process_on_another_machine() {
        let holder = Holder::this_process("test");
        let far = Holder { machine: Some("elsewhere".to_owned()), pid: 1, ..holder.clone() };
        assert!(!far.is_known_dead());
        assert!(!Holder { machine: None, started: Some(0), ..holder }.is_known_dead());
    }

    #[test]
    fn a_command_with_parentheses_and_spaces_does_not_confuse() {
        let rest = "R 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0";
        let stat = format!("7 (a ) Z (b) {rest}");
        assert!(matches!(parse_stat(&stat), Some(Process::Runs { started: 4711 })));
        let zombie = stat.replace(") R ", ") Z ");
        assert!(matches!(parse_stat(&zombie), Some(Process::Gone)));
    }
}

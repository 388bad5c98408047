//! Which process a pid means: pids are used again, start times are not.

use std::fs;
use std::io::{self, Read as _};
use std::sync::OnceLock;

use rustix::process::Pid;
use serde::{Deserialize, Serialize};

/// A process, for as long as the machine is up.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// Its process id.
    pub pid: u32,
    /// Clock ticks between boot and its start: field 22 of proc_pid_stat(5).
    pub start_time: u64,
    /// The kernel's id of this boot, `/proc/sys/kernel/random/boot_id`.
    pub boot_id: String,
}

impl Identity {
    /// The process that has `pid` now; `None` if there is none.
    ///
    /// # Errors
    /// When /proc cannot be read.
    pub fn of(pid: u32) -> io::Result<Option<Self>> {
        let Some(stat) = Stat::read(pid)? else { return Ok(None) };
        Ok(Some(Self { pid, start_time: stat.start_time, boot_id: boot_id()? }))
    }

    /// Whether this very process still exists, if only as a zombie.
    ///
    /// # Errors
    /// When /proc cannot be read.
    pub fn exists(&self) -> io::Result<bool> {
        Ok(Self::of(self.pid)?.as_ref() == Some(self))
    }
}

/// The kernel's id of this boot. It outlives this process, so it is read once.
pub(crate) fn boot_id() -> io::Result<String> {
    static ID: OnceLock<String> = OnceLock::new();
    if let Some(id) = ID.get() {
        return Ok(id.clone());
    }
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned();
    Ok(ID.get_or_init(|| id).clone())
}

/// What is needed of `/proc/<pid>/stat`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) state: char,
    pub(crate) parent: u32,
    pub(crate) session: u32,
    pub(crate) start_time: u64,
}

impl Stat {
    pub(crate) fn read(pid: u32) -> io::Result<Option<Self>> {
        // All of it comes at once, and is never longer.
        let mut text = [0; 2048];
        let read = fs::File::open(format!("/proc/{pid}/stat")).and_then(|mut f| f.read(&mut text));
        match read {
            Ok(count) => Self::parse(&String::from_utf8_lossy(&text[..count])),
            Err(error) if gone(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The second field is the program's name in parentheses, which may
    /// contain spaces and parentheses itself: what follows its last one counts.
    /// `None`: it is being reaped, and has no session any more.
    fn parse(text: &str) -> io::Result<Option<Self>> {
        let bad = || io::Error::new(io::ErrorKind::InvalidData, "unexpected /proc/<pid>/stat");
        let (_, rest) = text.rsplit_once(')').ok_or_else(bad)?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        if fields.get(6 - 3) == Some(&"-1") {
            return Ok(None);
        }
        let number = |field: usize| {
            fields.get(field - 3).and_then(|text| text.parse::<u64>().ok()).ok_or_else(bad)
        };
        let id = |field| number(field).and_then(|id| u32::try_from(id).map_err(|_| bad()));
        Ok(Some(Self {
            state: fields.first().and_then(|field| field.chars().next()).ok_or_else(bad)?,
            parent: id(4)?,
            session: id(6)?,
            start_time: number(22)?,
        }))
    }
}

/// Whether an error of /proc means that the process has ended.
pub(crate) fn gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
        || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
}

/// `pid` as the system calls take it.
pub(crate) fn raw_pid(pid: u32) -> io::Result<Pid> {
    i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, format!("{pid} is no pid")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_name_with_parentheses_is_no_trap() {
        let middle = vec!["0"; 15].join(" ");
        let stat = Stat::parse(&format!("7 (a) b (c) S 1 2 3 {middle} 4711 23")).unwrap();
        assert_eq!(stat, Some(Stat { state: 'S', parent: 1, session: 3, start_time: 4711 }));
    }

    /// What the kernel says between the end of a zombie and that of its pid.
    #[test]
    fn who_is_being_reaped_is_gone() {
        let middle = vec!["0"; 15].join(" ");
        let stat = Stat::parse(&format!("7 (bash) X 0 -1 -1 {middle} 4711 23")).unwrap();
        assert_eq!(stat, None);
        assert!(Stat::parse("7 (bash) X 0").is_err());
    }

    #[test]
    fn this_process_is_itself_and_no_other() {
        let me = Identity::of(std::process::id()).unwrap().unwrap();
        assert!(me.exists().unwrap());
        assert!(!Identity { start_time: me.start_time + 1, ..me }.exists().unwrap());
    }

    #[test]
    fn no_process_has_the_highest_pid() {
        assert_eq!(Identity::of(u32::MAX).unwrap(), None);
    }
}

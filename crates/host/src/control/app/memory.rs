//! Watching a process's memory where the system does not limit it.

use std::fs;
use std::time::Duration;

use super::{Mailbox, Message};
use crate::keeper::wire::ProcessId;

const INTERVAL: Duration = Duration::from_millis(100);

/// Tells the app once when `pid` and what it started use more than `max` bytes.
pub(super) async fn watch(process: ProcessId, pid: u32, max: u64, app: Mailbox) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        let used = used(pid);
        if used > max {
            app.send(Message::OverMemory { process, used });
            return;
        }
    }
}

/// Resident bytes of a process and its descendants, as far as they can be
/// read: what has ended meanwhile uses nothing.
fn used(pid: u32) -> u64 {
    let own = fs::read_to_string(format!("/proc/{pid}/status"))
        .ok()
        .and_then(|status| resident(&status))
        .unwrap_or_default();
    own + children(pid).into_iter().map(used).sum::<u64>()
}

/// `VmRSS: 1234 kB` of `proc_pid_status(5)`.
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

/// `proc_tid_children(5)`.
fn children(pid: u32) -> Vec<u32> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let mut children = Vec::new();
    for task in tasks.flatten() {
        let list = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        children.extend(list.split_ascii_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
    }
    children
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_in_bytes() {
        assert_eq!(resident("Name:\tx\nVmRSS:\t    2048 kB\n"), Some(2 * 1024 * 1024));
        assert_eq!(resident("Name:\tx\n"), None);
        assert!(used(std::process::id()) > 0);
    }

    #[tokio::test]
    async fn a_process_whose_child_uses_too_much_is_told_of_once() {
        let script = "python3 -c 'x = b\"x\" * (96 << 20); input()'; true";
        let (stdin, _kept_open) = std::io::pipe().unwrap();
        let mut process = shipway_process::Command::new("memory-test", "/bin/sh")
            .args(["-c", script])
            .env("PATH", "/usr/bin:/bin")
            .stdin(std::os::fd::OwnedFd::from(stdin))
            .spawn()
            .unwrap();
        let (sender, mut told) = tokio::sync::mpsc::unbounded_channel();
        let max = 64 << 20;
        let watched = watch(ProcessId("p".to_owned()), process.pid(), max, Mailbox(sender));
        tokio::time::timeout(Duration::from_secs(60), watched).await.unwrap();
        let Some(Message::OverMemory { used, .. }) = told.recv().await else { panic!() };
        assert!(used > max);
        process.kill_all().await.unwrap();
    }
}

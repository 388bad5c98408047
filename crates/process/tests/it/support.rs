//! What the tests share.

use shipway_process::{Command, Contained, Stdio};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::unix::pipe;

/// How a test's child is contained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum By {
    /// The best that the machine has.
    Cgroup,
    /// What is left without control groups.
    Mark,
}

pub(crate) const BOTH: [By; 2] = [By::Cgroup, By::Mark];

/// `sh -c script` with its stdout piped.
pub(crate) fn sh(by: By, script: &str) -> Command {
    Command::new("test", "/bin/sh")
        .arg("-c")
        .arg(script)
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .stdout(Stdio::piped())
        .use_cgroups(by == By::Cgroup)
}

pub(crate) type Lines = tokio::io::Lines<BufReader<pipe::Receiver>>;

pub(crate) fn lines(child: &mut Contained) -> Lines {
    BufReader::new(child.take_stdout().unwrap().unwrap()).lines()
}

pub(crate) async fn pid(lines: &mut Lines) -> u32 {
    lines.next_line().await.unwrap().unwrap().trim().parse().unwrap()
}

/// Whether a process runs: a zombie does not.
pub(crate) fn runs(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit_once(") ").unwrap().1.starts_with('Z'))
}

/// A daemon: its own session, no parent left, nothing of ours but the pipe.
/// Prints its pid.
pub(crate) const DAEMON: &str =
    "(setsid sh -c 'setsid sh -c \"echo \\$\\$; exec sleep 1000\" &' &)";

/// The folders of control groups that mention `needle`.
pub(crate) fn groups(needle: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut next = vec![std::path::PathBuf::from("/sys/fs/cgroup")];
    while let Some(folder) = next.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if entry.file_name().to_string_lossy().contains(needle) {
                    found.push(entry.path().display().to_string());
                }
                next.push(entry.path());
            }
        }
    }
    found
}

//! The program `sim-backend`: its faults, and how it stops.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use shipway_sim::backend::{SETTINGS_FILE, Settings, executable};
use shipway_sim::repo::Repo;
use shipway_sim::traffic::{Load, Requests, Source, Uploads};
use shipway_sim::wait_until;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(20);

fn start(dir: &Path, settings: &Settings) -> Child {
    std::fs::write(dir.join(SETTINGS_FILE), settings.to_file()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sim-backend"));
    command.current_dir(dir).env_clear().env("PORT", "0").kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[expect(clippy::disallowed_methods, reason = "killed when dropped, see above")]
    let child = command.spawn().unwrap();
    child
}

/// Waits for its end.
async fn ended(child: Child) -> (i32, String) {
    let output: Output = timeout(SOON, child.wait_with_output()).await.unwrap().unwrap();
    let code = output.status.code().unwrap();
    (code, String::from_utf8(output.stderr).unwrap())
}

/// Reads the next line of its output.
async fn line(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    timeout(SOON, lines.next_line()).await.unwrap().unwrap().unwrap()
}

fn terminate(child: &Child) {
    let pid = Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
}

#[tokio::test]
async fn asked_to_stop_it_finishes_what_is_open() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = start(dir.path(), &Settings { version: "v7".into(), ..Settings::default() });
    let line = line(&mut child).await;
    let address = line.strip_prefix("version v7 listens on ").unwrap().parse().unwrap();
    let uploads = Uploads { count: 2, bytes: 1 << 20, over: Duration::from_secs(1) };
    let running = Load { uploads: Some(uploads), ..Load::new(address) }.start();
    let opened = || running.tallies().get(&Source::Uploads).is_some_and(|t| t.opened == 2);
    wait_until("two uploads", SOON, opened).await.unwrap();
    let accepted = Requests { connections: 1, rate: 100, body: 1 };
    let probe = Load { requests: Some(accepted), ..Load::new(address) }.start();
    // Connections are accepted in order: an answer means both uploads were.
    let answers = || probe.answered(Source::Requests) > 0;
    wait_until("an answer", SOON, answers).await.unwrap();
    probe.stop().await.assert_clean();
    terminate(&child);
    let done = || running.answered(Source::Uploads) == 2;
    wait_until("both uploads", SOON, done).await.unwrap();
    assert_eq!(ended(child).await, (0, "stopped, every request finished\n".to_owned()));
    drop(running);
}

#[tokio::test]
async fn it_crashes_or_dies_as_told() {
    let dir = tempfile::tempdir().unwrap();
    let crash = Settings { crash_at_start: true, ..Settings::default() };
    let (code, said) = ended(start(dir.path(), &crash)).await;
    assert_eq!((code, said.as_str()), (3, "crashing at start, as told\n"));
    let die = Settings { die_after: Some(Duration::from_millis(50)), ..Settings::default() };
    let (code, said) = ended(start(dir.path(), &die)).await;
    assert_eq!((code, said.as_str()), (4, "dying, as told\n"));
}

#[tokio::test]
async fn it_runs_without_listening_as_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = start(dir.path(), &Settings { no_listen: true, ..Settings::default() });
    assert_eq!(line(&mut child).await, "running without listening, as told");
    terminate(&child);
    assert_eq!(ended(child).await.0, 0);
}

#[tokio::test]
async fn it_ignores_the_signal_as_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = start(dir.path(), &Settings { ignore_term: true, ..Settings::default() });
    assert!(line(&mut child).await.contains("listens on"));
    terminate(&child);
    assert_eq!(line(&mut child).await, "ignoring the signal, as told");
    child.kill().await.unwrap();
}

#[tokio::test]
async fn it_takes_more_and_more_memory_as_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = start(dir.path(), &Settings { eat_memory: 200, ..Settings::default() });
    assert!(line(&mut child).await.contains("listens on"));
    let status = format!("/proc/{}/status", child.id().unwrap());
    let resident = || {
        let status = std::fs::read_to_string(&status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() >> 10
    };
    wait_until("60 MiB", SOON, || resident() >= 60).await.unwrap();
    child.kill().await.unwrap();
}

#[tokio::test]
async fn settings_that_make_no_sense_end_it() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(SETTINGS_FILE), "ERROR_PERCENT=many\n").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sim-backend"));
    let output = command.current_dir(dir.path()).env_clear().output().await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "sim-backend: ERROR_PERCENT=many: expected 0 to 100\n");
}

#[tokio::test]
async fn other_crates_are_told_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { crash_at_start: true, ..Settings::default() };
    let repo = Repo::with_backend(folder.path().join("repo"), &settings).unwrap();
    let program = executable().unwrap();
    assert!(repo.read("shipway.yaml").unwrap().contains(program.to_str().unwrap()));
    // Started in the repository, it is what the commit says.
    let mut command = Command::new(program);
    let output = command.current_dir(repo.path()).output().await.unwrap();
    assert_eq!(output.status.code(), Some(3));
}

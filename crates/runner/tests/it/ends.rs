//! However a job ends, nothing of it is left.

use std::time::{Duration, Instant};

use shipway_process::{Command, Lifetime, Signal, Stdio};
use shipway_runner::client::{JobOutcome, WorkerCommand, Workers, run_job};
use shipway_runner::protocol::{Event, JobResult, Outcome};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::support::{Heard, Run, collect, runs, worker, worker_of, workflow};

/// Says its pid and that of a daemon, and does not go away by itself.
const STUBBORN: &str = "- run: |
    trap '' INT TERM
    (setsid sh -c 'trap \"\" INT TERM; echo pid $$; while :; do sleep 1000; done' &)
    echo pid $$
    while :; do sleep 1000; done
";

/// Reads events until `count` pids were said; the pids.
async fn pids(events: &mut mpsc::Receiver<Event>, count: usize) -> Vec<u32> {
    let mut text = String::new();
    loop {
        let found: Vec<u32> = text
            .lines()
            .filter_map(|line| line.strip_prefix("pid ").and_then(|pid| pid.parse().ok()))
            .collect();
        if found.len() == count && text.ends_with('\n') {
            return found;
        }
        match events.recv().await.expect("the job says its pids") {
            Event::Output { data, stream, .. }
                if stream != shipway_runner::protocol::Stream::Worker =>
            {
                text.push_str(&data.to_text());
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_cancelled_job_is_interrupted_and_its_always_steps_run() {
    let run = Run::new();
    let steps = "- run: |
    trap 'echo interrupted; exit 1' INT
    echo pid $$; sleep 1000 & wait
- run: echo not reached
- {if: always(), run: 'echo always ${{ job.status }}'}
- {if: cancelled(), run: echo cancelled}
- {if: failure(), run: echo failure}";
    let (sender, mut events) = mpsc::channel(64);
    let cancel = CancellationToken::new();
    let worker = worker();
    let job = run_job(&worker, run.message("j", &workflow(steps)), sender, cancel.clone());
    let watch = async {
        let pids = pids(&mut events, 1).await;
        cancel.cancel();
        (pids, collect(events).await)
    };
    let (outcome, (pids, events)) = tokio::join!(job, watch);
    let heard = Heard { outcome, events };
    assert_eq!(heard.result(), JobResult::Cancelled);
    assert_eq!(heard.reason(), "cancelled");
    assert_eq!(heard.output(), "interrupted\nalways cancelled\ncancelled\n");
    assert_eq!(heard.conclusions()[0], (Outcome::Cancelled, Outcome::Cancelled));
    assert!(!runs(pids[0]));
}

#[tokio::test]
async fn a_cancelled_job_that_does_not_listen_is_killed() {
    let run = Run::new();
    let (sender, mut events) = mpsc::channel(64);
    let cancel = CancellationToken::new();
    let worker = worker();
    let job = run_job(&worker, run.message("j", &workflow(STUBBORN)), sender, cancel.clone());
    let watch = async {
        let pids = pids(&mut events, 2).await;
        cancel.cancel();
        (pids, Instant::now(), collect(events).await)
    };
    let (outcome, (pids, cancelled, events)) = tokio::join!(job, watch);
    let heard = Heard { outcome, events };
    assert_eq!(heard.result(), JobResult::Cancelled);
    assert!(cancelled.elapsed() >= Duration::from_millis(500), "SIGINT, 300 ms, SIGTERM, 200 ms");
    assert!(!pids.iter().any(|pid| runs(*pid)), "{pids:?}");
}

#[tokio::test]
async fn always_steps_have_no_more_time_than_the_cancellation() {
    let mut run = Run::new();
    run.limits.cancel_ms = 500;
    let steps = "- run: echo pid $$; exec sleep 1000
- {if: always(), run: 'echo begun; exec sleep 1000'}
- {if: always(), run: echo not reached}";
    let (sender, mut events) = mpsc::channel(64);
    let cancel = CancellationToken::new();
    let worker = worker();
    let job = run_job(&worker, run.message("j", &workflow(steps)), sender, cancel.clone());
    let watch = async {
        pids(&mut events, 1).await;
        cancel.cancel();
        collect(events).await
    };
    let (outcome, events) = tokio::join!(job, watch);
    let heard = Heard { outcome, events };
    assert_eq!(heard.result(), JobResult::Cancelled);
    assert_eq!(heard.output(), "begun\n");
}

#[tokio::test]
async fn a_step_and_a_job_have_their_time() {
    let run = Run::new();
    let heard = run
        .steps(
            "- {run: sleep 1000, timeout-minutes: 0.005, continue-on-error: true, name: slow}
- {if: always(), run: echo after}",
        )
        .await;
    assert_eq!(heard.result(), JobResult::Success);
    assert_eq!(
        heard.reports()[0].reason.as_deref(),
        Some("The step 'slow' has timed out after 0.005 minutes.")
    );
    let text = "
on: push
jobs:
  j:
    runs-on: x
    timeout-minutes: ${{ fromJSON('0.01') }}
    steps:
      - run: exec sleep 1000
      - {if: always(), run: echo always}
      - run: echo not reached
";
    let heard = run.job("j", text).await;
    assert_eq!(heard.result(), JobResult::Cancelled);
    assert_eq!(heard.reason(), "the job's time was over after 0 min 0 s");
    assert_eq!(heard.output(), "always\n");
}

#[tokio::test]
async fn a_killed_worker_leaves_nothing() {
    let run = Run::new();
    let (sender, mut events) = mpsc::channel(64);
    let worker = worker();
    let job =
        run_job(&worker, run.message("j", &workflow(STUBBORN)), sender, CancellationToken::new());
    let watch = async {
        let Some(Event::Started { pid, .. }) = events.recv().await else { panic!("begins") };
        let pids = pids(&mut events, 2).await;
        let worker = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        rustix::process::kill_process(worker, rustix::process::Signal::KILL).unwrap();
        pids
    };
    let (outcome, pids) = tokio::join!(job, watch);
    let JobOutcome::Lost { reason } = outcome else { panic!("{outcome:?}") };
    assert_eq!(reason, "the worker ended without a result: killed by SIGKILL.");
    assert!(!pids.iter().any(|pid| runs(*pid)), "{pids:?}");
}

#[tokio::test]
async fn a_stopped_worker_is_noticed_and_killed() {
    let mut run = Run::new();
    run.limits.heartbeat_ms = 200;
    let (sender, mut events) = mpsc::channel(64);
    let worker = worker();
    let job =
        run_job(&worker, run.message("j", &workflow(STUBBORN)), sender, CancellationToken::new());
    let watch = async {
        let Some(Event::Started { pid, .. }) = events.recv().await else { panic!("begins") };
        let pids = pids(&mut events, 2).await;
        let worker = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        rustix::process::kill_process(worker, rustix::process::Signal::STOP).unwrap();
        pids
    };
    let (outcome, pids) = tokio::join!(job, watch);
    let JobOutcome::Lost { reason } = outcome else { panic!("{outcome:?}") };
    assert_eq!(reason, "the worker was silent for 600 ms and was killed");
    assert!(!pids.iter().any(|pid| runs(*pid)), "{pids:?}");
}

#[tokio::test]
async fn a_dropped_job_leaves_nothing() {
    let run = Run::new();
    let (sender, mut events) = mpsc::channel(64);
    let worker = worker();
    let message = run.message("j", &workflow(STUBBORN));
    let found = tokio::select! {
        outcome = run_job(&worker, message, sender, CancellationToken::new()) => panic!("{outcome:?}"),
        found = pids(&mut events, 2) => found,
    };
    assert!(!found.iter().any(|pid| runs(*pid)), "{found:?}");
}

#[tokio::test]
async fn no_worker_is_a_failure_and_not_a_loss() {
    let run = Run::new();
    let worker = Workers::new(WorkerCommand::new("/no/such/worker", &[]), "test");
    let (sender, _events) = mpsc::channel(1);
    let outcome =
        run_job(&worker, run.message("j", &workflow("- run: x")), sender, CancellationToken::new())
            .await;
    let JobOutcome::Ended { result: JobResult::Failure, reason: Some(reason), .. } = outcome else {
        panic!("{outcome:?}")
    };
    assert!(reason.to_string().contains("`/no/such/worker`: no such program"), "{reason}");
}

#[tokio::test]
async fn a_worker_of_another_protocol_refuses() {
    let run = Run::new();
    let mut message = run.message("j", &workflow("- run: x"));
    message.protocol = 99;
    let (sender, _events) = mpsc::channel(1);
    let outcome = run_job(&worker(), message, sender, CancellationToken::new()).await;
    let heard = Heard { outcome, events: Vec::new() };
    assert!(heard.reason().contains("speaks version 99"), "{}", heard.reason());
}

#[tokio::test]
async fn a_job_goes_on_when_nobody_listens() {
    let run = Run::new();
    let (sender, events) = mpsc::channel(1);
    drop(events);
    let message = run.message("j", &workflow("- run: seq 100000; touch done"));
    let outcome = run_job(&worker(), message, sender, CancellationToken::new()).await;
    assert!(matches!(outcome, JobOutcome::Ended { result: JobResult::Success, .. }), "{outcome:?}");
    assert!(run.path("jobs/j/workspace/done").exists());
}

#[tokio::test]
async fn a_step_that_outlasts_the_whole_cancellation_ends_as_cancelled() {
    let mut run = Run::new();
    run.limits.cancel_ms = 100;
    let (sender, mut events) = mpsc::channel(64);
    let cancel = CancellationToken::new();
    let worker = worker();
    let job = run_job(&worker, run.message("j", &workflow(STUBBORN)), sender, cancel.clone());
    let watch = async {
        let pids = pids(&mut events, 2).await;
        cancel.cancel();
        (pids, collect(events).await)
    };
    let (outcome, (pids, events)) = tokio::join!(job, watch);
    assert_eq!(Heard { outcome, events }.result(), JobResult::Cancelled);
    assert!(!pids.iter().any(|pid| runs(*pid)), "{pids:?}");
}

#[tokio::test]
async fn a_worker_takes_the_next_job_of_its_run_and_of_no_other() {
    let workers = worker();
    let mut pids = Vec::new();
    let (one, other) = (Run::new(), Run::new());
    for (run, name) in [(&one, "one"), (&one, "one"), (&other, "other")] {
        let mut message = run.message("j", &workflow("- run: 'true'"));
        message.run =
            shipway_core::ids::RunId::new(if name == "other" { "r2" } else { "r1" }).unwrap();
        let (sender, mut events) = mpsc::channel(64);
        let outcome = run_job(&workers, message, sender, CancellationToken::new()).await;
        assert!(matches!(outcome, JobOutcome::Ended { result: JobResult::Success, .. }));
        let Some(Event::Started { pid, .. }) = events.recv().await else { panic!("begins") };
        pids.push(pid);
    }
    assert_eq!(pids[0], pids[1]);
    assert_ne!(pids[0], pids[2]);
    drop(workers);
    assert!(!pids.iter().any(|pid| runs(*pid)), "{pids:?}");
}

/// The second job in the same folders is told less, and finds what the first found.
#[tokio::test]
async fn a_next_job_finds_what_the_first_one_found() {
    let (workers, run) = (worker(), Run::new());
    let text = workflow(
        "- run: |
    echo \"${{ github.event.head.message }} ${{ github.ref_name }} $GITHUB_REF_NAME $GITHUB_JOB\"
    grep -q '\"message\":\"hi\"' \"$GITHUB_EVENT_PATH\"
    echo \"before: '$LATER' $(cat \"$GITHUB_ENV\" \"$GITHUB_OUTPUT\")\"
    echo LATER=now >> \"$GITHUB_ENV\"
    echo other > \"$GITHUB_EVENT_PATH\"
    ! grep -qs secret \"$RUNNER_TEMP/files-0/script-of-mine\"
    echo secret > \"$RUNNER_TEMP/files-0/script-of-mine\"
- run: |
    echo \"after: '$LATER'\"",
    );
    let mut written = Vec::new();
    for _ in 0..3 {
        let (sender, events) = mpsc::channel(64);
        let job = run_job(&workers, run.message("j", &text), sender, CancellationToken::new());
        let (outcome, events) = tokio::join!(job, collect(events));
        let heard = Heard { outcome, events };
        assert_eq!(heard.result(), JobResult::Success, "{}{}", heard.reason(), heard.log());
        let started = heard.events.iter().find_map(|event| match event {
            Event::Started { pid, .. } => Some(*pid),
            _ => None,
        });
        written.push((started, heard.output()));
    }
    assert_eq!(written[0].1, "hi main main j\nbefore: '' \nafter: 'now'\n");
    assert_eq!(written[1..], [written[0].clone(), written[0].clone()], "by the same worker");
}

#[tokio::test]
async fn a_cancellation_is_of_one_job_alone() {
    let (workers, run) = (worker(), Run::new());
    let cancel = CancellationToken::new();
    let (sender, mut events) = mpsc::channel(64);
    let message = run.message("j", &workflow("- run: sleep 1000"));
    let job = run_job(&workers, message, sender, cancel.clone());
    let watch = async {
        while let Some(event) = events.recv().await {
            if matches!(event, Event::StepStarted { .. }) {
                cancel.cancel();
            }
        }
    };
    let (outcome, ()) = tokio::join!(job, watch);
    assert!(matches!(outcome, JobOutcome::Ended { result: JobResult::Cancelled, .. }));
    // What it was told is of that job alone.
    let (sender, _events) = mpsc::channel(64);
    let message = run.message("j", &workflow("- run: 'true'"));
    let outcome = run_job(&workers, message, sender, CancellationToken::new()).await;
    assert!(matches!(outcome, JobOutcome::Ended { result: JobResult::Success, .. }), "{outcome:?}");
}

/// The role of an engine that is killed: runs a stubborn job and says the pids.
#[tokio::test]
#[ignore = "a role in another test, not a test"]
async fn engine() {
    let run = Run::new();
    let (sender, mut events) = mpsc::channel(64);
    let worker = worker_of(&std::env::var("OWNER").unwrap());
    let message = run.message("j", &workflow(STUBBORN));
    let watch = async {
        let Some(Event::Started { pid, .. }) = events.recv().await else { panic!("begins") };
        let found = pids(&mut events, 2).await;
        println!("\nPIDS {pid} {} {}", found[0], found[1]);
        std::future::pending::<()>().await;
    };
    tokio::join!(run_job(&worker, message, sender, CancellationToken::new()), watch);
}

#[tokio::test]
async fn a_killed_engine_leaves_nothing() {
    let owner = format!("killed-engine-{}", std::process::id());
    let folder = tempfile::tempdir().unwrap();
    let mut engine = Command::new("role", std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "ends::engine", "--nocapture"])
        .env("PATH", std::env::var("PATH").unwrap())
        .env("TMPDIR", folder.path())
        .env("OWNER", &owner)
        .stdout(Stdio::piped())
        // Nothing but the engine itself is killed here.
        .lifetime(Lifetime::OnItsOwn)
        .use_cgroups(false)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(engine.take_stdout().unwrap().unwrap()).lines();
    let pids: Vec<u32> = loop {
        let line = lines.next_line().await.unwrap().expect("the role says the pids");
        if let Some(pids) = line.strip_prefix("PIDS ") {
            break pids.split(' ').map(|pid| pid.parse().unwrap()).collect();
        }
    };
    let processes: Vec<_> = pids
        .iter()
        .map(|pid| {
            let pid = rustix::process::Pid::from_raw(i32::try_from(*pid).unwrap()).unwrap();
            rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).unwrap()
        })
        .collect();
    engine.signal_child(Signal::KILL).unwrap();
    engine.wait().await.unwrap();
    // The worker notices by itself; nobody else cleans up.
    for process in &processes {
        let mut fds = [rustix::event::PollFd::new(process, rustix::event::PollFlags::IN)];
        let timeout = rustix::event::Timespec { tv_sec: 10, tv_nsec: 0 };
        let ended = rustix::event::poll(&mut fds, Some(&timeout)).unwrap();
        assert_eq!(ended, 1, "of {pids:?} one is left");
    }
    assert_eq!(worker_of(&owner).clean_up().await.unwrap(), 0, "its control group is left");
}

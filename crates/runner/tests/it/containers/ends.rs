//! However a job in containers ends, nothing of it is left.

use std::time::{Duration, Instant};

use shipway_process::{Command, Lifetime, Signal, Stdio};
use shipway_runner::client::{JobOutcome, run_job};
use shipway_runner::docker;
use shipway_runner::protocol::{Event, JobResult, Outcome};
use shipway_sim::dockerd::Dockerd;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{JOB, dockerd, job, workflow};
use crate::dockerd::{command, env, workers};
use crate::support::{Heard, Run, collect};

/// Says its pid in the container and does not go away by itself.
const STUBBORN: &str = "- run: |
    trap 'echo interrupted' INT
    trap 'echo terminated' TERM
    echo begun
    while :; do sleep 1000 & wait || :; done
- {if: always(), run: 'echo left $(ps | grep -c \"sleep 100[0]\")'}";

async fn cancelled(run: &Run, dockerd: &Dockerd, text: &str) -> Heard {
    let (heard, mut events) = mpsc::channel(64);
    let message = run.message("j", text);
    let effect = message.effect.clone();
    let (workers, cancel) = (workers(dockerd), CancellationToken::new());
    let job = run_job(&workers, message, heard, cancel.clone());
    let watch = async {
        let mut all = begun(&mut events).await;
        cancel.cancel();
        all.extend(collect(events).await);
        all
    };
    let (outcome, events) = tokio::join!(job, watch);
    assert_eq!(dockerd.left(Some(&effect)), Vec::<String>::new());
    Heard { outcome, events }
}

/// Reads until the step says `begun`.
async fn begun(events: &mut mpsc::Receiver<Event>) -> Vec<Event> {
    let mut all = Vec::new();
    loop {
        let event = events.recv().await.expect("the step begins");
        let begun = matches!(&event, Event::Output { step: Some(_), stream, data }
            if *stream != shipway_runner::protocol::Stream::Worker
                && data.to_text().contains("begun"));
        all.push(event);
        if begun {
            return all;
        }
    }
}

#[tokio::test]
async fn a_cancelled_step_is_interrupted_terminated_and_killed_in_the_container() {
    let dockerd = dockerd!();
    let run = Run::new();
    let began = Instant::now();
    let heard = cancelled(&run, dockerd, &workflow(JOB, STUBBORN)).await;
    assert_eq!(heard.result(), JobResult::Cancelled, "{}", heard.log());
    assert_eq!(heard.output(), "begun\ninterrupted\nterminated\nleft 0\n");
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn a_cancelled_action_is_interrupted_in_its_container() {
    let dockerd = dockerd!();
    let run = Run::new();
    let steps = "- uses: docker://shipway/busybox:1
  with:
    entrypoint: sh
    args: -c \"trap 'echo interrupted; exit 0' INT; echo begun; while :; do sleep 0.1; done\"";
    let heard = cancelled(&run, dockerd, &workflow("", steps)).await;
    assert_eq!(heard.result(), JobResult::Cancelled, "{}", heard.log());
    assert_eq!(heard.output(), "begun\ninterrupted\n");
}

#[tokio::test]
async fn a_step_in_a_container_has_its_time_and_leaves_the_container_as_it_is() {
    let dockerd = dockerd!();
    let run = Run::new();
    let steps = "- {run: sleep 1000, timeout-minutes: 0.01, continue-on-error: true, name: slow}
- run: (sleep 1001 &) ; echo kept
- run: ps | grep -c 'sleep 100[01]'";
    let heard = job(&run, dockerd, &workflow(JOB, steps)).await;
    assert_eq!(heard.conclusions()[0], (Outcome::Failure, Outcome::Success), "{}", heard.log());
    // What a step left running goes on; what was stopped does not.
    assert_eq!(heard.output(), "kept\n1\n");
}

#[tokio::test]
async fn nothing_is_left_when_the_worker_is_killed() {
    let dockerd = dockerd!();
    let run = Run::new();
    let (heard, mut events) = mpsc::channel(64);
    let services = "services: {s: {image: 'shipway/busybox:1', volumes: ['kept-not:/v'], \
                    entrypoint: sleep, command: '1000'}}";
    let text = workflow(&format!("{JOB}\n{services}"), STUBBORN);
    let message = run.message("j", &text);
    let effect = message.effect.clone();
    let workers = workers(dockerd);
    let job = run_job(&workers, message, heard, CancellationToken::new());
    let watch = async {
        let all = begun(&mut events).await;
        assert_eq!(dockerd.left(Some(&effect)).len(), 4, "two containers, a network and a volume");
        let pid = all.iter().find_map(|event| match event {
            Event::Started { pid, .. } => Some(*pid),
            _ => None,
        });
        let pid = rustix::process::Pid::from_raw(i32::try_from(pid.unwrap()).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        collect(events).await
    };
    let (outcome, _) = tokio::join!(job, watch);
    assert!(matches!(outcome, JobOutcome::Lost { .. }), "{outcome:?}");
    assert_eq!(dockerd.left(Some(&effect)), Vec::<String>::new());
}

/// An engine and its worker as processes of their own: the worker's ends of the
/// pipes are held here, and closed as a dying engine would.
#[tokio::test]
async fn nothing_is_left_when_the_engine_dies_or_both_do() {
    let dockerd = dockerd!();
    for both in [false, true] {
        let run = Run::new();
        let message = run.message("j", &workflow(JOB, STUBBORN));
        let effect = message.effect.clone();
        let command = command(dockerd);
        let mut child = Command::new("docker-test", &command.program)
            .envs(command.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .lifetime(Lifetime::WithHandle)
            .spawn()
            .unwrap();
        let mut stdin = child.take_stdin().unwrap().unwrap();
        let mut stdout = child.take_stdout().unwrap().unwrap();
        let order =
            serde_json::to_string(&shipway_runner::protocol::Downward::Job(Box::new(message)));
        tokio::io::AsyncWriteExt::write_all(&mut stdin, format!("{}\n", order.unwrap()).as_bytes())
            .await
            .unwrap();
        let mut said = Vec::new();
        while !String::from_utf8_lossy(&said).contains("begun")
            || dockerd.left(Some(&effect)).len() < 2
        {
            let count = tokio::io::AsyncReadExt::read_buf(&mut stdout, &mut said).await.unwrap();
            assert!(count > 0, "{}", String::from_utf8_lossy(&said));
        }
        if both {
            child.signal(Signal::KILL).unwrap();
            child.wait().await.unwrap();
            assert_eq!(dockerd.left(Some(&effect)).len(), 2, "a container and a network");
            assert_eq!(docker::clean_up(&effect, &env(dockerd)).await.unwrap(), 2);
        } else {
            drop((stdin, stdout));
            child.wait().await.unwrap();
        }
        assert_eq!(dockerd.left(Some(&effect)), Vec::<String>::new());
    }
}

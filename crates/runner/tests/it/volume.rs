//! Much output.

use shipway_runner::client::{JobOutcome, run_job};
use shipway_runner::protocol::{Event, JobResult, Secret, Stream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::support::{Run, worker, workflow};

/// The most memory that a process had so far, in KiB; `None` once it has ended.
fn peak(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Streams what `script` writes; how many bytes came and the worker's peak.
async fn stream(script: &str) -> (u64, u64) {
    let mut run = Run::new();
    run.secrets.insert("S".to_owned(), Secret::new("not-in-the-output"));
    let (sender, mut events) = mpsc::channel(4);
    let worker = worker();
    let message = run.message("j", &workflow(&format!("- run: {script}")));
    let job = run_job(&worker, message, sender, CancellationToken::new());
    let watch = async {
        let (mut bytes, mut most, mut worker, mut room) = (0, 0, 0, Vec::new());
        while let Some(event) = events.recv().await {
            match event {
                Event::Started { pid, .. } => worker = pid,
                Event::Output { stream, data, .. } if stream != Stream::Worker => {
                    bytes += data.read(&mut room).unwrap().len() as u64;
                    most = peak(worker).unwrap_or(most);
                }
                _ => {}
            }
        }
        (bytes, most)
    };
    let (outcome, found) = tokio::join!(job, watch);
    assert!(matches!(outcome, JobOutcome::Ended { result: JobResult::Success, .. }), "{outcome:?}");
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_megabytes_take_no_memory() {
    let (bytes, peak) =
        stream("yes 'a line of the output of a verbose build' | head -c 104857600").await;
    assert_eq!(bytes, 104_857_600);
    assert!(peak > 0 && peak < 64 << 10, "{peak} KiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_without_an_end_takes_no_memory() {
    let (bytes, peak) = stream("head -c 20971520 /dev/zero").await;
    assert_eq!(bytes, 20_971_520);
    assert!(peak > 0 && peak < 64 << 10, "{peak} KiB");
}

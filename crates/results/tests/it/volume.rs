//! Large uploads and downloads stay small in memory.

use std::io::Write as _;

use shipway_results::pieces;
use tokio::task::spawn_blocking;

use crate::support::{World, client, job};

const MIB: usize = 1 << 20;
const SIZE: usize = 512 * MIB;
/// Beside what other tests use at the same time.
const MOST: usize = 128 * MIB;

/// The most memory that this process had at a time.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
}

#[tokio::test]
async fn memory_does_not_grow_with_what_is_stored() {
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    let client = client(&admission);
    let before = peak();
    let (mut out, source) = pieces();
    let writing = spawn_blocking(move || {
        let piece = vec![7; MIB];
        for _ in 0..SIZE / MIB {
            out.write_all(&piece)?;
        }
        out.finish()
    });
    let uploading = client.upload_artifact("large", None, "application/zip", source);
    let (written, uploaded) = tokio::join!(writing, uploading);
    written.unwrap().unwrap();
    assert_eq!(uploaded.unwrap().1.size, SIZE as u64);
    let artifact = client.artifacts().await.unwrap().remove(0);
    let mut out = tokio::fs::File::from_std(tempfile::tempfile().unwrap());
    client.download_artifact(&artifact, &mut out).await.unwrap();
    assert_eq!(out.metadata().await.unwrap().len(), SIZE as u64);
    let grown = peak() - before;
    assert!(grown < MOST, "{} MiB", grown / MIB);
}

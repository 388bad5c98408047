//! Limits, where the machine enforces them.

use shipway_process::{Exit, Limits};

use crate::support::{By, groups, lines, sh};

#[tokio::test]
async fn too_much_memory_is_told_from_a_kill() {
    let limits = Limits { memory_max: Some(32 << 20), ..Limits::default() };
    let mut child = sh(By::Cgroup, "exec tail /dev/zero").limits(limits).spawn().unwrap();
    if !child.enforced().memory {
        assert_eq!(child.enforced().missing(&limits), ["memory"]);
        return;
    }
    assert_eq!(child.wait().await.unwrap(), Exit::OutOfMemory);
    child.kill_all().await.unwrap();
}

#[tokio::test]
async fn a_kill_is_told_from_too_much_memory() {
    let limits = Limits { memory_max: Some(32 << 20), ..Limits::default() };
    let mut child = sh(By::Cgroup, "kill -9 $$").limits(limits).spawn().unwrap();
    assert_eq!(child.wait().await.unwrap(), Exit::Signal(9));
    child.kill_all().await.unwrap();
}

#[tokio::test]
async fn there_are_no_more_processes_than_allowed() {
    let limits = Limits { pids: Some(4), ..Limits::default() };
    let script = "i=0; while [ $i -lt 8 ]; do sleep 1000 & i=$((i+1)); done; exit 0";
    let mut child = sh(By::Cgroup, script).limits(limits).spawn().unwrap();
    if !child.enforced().pids {
        assert_eq!(child.enforced().missing(&limits), ["pids"]);
        return;
    }
    // The shell gives up at a fork that is refused.
    assert_ne!(child.wait().await.unwrap(), Exit::Code(0));
    assert!(child.record().members().unwrap().len() <= 4);
    child.kill_all().await.unwrap();
}

#[tokio::test]
async fn there_is_no_more_cpu_than_allowed() {
    let limits = Limits { cpu_milli: Some(100), ..Limits::default() };
    let script = "python3 -c '
import time
began = time.monotonic()
while time.process_time() < 0.3: pass
print(time.monotonic() - began)'";
    let mut child = sh(By::Cgroup, script).limits(limits).spawn().unwrap();
    if !child.enforced().cpu {
        assert_eq!(child.enforced().missing(&limits), ["cpu"]);
        return;
    }
    let took: f64 = lines(&mut child).next_line().await.unwrap().unwrap().parse().unwrap();
    assert!(took > 0.9, "0.3 s of CPU took {took} s of a tenth of a CPU");
    child.kill_all().await.unwrap();
}

#[tokio::test]
async fn the_groups_of_limits_are_removed() {
    let limits = Limits { memory_max: Some(64 << 20), cpu_milli: Some(500), pids: Some(50) };
    let mut child = sh(By::Cgroup, "exec sleep 1000").limits(limits).spawn().unwrap();
    let record = serde_json::to_value(child.record()).unwrap();
    let path = record["containment"]["members"]["path"].as_str().map(str::to_owned);
    child.kill_all().await.unwrap();
    if let Some(path) = path {
        let name = path.rsplit_once('/').unwrap().1;
        assert_eq!(groups(name), Vec::<String>::new());
    }
}

#[tokio::test]
async fn without_control_groups_no_limit_is_claimed() {
    let limits = Limits { memory_max: Some(1 << 30), cpu_milli: Some(500), pids: Some(9) };
    let mut child = sh(By::Mark, "exit 0").limits(limits).spawn().unwrap();
    assert_eq!(child.enforced().missing(&limits), ["memory", "cpu", "pids"]);
    child.kill_all().await.unwrap();
}

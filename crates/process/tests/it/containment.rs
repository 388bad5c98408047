//! Nothing escapes.

use shipway_process::{Command, Exit, Lifetime, Signal, Stdio};

use crate::support::{BOTH, By, DAEMON, groups, lines, pid, runs, sh};

#[tokio::test]
async fn a_daemon_dies_with_the_rest() {
    for by in BOTH {
        let mut child = sh(by, &format!("{DAEMON}; exec sleep 1000")).spawn().unwrap();
        let daemon = pid(&mut lines(&mut child)).await;
        assert!(runs(daemon), "{by:?}");
        let exit = child.kill_all().await.unwrap();
        assert_eq!(exit, Exit::Signal(9), "{by:?}");
        assert!(!runs(daemon), "{by:?}");
        assert!(child.record().members().unwrap().is_empty(), "{by:?}");
    }
}

#[tokio::test]
async fn a_daemon_that_outlived_the_child_dies_too() {
    for by in BOTH {
        let mut child = sh(by, DAEMON).spawn().unwrap();
        let daemon = pid(&mut lines(&mut child)).await;
        assert_eq!(child.wait().await.unwrap(), Exit::Code(0), "{by:?}");
        assert!(runs(daemon), "{by:?}");
        child.kill_all().await.unwrap();
        assert!(!runs(daemon), "{by:?}");
    }
}

#[tokio::test]
async fn a_containment_inside_another_dies_with_it() {
    // The inner one is made by hand: a group below the outer's, as a worker's
    // step has one.
    let Some(unified) = std::fs::read_to_string("/proc/mounts").unwrap().lines().find_map(|line| {
        let mut fields = line.split(' ');
        let point = fields.nth(1)?;
        (fields.next()? == "cgroup2").then(|| point.to_owned())
    }) else {
        return;
    };
    let script = format!(
        "mkdir {unified}$(sed -n s/^0:://p /proc/self/cgroup)/shipway.inner
         echo 0 > {unified}$(sed -n s/^0:://p /proc/self/cgroup)/shipway.inner/cgroup.procs
         echo $$; exec sleep 1000"
    );
    let mut child = sh(By::Cgroup, &script).spawn().unwrap();
    let inner = pid(&mut lines(&mut child)).await;
    assert!(groups("shipway.inner").iter().any(|path| path.contains("shipway.test")));
    assert!(child.record().members().unwrap().contains(&inner));
    child.kill_all().await.unwrap();
    assert!(!runs(inner));
    assert!(groups("shipway.inner").is_empty());
}

#[tokio::test]
async fn a_fork_bomb_does_not_outrun_the_kill() {
    for by in BOTH {
        let script = "f() { sleep 1000 & }; echo $$; i=0; while [ $i -lt 300 ]; do f; i=$((i+1)); done; wait";
        let mut child = sh(by, script).spawn().unwrap();
        pid(&mut lines(&mut child)).await;
        child.kill_all().await.unwrap();
        assert!(child.record().members().unwrap().is_empty(), "{by:?}");
    }
}

#[tokio::test]
async fn a_signal_reaches_the_daemon() {
    for by in BOTH {
        let script = "trap 'echo parent' TERM
            (setsid sh -c 'trap \"echo daemon; exit\" TERM; echo ready; sleep 1000 & wait' &)
            while :; do sleep 1000 & wait; done";
        let mut child = sh(by, script).spawn().unwrap();
        let mut lines = lines(&mut child);
        assert_eq!(lines.next_line().await.unwrap().unwrap(), "ready");
        child.signal(Signal::TERM).unwrap();
        let mut heard = [(); 2].map(|()| String::new());
        for line in &mut heard {
            *line = lines.next_line().await.unwrap().unwrap();
        }
        heard.sort();
        assert_eq!(heard, ["daemon", "parent"], "{by:?}");
        child.kill_all().await.unwrap();
    }
}

#[tokio::test]
async fn dropping_kills_what_was_not_to_live_on_its_own() {
    for by in BOTH {
        for (lifetime, survives) in [
            (Lifetime::WithParent, false),
            (Lifetime::WithHandle, false),
            (Lifetime::OnItsOwn, true),
        ] {
            let script = format!("{DAEMON}; exec sleep 1000");
            let mut child = sh(by, &script).lifetime(lifetime).spawn().unwrap();
            let daemon = pid(&mut lines(&mut child)).await;
            let (own, record) = (child.pid(), child.record().clone());
            drop(child);
            assert_eq!((runs(own), runs(daemon)), (survives, survives), "{by:?} {lifetime:?}");
            record.kill_all().await.unwrap();
            assert_eq!((runs(own), runs(daemon)), (false, false), "{by:?} {lifetime:?}");
        }
    }
}

#[tokio::test]
async fn its_groups_are_removed() {
    let mut child = sh(By::Cgroup, "exit 0").spawn().unwrap();
    let own = format!(".{}-", std::process::id());
    let pid = child.pid();
    child.kill_all().await.unwrap();
    let record = serde_json::to_value(child.record()).unwrap();
    if let Some(path) = record["containment"]["members"]["path"].as_str() {
        assert!(!std::path::Path::new(path).exists(), "{path} of {pid} is left ({own})");
    }
    // Again is fine.
    child.kill_all().await.unwrap();
}

#[tokio::test]
async fn a_kill_in_the_middle_of_forking_misses_nothing() {
    for by in BOTH {
        for _ in 0..30 {
            let script = "i=0; while [ $i -lt 8 ]; do sleep 1000 & i=$((i+1)); done; exit 0";
            let mut child = sh(by, script).spawn().unwrap();
            child.kill_all().await.unwrap();
            // Looked for again, in all processes: what the kill did not find
            // may have become visible since.
            assert_eq!(child.record().members().unwrap(), Vec::<u32>::new(), "{by:?}");
        }
    }
}

#[tokio::test]
async fn a_child_that_left_nothing_leaves_its_room() {
    let sh = |by, script: &str| {
        let command = Command::new("vacant", "/bin/sh").arg("-c").arg(script);
        command.stdout(Stdio::piped()).use_cgroups(by == By::Cgroup)
    };
    for by in BOTH {
        let mut child = sh(by, "exit 3").spawn().unwrap();
        child.ended().await.unwrap();
        assert_eq!(child.wait().await.unwrap(), Exit::Code(3), "{by:?}");
        let room = child.vacate().unwrap();
        assert!(room.is_some(), "{by:?}");
        let mut next = sh(by, "exit 4").room(room).spawn().unwrap();
        assert_eq!(next.wait().await.unwrap(), Exit::Code(4), "{by:?}");
        drop(next.vacate().unwrap().unwrap());
        assert_eq!(groups("shipway.vacant."), Vec::<String>::new(), "{by:?}");
    }
    for by in BOTH {
        let mut child = sh(by, DAEMON).spawn().unwrap();
        let daemon = pid(&mut lines(&mut child)).await;
        assert!(child.vacate().unwrap().is_none(), "it has not been waited for: {by:?}");
        child.wait().await.unwrap();
        assert!(child.vacate().unwrap().is_none(), "the daemon runs: {by:?}");
        assert!(runs(daemon), "{by:?}");
        drop(child);
        assert!(!runs(daemon), "{by:?}");
    }
}

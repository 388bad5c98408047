//! A child outlives its parent and is taken over; or it dies with it.
//!
//! The parent is this very test executable, run again to play one role.

use std::io::Write as _;

use shipway_process::{
    AdoptError, Command, Contained, Exit, Lifetime, Record, Stdio, kill_leftovers,
};

use crate::support::{BOTH, By, DAEMON, lines, pid, runs, sh};

/// The role: starts a child, says who it is, and waits to be killed.
#[tokio::test]
#[ignore = "a role in other tests, not a test"]
async fn parent() {
    let by = if std::env::var("BY").unwrap() == "cgroup" { By::Cgroup } else { By::Mark };
    let lifetime = match std::env::var("LIFETIME").unwrap().as_str() {
        "own" => Lifetime::OnItsOwn,
        _ => Lifetime::WithParent,
    };
    let name = std::env::var("NAME").unwrap();
    let mut child = Command::new(name, "/bin/sh")
        .args(["-c", &format!("{DAEMON}; exec sleep 1000")])
        .env("PATH", "/usr/bin:/bin")
        .stdout(Stdio::piped())
        .lifetime(lifetime)
        .use_cgroups(by == By::Cgroup)
        .spawn()
        .unwrap();
    let daemon = pid(&mut lines(&mut child)).await;
    let record = serde_json::to_string(child.record()).unwrap();
    println!("\nCHILD {daemon} {record}");
    std::io::stdout().flush().unwrap();
    std::future::pending::<()>().await;
}

/// Runs the role, kills it with -9 when the child runs; the child's daemon and
/// record.
async fn dead_parent(by: By, lifetime: &str, name: &str) -> (u32, Record) {
    let mut parent = Command::new("role", std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "adoption::parent", "--nocapture"])
        .env("BY", if by == By::Cgroup { "cgroup" } else { "mark" })
        .env("LIFETIME", lifetime)
        .env("NAME", name)
        .stdout(Stdio::piped())
        // So that only the parent is killed here, and no group around all.
        .lifetime(Lifetime::OnItsOwn)
        .use_cgroups(false)
        .spawn()
        .unwrap();
    let mut lines = lines(&mut parent);
    let found = loop {
        let line = lines.next_line().await.unwrap().expect("the role says who its child is");
        if let Some(rest) = line.strip_prefix("CHILD ") {
            let (daemon, record) = rest.split_once(' ').unwrap();
            break (daemon.parse().unwrap(), serde_json::from_str(record).unwrap());
        }
    };
    parent.signal_child(shipway_process::Signal::KILL).unwrap();
    assert_eq!(parent.wait().await.unwrap(), Exit::Signal(9));
    found
}

#[tokio::test]
async fn a_child_is_adopted_after_its_parents_death() {
    for by in BOTH {
        let (daemon, record) = dead_parent(by, "own", "adopted").await;
        let mut child = Contained::adopt(record).unwrap();
        assert_eq!(child.try_wait().unwrap(), None, "{by:?}");
        assert!(runs(child.pid()) && runs(daemon), "{by:?}");
        let exit = child.kill_all().await.unwrap();
        assert_eq!(exit, Exit::Unknown, "{by:?}");
        assert!(!runs(child.pid()) && !runs(daemon), "{by:?}");
    }
}

#[tokio::test]
async fn a_child_that_lives_with_its_parent_dies_with_it() {
    for by in BOTH {
        let name = format!("with-parent-{by:?}");
        let (daemon, record) = dead_parent(by, "with parent", &name).await;
        // The kernel kills the child; nobody could kill its daemon.
        match Contained::adopt(record) {
            Ok(mut child) => assert_eq!(child.wait().await.unwrap(), Exit::Unknown),
            Err(error) => assert!(matches!(error, AdoptError::Gone { .. }), "{error}"),
        }
        assert!(runs(daemon), "{by:?}");
        assert_eq!(kill_leftovers(&name).await.unwrap(), 1, "{by:?}");
        assert!(!runs(daemon), "{by:?}");
        assert_eq!(kill_leftovers(&name).await.unwrap(), 0, "{by:?}");
    }
}

#[tokio::test]
async fn leftovers_of_another_name_stay() {
    for by in BOTH {
        let mut child = sh(by, "exec sleep 1000").spawn().unwrap();
        assert_eq!(kill_leftovers("tes").await.unwrap(), 0);
        assert_eq!(child.try_wait().unwrap(), None);
        child.kill_all().await.unwrap();
    }
}

#[tokio::test]
async fn a_pid_that_was_used_again_is_recognised() {
    let mut child = sh(By::Cgroup, "exec sleep 1000").spawn().unwrap();
    let mut record = child.record().clone();
    record.process.start_time -= 1;
    assert!(matches!(Contained::adopt(record), Err(AdoptError::Gone { .. })));
    child.kill_all().await.unwrap();
    let record = child.record().clone();
    assert!(matches!(Contained::adopt(record), Err(AdoptError::Gone { .. })));
}

#[tokio::test]
async fn a_record_from_before_a_restart_of_the_machine_kills_nothing() {
    for by in BOTH {
        let mut child = sh(by, "exec sleep 1000").spawn().unwrap();
        let mut record = child.record().clone();
        record.process.boot_id = "another".to_owned();
        record.kill_all().await.unwrap();
        assert_eq!(child.try_wait().unwrap(), None, "{by:?}");
        child.kill_all().await.unwrap();
    }
}

#[tokio::test]
async fn the_spawning_thread_outlives_the_pools() {
    // The kernel takes the forking thread for the parent: a child started from
    // a thread that ends must not die with it.
    let thread =
        std::thread::spawn(|| sh(By::Cgroup, "read x; exit 5").stdin(Stdio::piped()).spawn());
    let mut child = thread.join().unwrap().unwrap();
    drop(child.take_stdin().unwrap());
    assert_eq!(child.wait().await.unwrap(), Exit::Code(5));
    child.kill_all().await.unwrap();
}

//! What is left of a run whose engine is killed with SIGKILL, and of everything
//! that it had started: nothing, once the next engine has begun.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use shipway_sim::dockerd::Dockerd;
use shipway_sim::repo::Repo;
use shipway_sim::sandbox::Sandbox;
use shipway_sim::wait_for;

const SOON: Duration = Duration::from_secs(60);

/// A step with a grandchild that has left its session, and another that asks
/// for no output of its own.
const HOST: &str = "\
on: push
jobs:
  host:
    runs-on: ubuntu-latest
    steps:
      - run: |
          setsid sleep 3600 &
          (trap '' INT TERM; exec sleep 3601) &
          mktemp \"$RUNNER_TEMP/left.XXXX\"
          echo begun
          wait
";

const CONTAINER: &str = "\
on: push
jobs:
  boxed:
    runs-on: ubuntu-latest
    container: 'shipway/busybox:1'
    services: {other: {image: 'shipway/busybox:1', entrypoint: sleep, command: '3600'}}
    steps: [{run: 'sleep 3600 & echo begun; wait', shell: sh}]
";

const NEXT: &str = "\
on: push
jobs: {next: {runs-on: ubuntu-latest, steps: [{run: echo next}]}}
";

/// What there is outside of the sandbox's own process table.
#[derive(Debug, PartialEq)]
struct Machine {
    mounts: BTreeSet<String>,
    temporary: BTreeSet<String>,
    docker: BTreeSet<String>,
}

impl Machine {
    fn look(sandbox: &Sandbox, dockerd: Option<&Dockerd>) -> Self {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
        // Of this sandbox: other tests mount, too.
        let own = sandbox.path().display().to_string();
        let mounts = mounts.lines().filter(|line| line.contains(&own)).map(str::to_owned);
        let list = |what: &[&str]| dockerd.map_or_else(String::new, |d| d.docker(what));
        let docker = [
            list(&["ps", "--all", "--format", "container {{.Names}}"]),
            list(&["network", "ls", "--format", "network {{.Name}}"]),
            list(&["volume", "ls", "--format", "volume {{.Name}}"]),
        ];
        let docker = docker.iter().flat_map(|text| text.lines()).map(str::to_owned).collect();
        // What commands print is kept there by the sandbox itself.
        let printed = |name: &String| name.ends_with(".stdout") || name.ends_with(".stderr");
        let mut temporary = names(&sandbox.path().join("tmp"));
        temporary.retain(|name| !printed(name));
        Self { mounts: mounts.collect(), temporary, docker }
    }
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

/// Every folder of a job that is left.
fn work(sandbox: &Sandbox) -> BTreeSet<String> {
    let projects = sandbox.path().join("state/shipway/projects");
    let projects = fs::read_dir(projects).into_iter().flatten();
    projects.flat_map(|project| names(&project.unwrap().path().join("work"))).collect()
}

/// Kills the engine in the middle of this workflow, lets another one begin, and
/// compares.
fn killed_in_the_middle(workflow: &str, dockerd: Option<&Dockerd>) {
    let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_shipway")).unwrap();
    let repo = Repo::empty(sandbox.path().join("repository")).unwrap();
    repo.write(".github/workflows/ci.yml", workflow).unwrap();
    repo.commit("First version").unwrap();
    let shipway = |arguments: &[&str]| -> Command {
        let mut command = sandbox.shipway(repo.path(), arguments);
        command.envs(dockerd.map(|dockerd| ("DOCKER_HOST", dockerd.host())));
        command
    };
    let before = Machine::look(&sandbox, dockerd);
    let started = sandbox.begin(shipway(&["run"])).unwrap();
    let begun = || started.output_so_far().unwrap().contains("│ begun").then_some(());
    if let Err(late) = wait_for("the step has begun", SOON, begun) {
        panic!("{late}:\n{}", started.output_so_far().unwrap());
    }
    assert_ne!(work(&sandbox), BTreeSet::new(), "the job has a folder while it runs");
    let engine = started.pid();
    assert_eq!(sandbox.kill(|process| process.pid == engine).unwrap(), 1);

    // The next run has nothing to do with it, and tidies up all the same.
    repo.write(".github/workflows/ci.yml", NEXT).unwrap();
    repo.commit("Next version").unwrap();
    sandbox.begin(shipway(&["run"])).unwrap().wait(SOON).unwrap().assert_code(0);
    let none = || {
        let alone = sandbox.processes().unwrap().is_empty();
        (alone && work(&sandbox).is_empty() && Machine::look(&sandbox, dockerd) == before)
            .then_some(())
    };
    if let Err(late) = wait_for("nothing is left", SOON, none) {
        let processes = sandbox.processes().unwrap();
        let (now, work) = (Machine::look(&sandbox, dockerd), work(&sandbox));
        panic!("{late}: {processes:?}, folders {work:?}\nbefore {before:?}\nnow {now:?}");
    }
}

#[test]
fn a_killed_run_leaves_no_process_mount_or_file() {
    killed_in_the_middle(HOST, None);
}

#[test]
fn a_killed_run_leaves_no_container_network_or_volume() {
    let Some(dockerd) = Dockerd::get() else { return };
    killed_in_the_middle(CONTAINER, Some(dockerd));
}

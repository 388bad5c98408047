//! `shipway run` for a person: on a terminal, and while files change.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use shipway_sim::repo::Repo;
use shipway_sim::sandbox::{Sandbox, Started};
use shipway_sim::wait_for;

const SOON: Duration = Duration::from_secs(60);

fn workflow(steps: &str) -> String {
    format!(
        "name: CI\non:\n  push:\n    paths: [src/**]\njobs:\n  test:\n    runs-on: ubuntu-latest\n    \
         steps:\n      - uses: actions/checkout@v4\n{steps}"
    )
}

fn repository(sandbox: &Sandbox, steps: &str) -> Repo {
    let repo = Repo::empty(sandbox.path().join("repository")).unwrap();
    repo.write(".github/workflows/ci.yml", &workflow(steps)).unwrap();
    repo.write("src/text.txt", "one\n").unwrap();
    repo.write(".gitignore", "ignored\n").unwrap();
    repo.commit("First version").unwrap();
    repo
}

fn sandbox() -> Sandbox {
    Sandbox::new(env!("CARGO_BIN_EXE_shipway")).unwrap()
}

/// Waits until a text was printed as often.
fn printed(started: &Started, text: &str, times: usize) {
    let seen = || {
        let output = started.output_so_far().unwrap();
        (output.matches(text).count() >= times).then_some(())
    };
    if let Err(late) = wait_for(format!("{text:?} for the {times}. time"), SOON, seen) {
        panic!("{late}:\n{}", started.output_so_far().unwrap());
    }
}

#[test]
fn a_change_runs_what_it_affects() {
    let sandbox = sandbox();
    let repo = repository(&sandbox, "      - run: cat src/text.txt\n");
    let started = sandbox.start(repo.path(), &["run", "--watch"]).unwrap();
    printed(&started, "waits for changes", 1);
    printed(&started, "test │ one", 1);

    repo.write("src/text.txt", "two\n").unwrap();
    printed(&started, "test │ two", 1);
    printed(&started, "waits for changes", 2);

    // What git ignores changes nothing.
    repo.write("ignored", "text\n").unwrap();
    // A new folder is looked at, too; no path of the workflow is in it.
    repo.write("docs/page.md", "text\n").unwrap();
    printed(&started, "no changed file fits", 1);
    printed(&started, "waits for changes", 3);
    repo.write("docs/page.md", "more\n").unwrap();
    printed(&started, "changed: docs/page.md", 2);
    assert!(!started.output_so_far().unwrap().contains("ignored"));

    // A workflow that is wrong is told, and mended.
    let path = ".github/workflows/ci.yml";
    repo.edit(path, "runs-on:", "runs-of:").unwrap();
    printed(&started, "runs-of", 1);
    repo.edit(path, "runs-of:", "runs-on:").unwrap();
    repo.write("src/text.txt", "three\n").unwrap();
    printed(&started, "test │ three", 1);
    printed(&started, "jobs: 1 succeeded", 3);

    let pid = Pid::from_raw(i32::try_from(started.pid()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    started.wait(SOON).unwrap().assert_code(0);
}

/// What a terminal of this size shows; none where `script` is missing.
fn on_terminal(sandbox: &Sandbox, dir: &Path, line: &str, env: &[(&str, &str)]) -> Option<String> {
    if Command::new("script").arg("--version").output().is_err() {
        return None;
    }
    let mut script = sandbox.command("script");
    let line = format!("stty cols 100 rows 30; {} {line}", env!("CARGO_BIN_EXE_shipway"));
    script.args(["--quiet", "--return", "--command", &line, "/dev/null"]).current_dir(dir);
    script.env("TERM", "xterm-256color").envs(env.iter().copied());
    let output = script.output().unwrap();
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The same for a person who types this.
fn typed(sandbox: &Sandbox, dir: &Path, line: &str, keys: &str) -> Option<String> {
    Command::new("script").arg("--version").output().ok()?;
    let keys_file = sandbox.path().join("keys");
    std::fs::write(&keys_file, keys).unwrap();
    let mut script = sandbox.command("script");
    let line = format!("{} {line}", env!("CARGO_BIN_EXE_shipway"));
    script.args(["--quiet", "--return", "--command", &line, "/dev/null"]).current_dir(dir);
    script.env("TERM", "dumb").stdin(std::fs::File::open(keys_file).unwrap());
    let output = script.output().unwrap();
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_shell_opens_where_a_step_fails() {
    let sandbox = sandbox();
    let steps = "      - working-directory: src\n        env: {COLOUR: \"it's red\"}\n        run: |\n          \
                 echo left > behind.txt\n          exit 3\n      - if: failure()\n        \
                 run: cat src/seen.txt\n";
    let repo = repository(&sandbox, steps);
    let keys = "echo \"$COLOUR in $(basename $PWD): $(cat behind.txt)\" | tee seen.txt\nexit\n";
    let line = "run --shell-on-failure";
    let Some(shown) = typed(&sandbox, repo.path(), line, keys) else { return };
    let plain = console::strip_ansi_codes(&shown).into_owned();
    assert!(plain.contains("this is a shell where it was"), "{plain}");
    // What was done in the shell is there for the steps that follow.
    assert!(plain.contains("test │ it's red in src: left"), "{plain}");
    assert!(plain.contains("exit code 3"), "{plain}");
    let left = |path: &Path| std::fs::read_dir(path).map_or(0, Iterator::count);
    let projects = sandbox.path().join("state/shipway/projects");
    let project = std::fs::read_dir(projects).unwrap().next().unwrap().unwrap().path();
    assert_eq!(left(&project.join("work")), 0, "a workspace is left");

    let refused = sandbox.run(repo.path(), &["run", "--shell-on-failure"]).unwrap();
    refused.assert_code(2);
    assert!(refused.stderr.contains("needs a terminal"), "{refused}");
}

#[test]
fn ctrl_c_calls_it_off() {
    let sandbox = sandbox();
    let steps = "      - run: |\n          trap 'echo asked to end; exit 1' INT\n          echo begun\n          \
                 sleep 300 & wait\n      - run: echo never\n      - if: always()\n        \
                 run: echo \"tidied up, ${{ job.status }}\"\n";
    let repo = repository(&sandbox, steps);
    let started = sandbox.start(repo.path(), &["run"]).unwrap();
    printed(&started, "test │ begun", 1);
    let pid = Pid::from_raw(i32::try_from(started.pid()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let ended = started.wait(SOON).unwrap();
    ended.assert_code(1);
    for line in ["test │ asked to end", "test │ tidied up, cancelled"] {
        assert!(ended.stdout.contains(line), "{line:?} is missing: {ended}");
    }
    assert!(!ended.stdout.contains("test │ never"), "{ended}");
    assert!(sandbox.processes().unwrap().is_empty(), "{:?}", sandbox.processes());
}

const GROUPS: &str = "      - name: Install
        run: |
          echo '::group::Fetch'
          echo inside
          echo '::endgroup::'
      - name: Compile
        run: |
          echo '::group::Sources'
          echo 'wrong in main.c'
          exit 2
";

#[test]
fn a_terminal_shows_the_tree_and_folds_groups() {
    let sandbox = sandbox();
    let repo = repository(&sandbox, GROUPS);
    let Some(shown) = on_terminal(&sandbox, repo.path(), "run", &[]) else { return };
    let plain = console::strip_ansi_codes(&shown);
    assert!(plain.contains("▸ Fetch  (1 line)"), "{plain}");
    assert!(!plain.contains("│ inside"), "{plain}");
    assert!(plain.contains("▾ Sources") && plain.contains("│ wrong in main.c"), "{plain}");
    assert!(shown.contains("\u{1b}[31m"), "failures are red: {shown}");

    let shown = on_terminal(&sandbox, repo.path(), "run --verbose", &[("NO_COLOR", "1")]).unwrap();
    assert!(shown.contains("│ inside"), "{shown}");
    for colour in ["\u{1b}[2m", "\u{1b}[31m", "\u{1b}[32m"] {
        assert!(!shown.contains(colour), "no colours are wanted: {shown:?}");
    }
}

#[test]
fn the_end_tells_annotations_failures_and_the_total() {
    let sandbox = sandbox();
    let steps = "      - run: |\n          echo '::warning file=src/text.txt,line=1::is short'\n          \
                 echo the last words\n          exit 7\n";
    let repo = repository(&sandbox, steps);
    let failed = sandbox.run(repo.path(), &["run", "--quiet"]).unwrap();
    failed.assert_code(1);
    assert!(!failed.stdout.contains('│'), "{failed}");
    let told = &failed.stderr;
    let at = |text: &str| told.find(text).unwrap_or_else(|| panic!("{text:?} is missing: {told}"));
    assert!(
        at("✗ error  Process completed with exit code 7.")
            < at("! warning  src/text.txt:1: is short")
    );
    assert!(at("! warning") < at("  │ the last words"));
    assert!(at("  │ the last words") < at("jobs: 1 failed, in "));
}

/// A plan as a person sees it.
fn planned(sandbox: &Sandbox, repo: &Repo) -> String {
    let finished = sandbox.run(repo.path(), &["run", "--plan"]).unwrap();
    finished.assert_code(0);
    finished.stdout
}

#[test]
fn a_plan_is_the_same_whether_it_is_remembered_or_not() {
    let sandbox = sandbox();
    let repo = repository(&sandbox, "      - run: \"true\"\n");
    let other = "on: [push, workflow_dispatch]\njobs:\n  a:\n    if: github.ref_name == 'main'\n    \
                 runs-on: ubuntu-latest\n    strategy: {matrix: {os: [a, b]}}\n    \
                 steps: [{run: \"true\"}]\n";
    repo.write(".github/workflows/other.yml", other).unwrap();
    let first = planned(&sandbox, &repo);
    assert!(first.contains("2 combinations: (a), (b)"), "{first}");
    assert_eq!(planned(&sandbox, &repo), first);
    let projects = sandbox.path().join("state/shipway/projects");
    let project = std::fs::read_dir(projects).unwrap().next().unwrap().unwrap().path();
    let memory = project.join("memory");
    let known = std::fs::read_to_string(&memory).unwrap();
    // What is wrong with it is in the way of nothing, and is mended.
    std::fs::write(&memory, known.replace("combinations", "compilations")).unwrap();
    assert!(planned(&sandbox, &repo).contains("2 compilations"), "it was remembered");
    for broken in ["", "\u{fffd}", &known[..known.len() / 2]] {
        std::fs::write(&memory, broken).unwrap();
        assert_eq!(planned(&sandbox, &repo), first);
    }
    // Nothing is remembered of what has changed.
    repo.edit(".github/workflows/other.yml", "[a, b]", "[a, b, c]").unwrap();
    assert!(planned(&sandbox, &repo).contains("3 combinations"));
    repo.edit(".github/workflows/other.yml", "== 'main'", "== 'other'").unwrap();
    assert!(planned(&sandbox, &repo).contains("its `if` does not hold"));
}

#[test]
fn what_is_remembered_of_a_file_is_told_without_its_text() {
    let sandbox = sandbox();
    let repo = Repo::empty(sandbox.path().join("repository")).unwrap();
    for name in ["a", "b"] {
        let text = format!(
            "name: {name}\non: push\njobs:\n  {name}:\n    runs-on: ubuntu-latest\n    \
             steps: [{{uses: actions/checkout@v4}}, {{run: \"true\"}}]\n"
        );
        let path = format!(".github/workflows/{name}.yml");
        repo.write(&path, &text).unwrap();
        // So old that git need not read it again, and write what it reads.
        let file = std::fs::File::options().write(true).open(repo.path().join(path)).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + 1_000 * SOON).unwrap();
    }
    repo.commit("First version").unwrap();
    let first = planned(&sandbox, &repo);
    // Git has one of the texts no more: who needs it hears so.
    let blob = repo.git(&["rev-parse", "HEAD:.github/workflows/a.yml"]).unwrap();
    let (folder, file) = blob.trim().split_at(2);
    let object = repo.path().join(".git/objects").join(folder).join(file);
    std::fs::remove_file(&object).unwrap();
    assert_eq!(planned(&sandbox, &repo), first);
    let refused = |arguments: &[&str]| {
        let finished = sandbox.run(repo.path(), arguments).unwrap();
        assert_ne!(finished.code, Some(0), "{finished}");
        assert!(finished.stderr.contains(".github/workflows/a.yml"), "{finished}");
    };
    refused(&["run", "--plan", "--json"]);
    refused(&["run"]);
    std::fs::remove_dir_all(sandbox.path().join("state")).unwrap();
    refused(&["run", "--plan"]);
}

#[test]
fn what_nobody_wants_to_know_any_more_leaves_nothing_behind() {
    let sandbox = sandbox();
    let repo = repository(&sandbox, "      - run: \"true\"\n");
    repo.write("src/text.txt", "two\n").unwrap();
    let temporary = sandbox.path().join("temporary");
    std::fs::create_dir(&temporary).unwrap();
    for _ in 0..5 {
        // It is refused while git still looks at the files.
        let mut command = sandbox.shipway(repo.path(), &["run", "nonsense"]);
        let output = command.env("TMPDIR", &temporary).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let left: Vec<_> = std::fs::read_dir(&temporary).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn much_output_is_kept_packed_and_shown_as_it_was() {
    let sandbox = sandbox();
    let steps = "      - run: seq -f 'test crate::module::case_%06.0f ... ok' 50000; printf end\n";
    let repo = repository(&sandbox, steps);
    let run = sandbox.run(repo.path(), &["run", "--json"]).unwrap();
    run.assert_code(0);
    let answer: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let log = Path::new(answer["runs"][0]["jobs"][0]["log"].as_str().unwrap());
    let size = log.metadata().unwrap().len();
    assert!(size < 50_000 * 40 / 2, "{size} bytes");
    let shown = sandbox.run(repo.path(), &["logs"]).unwrap();
    shown.assert_code(0);
    let number = |line: &str| line.split_once("case_")?.1.strip_suffix(" ... ok")?.parse().ok();
    let numbers: Vec<u32> = shown.stdout.lines().filter_map(number).collect();
    assert!(numbers.iter().copied().eq(1..=50_000), "{} lines", numbers.len());
    assert!(shown.stdout.contains("test.0 │ end\ntest.0 │ ✓ "), "its end is a line");

    // One that is damaged hides no other.
    std::fs::copy(log, log.with_file_name("whole.0.log.lz4")).unwrap();
    std::fs::write(log, "no log, or none that anybody made").unwrap();
    let shown = sandbox.run(repo.path(), &["logs"]).unwrap();
    shown.assert_code(4);
    assert!(shown.stdout.contains("whole.0 │ end\n"));
    assert!(shown.stderr.contains(&log.display().to_string()), "{shown}");
}

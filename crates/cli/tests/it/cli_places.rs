//! Where commands work: folders, commits, terminals and pipes; and what they
//! say when they cannot.

use std::fs;

use insta::assert_snapshot;
use shipway_sim::backend::Settings;
use shipway_sim::repo::Repo;
use shipway_sim::sandbox::{Finished, Sandbox};

use crate::shop::{Config, Shop, json, version};

/// What was printed, with what differs each time replaced.
fn shown(shop: &Shop, text: &str) -> String {
    let commit = shop.repo.head().unwrap();
    let root = shop.repo.path().to_string_lossy().into_owned();
    text.replace(&commit, "[COMMIT]").replace(&commit[..8], "[COMMIT]").replace(&root, "[ROOT]")
}

#[test]
fn from_a_folder_below() {
    let shop = Shop::new(&Config::default());
    shop.repo.write("a/b/file", "").unwrap();
    shop.repo.commit("Folder").unwrap();
    let below = shop.repo.path().join("a/b");
    shop.sandbox.run(&below, &["ship"]).unwrap().assert_code(0);
    let status = shop.sandbox.run(&below, &["status"]).unwrap();
    status.assert_code(0);
    assert!(status.stdout.starts_with("production  serves "), "{status}");
}

#[test]
fn on_a_detached_head() {
    let shop = Shop::new(&Config::default());
    shop.repo.git(&["checkout", "--quiet", "--detach"]).unwrap();
    // One branch is at this commit: that is the one.
    shop.run(&["ship"]).assert_code(0);
    shop.repo.release(&version("v2")).unwrap();
    let refused = shop.run(&["ship"]);
    refused.assert_code(2);
    assert_snapshot!(refused.stderr, @r#"
    error: HEAD is detached, and no branch is at this commit
      help: say which branch it counts as: `shipway ship --branch main`
    "#);
    shop.run(&["ship", "--branch", "main"]).assert_code(0);
    assert_eq!(shop.serving("production").as_deref(), Some("v2"));
}

#[test]
fn on_a_detached_head_with_two_branches() {
    let shop = Shop::new(&Config::default());
    shop.repo.git(&["branch", "other"]).unwrap();
    shop.repo.git(&["checkout", "--quiet", "--detach"]).unwrap();
    let refused = shop.run(&["ship"]);
    refused.assert_code(2);
    assert_snapshot!(refused.stderr, @r#"
    error: HEAD is detached, and several branches are at this commit: main, other
      help: say which one it counts as: `shipway ship --branch main`
    "#);
}

#[test]
fn uncommitted_changes_are_refused() {
    let shop = Shop::new(&Config::default());
    shop.repo.write("backend.env", "VERSION=v2\n").unwrap();
    shop.repo.write("new.txt", "").unwrap();
    let refused = shop.run(&["ship"]);
    refused.assert_code(2);
    assert_snapshot!(refused.stderr, @r#"
    error: there are uncommitted changes:
         M backend.env
        ?? new.txt
      help: commit them, or put them aside with `git stash -u`; `shipway run` runs workflows with them
    "#);
    assert!(refused.stdout.is_empty(), "{refused}");
}

#[test]
fn outside_of_any_repository() {
    let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_shipway")).unwrap();
    for command in ["ship", "status"] {
        let refused = sandbox.run(sandbox.path(), &[command]).unwrap();
        refused.assert_code(2);
        let message = refused.stderr.replace(sandbox.path().to_str().unwrap(), "[HERE]");
        assert!(message.starts_with("error: there is no shipway.yaml in [HERE]"), "{message}");
    }
    // Workflows run without a shipway.yaml, but not without a repository.
    let refused = sandbox.run(sandbox.path(), &["run"]).unwrap();
    refused.assert_code(2);
    assert!(refused.stderr.contains("is not in a git repository"), "{refused}");
}

#[test]
fn an_unknown_environment_names_the_nearest() {
    let shop = Shop::shipped(&Config::default());
    let refused = shop.run(&["rollback", "producton"]);
    refused.assert_code(2);
    assert_snapshot!(refused.stderr, @"error: there is no environment `producton`; there are: production");
    let refused = shop.run(&["ship", "--to", "prodution"]);
    refused.assert_code(2);
    assert!(refused.stderr.contains("production"), "{refused}");
    for command in ["pause", "approve", "deploy", "history", "promote"] {
        let refused = shop.run(&[command, "prod"]);
        refused.assert_code(2);
        assert!(refused.stderr.contains("production"), "{refused}");
    }
}

#[test]
fn a_command_line_that_is_wrong() {
    let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_shipway")).unwrap();
    sandbox.run(sandbox.path(), &["shp"]).unwrap().assert_code(2);
    sandbox.run(sandbox.path(), &["ship", "--nonsense"]).unwrap().assert_code(2);
    let help = sandbox.run(sandbox.path(), &["--help"]).unwrap();
    help.assert_code(0);
    for code in ["0 as asked", "1 refused or failed", "3 waits for a person"] {
        assert!(help.stdout.replace('\n', " ").contains(code), "{help}");
    }
}

const MISTAKES: &str = "\
project: shop

services:
  web:
    rnu: ./bin/web
    drain: soon

environments:
  production:
    branch: main
    from: production
    approval: {by: [alice], requierd: 2}
";

#[test]
fn every_mistake_in_the_configuration_is_shown_and_going_back_still_works() {
    let shop = Shop::shipped_twice(&Config::default());
    shop.repo.write("shipway.yaml", MISTAKES).unwrap();
    let checked = shop.run(&["config", "check"]);
    checked.assert_code(2);
    assert_snapshot!(checked.output(), @r#"
    error[SW0501]: unknown key `rnu`
     --> shipway.yaml:5:5
      |
    5 |     rnu: ./bin/web
      |     ^^^
      = help: did you mean `run`?

    error[SW0504]: `soon` is not a duration
     --> shipway.yaml:6:12
      |
    6 |     drain: soon
      |            ^^^^
      = help: write it like `250ms`, `30s`, `5m` or `1h30m`

    error[SW0510]: `branch` and `from` exclude each other
      --> shipway.yaml:11:5
       |
    11 |     from: production
       |     ^^^^
       |
    10 |     branch: main
       |     ------ the other one

    error[SW0508]: environment `production` follows itself
      --> shipway.yaml:11:11
       |
    11 |     from: production
       |           ^^^^^^^^^^

    error[SW0512]: nobody can approve: people are known by their login name only
      --> shipway.yaml:12:5
       |
    12 |     approval: {by: [alice], requierd: 2}
       |     ^^^^^^^^
       = help: write `unverified: true` to let login names on this machine count; signing in is not available yet

    error[SW0501]: unknown key `requierd`
      --> shipway.yaml:12:29
       |
    12 |     approval: {by: [alice], requierd: 2}
       |                             ^^^^^^^^
       = help: did you mean `required`?
    "#);
    shop.repo.commit("Mistakes").unwrap();
    let refused = shop.run(&["ship"]);
    refused.assert_code(2);
    for mistake in ["`rnu`", "`soon`", "`requierd`"] {
        assert!(refused.stderr.contains(mistake), "{refused}");
    }
    shop.run(&["rollback", "production"]).assert_code(0);
    assert_eq!(shop.serving("production").as_deref(), Some("v1"));
    shop.run(&["status"]).assert_code(0);
}

#[test]
fn a_workflow_that_fails() {
    let shop = Shop::new(&Config { more: "", ..Config::default() });
    let workflow = |command: &str| {
        let text = format!(
            "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: {command}\n"
        );
        shop.repo.write(".github/workflows/ci.yml", &text).unwrap();
        shop.repo.commit(command).unwrap();
    };
    workflow("echo one is not two; exit 3");
    let refused = shop.run(&["ship"]);
    refused.assert_code(1);
    assert!(refused.stdout.starts_with("refused: "), "{refused}");
    assert!(refused.output().contains("one is not two"), "{refused}");
    workflow("true");
    shop.run(&["ship"]).assert_code(0);
}

#[test]
fn no_colours_where_they_are_not_wanted() {
    let shop = Shop::new(&Config::default());
    let escapes = |finished: &Finished| finished.output().contains('\u{1b}');
    let mut command = shop.sandbox.shipway(shop.repo.path(), &["--help"]);
    // A terminal of its own, as `script` gives one.
    let program = command.get_program().to_string_lossy().into_owned();
    let terminal = |variables: &str| {
        let line = format!("{variables} TERM=xterm {program} shp");
        let arguments = ["-q", "-e", "-c", &line, "/dev/null"];
        let mut script = shop.sandbox.command("script");
        String::from_utf8_lossy(&script.args(arguments).output().unwrap().stdout).into_owned()
    };
    assert!(terminal("").contains('\u{1b}'), "no terminal: {}", terminal(""));
    assert!(!terminal("NO_COLOR=1").contains('\u{1b}'), "{}", terminal("NO_COLOR=1"));
    command.env("NO_COLOR", "1");
    assert!(!escapes(&shop.run(&["ship"])), "colours in a file");
}

#[test]
fn a_reader_that_leaves_early_breaks_nothing() {
    let shop = Shop::shipped(&Config::default());
    let command = shop.sandbox.shipway(shop.repo.path(), &[]);
    let program = command.get_program().to_string_lossy().into_owned();
    for arguments in
        ["config schema", "completions bash", "--help", "history --json", "config show"]
    {
        let line = format!("{program} {arguments} | head -n 1; echo \"${{PIPESTATUS[0]}}\"");
        let mut shell = shop.sandbox.command("bash");
        let output = shell.current_dir(shop.repo.path()).args(["-c", &line]).output().unwrap();
        let (stdout, stderr) = (&output.stdout, String::from_utf8_lossy(&output.stderr));
        let stdout = String::from_utf8_lossy(stdout);
        assert!(!stderr.contains("panicked"), "{arguments}: {stderr}");
        // By the signal that tells it, or in order.
        let code = stdout.lines().last().unwrap();
        assert!(["0", "141"].contains(&code), "{arguments}: {stdout}{stderr}");
    }
}

#[test]
fn every_report_is_json_on_request() {
    let shop = Shop::new(&Config::default());
    let workflow =
        "on: push\njobs: {test: {runs-on: ubuntu-latest, steps: [{run: 'echo tested'}]}}\n";
    shop.repo.write(".github/workflows/ci.yml", workflow).unwrap();
    shop.repo.commit("Workflow").unwrap();
    shop.run(&["ship"]).assert_code(0);
    let reports: &[&[&str]] = &[
        &["status"],
        &["history"],
        &["changes"],
        &["config", "show"],
        &["config", "check"],
        &["env", "list"],
        &["service", "list"],
        &["audit", "verify"],
        &["gc"],
        &["backup", "../backup"],
        &["host", "status"],
        &["ship"],
        &["ship", "--plan"],
        &["run"],
        &["run", "--plan"],
        &["deploy", "production"],
    ];
    for report in reports {
        let finished = shop.run(&[report, &["--json"][..]].concat());
        assert!(matches!(finished.code, Some(0)), "{finished}");
        json(&finished);
    }
    shop.ship(&version("v2")).assert_code(0);
    let back = shop.run(&["rollback", "--json"]);
    assert_eq!(json(back.assert_code(0))["kind"], "rollback");
    let refused = shop.ship(&Settings { crash_at_start: true, ..version("v3") });
    refused.assert_code(1);
    shop.repo.release(&Settings { no_listen: true, ..version("v4") }).unwrap();
    let refused = shop.run(&["ship", "--json"]);
    let answer = json(refused.assert_code(1));
    assert_eq!(answer["shipped"], "refused");
    assert_eq!(answer["failure"]["code"], "health");
}

#[test]
fn init_in_an_empty_repository_and_never_over_a_file() {
    let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_shipway")).unwrap();
    let repo = Repo::empty(sandbox.path().join("empty")).unwrap();
    let init = sandbox.run(repo.path(), &["init"]).unwrap();
    init.assert_code(0);
    let written = repo.read("shipway.yaml").unwrap();
    repo.write("shipway.yaml", "project: mine # keep\n").unwrap();
    let again = sandbox.run(repo.path(), &["init"]).unwrap();
    assert_eq!(repo.read("shipway.yaml").unwrap(), "project: mine # keep\n", "{again}");
    repo.write("shipway.yaml", &written).unwrap();
    sandbox.run(repo.path(), &["config", "check"]).unwrap().assert_code(0);
    assert_snapshot!(again.output(), @r#"
    found empty (nothing that is recognised) in .
    kept shipway.yaml: it is there already
    kept .github/workflows/ci.yml: it is there already
    look at them, commit them, and run `shipway ship`
    "#);
}

#[test]
fn completions_and_man_pages() {
    let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_shipway")).unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let finished = sandbox.run(sandbox.path(), &["completions", shell]).unwrap();
        finished.assert_code(0);
        assert!(finished.stdout.contains("rollback"), "{shell}");
    }
    sandbox.run(sandbox.path(), &["man", "pages"]).unwrap().assert_code(0);
    let names: Vec<_> = fs::read_dir(sandbox.path().join("pages")).unwrap().collect();
    assert!(names.len() > 20, "{names:?}");
    let ship = fs::read_to_string(sandbox.path().join("pages/shipway-ship.1")).unwrap();
    assert!(ship.starts_with(".ie") || ship.contains(".TH"), "{ship}");
}

#[test]
fn what_it_says_of_a_shipped_commit() {
    let shop = Shop::shipped(&Config::default());
    let again = shop.run(&["ship"]);
    again.assert_code(0);
    let port = shop.address("production").unwrap().port().to_string();
    assert_snapshot!(again.stdout.replace(&port, "[PORT]"), @r#"
    this commit is already in production: nothing to do
    production  web  http://127.0.0.1:[PORT]
    "#);
    let plan = shop.repo.release(&version("v2")).map(|_| shop.run(&["ship", "--plan"])).unwrap();
    plan.assert_code(0);
    assert_snapshot!(shown(&shop, &plan.stdout), @r#"
    plan [COMMIT].1: [COMMIT] "Version v2" by Sim on main
      service web  is built: backend.env changed
      to production: it follows the branch `main`
    "#);
}

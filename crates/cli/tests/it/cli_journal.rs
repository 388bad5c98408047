//! What is kept: logs, backups, garbage, and a journal that somebody changed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use insta::assert_snapshot;
use rusqlite::Connection;
use shipway_core::effect::EffectKind;
use shipway_sim::wait_for;

use crate::shop::{Config, SOON, Shop, version};

fn database(shop: &Shop) -> Connection {
    Connection::open(shop.state().join("store/journal.db")).unwrap()
}

#[test]
fn an_edited_entry_is_found() {
    let shop = Shop::shipped(&Config::default());
    shop.verify();
    let database = database(&shop);
    let first = "SELECT min(seq) FROM entries WHERE payload LIKE '%production%'";
    let seq: i64 = database.query_row(first, [], |row| row.get(0)).unwrap();
    let edit = "UPDATE entries SET payload = replace(payload, 'production', 'somewhere') \
                WHERE seq = ?1";
    assert_eq!(database.execute(edit, [seq]).unwrap(), 1);
    let found = shop.run(&["audit", "verify"]);
    found.assert_code(1);
    assert!(found.stdout.contains(&format!("entry {seq}")), "{found}");
    shop.run(&["audit", "verify", "--json"]).assert_code(1);
}

#[test]
fn entries_cut_off_are_found() {
    let shop = Shop::shipped(&Config::default());
    let cut = "DELETE FROM entries WHERE seq > (SELECT max(seq) - 3 FROM entries)";
    assert_eq!(database(&shop).execute(cut, []).unwrap(), 3);
    let found = shop.run(&["audit", "verify"]);
    found.assert_code(1);
    assert!(!found.stdout.is_empty(), "{found}");
}

#[test]
fn a_journal_of_a_newer_version_is_left_alone() {
    let shop = Shop::shipped(&Config::default());
    database(&shop).pragma_update(None, "user_version", 99).unwrap();
    for command in ["status", "ship", "rollback"] {
        let refused = shop.run(&[command]);
        refused.assert_code(4);
        assert!(refused.stderr.contains("newer"), "{refused}");
    }
    let refused = shop.run(&["status"]);
    let place = shop.sandbox.path().to_str().unwrap();
    assert_snapshot!(refused.stderr.replace(place, "[HOME]"), @r#"
    error: the journal at [HOME]/state/shipway/projects/shop/store/journal.db has format 99; this build of Shipway knows formats up to 1 [store.newer_format]
      help: use the newer Shipway that wrote it; this one has not touched it
    "#);
}

#[test]
fn a_state_folder_that_cannot_be_written() {
    let shop = Shop::new(&Config::default());
    // A file in the way stops root, too, whom modes do not.
    let state = shop.sandbox.path().join("state/shipway");
    fs::write(&state, "").unwrap();
    for command in ["ship", "status"] {
        let refused = shop.run(&[command]);
        refused.assert_code(4);
        let place = shop.sandbox.path().to_str().unwrap();
        let message = refused.stderr.replace(place, "[HOME]");
        assert!(message.contains("[HOME]/state/shipway"), "{message}");
    }
    fs::remove_file(&state).unwrap();
}

#[test]
fn a_store_that_is_read_only() {
    let shop = Shop::shipped(&Config::default());
    let writable = |mode: u32| {
        let store = shop.state().join("store");
        fs::set_permissions(&store, fs::Permissions::from_mode(mode)).unwrap();
        store
    };
    let probe = writable(0o500).join("probe");
    if fs::write(&probe, "").is_ok() {
        // Root writes everywhere: there is nothing to see.
        fs::remove_file(probe).unwrap();
        writable(0o700);
        eprintln!("skipped: this user may write into read-only folders");
        return;
    }
    shop.repo.release(&version("v2")).unwrap();
    let refused = shop.run(&["ship"]);
    writable(0o700);
    refused.assert_code(4);
}

#[test]
fn what_gc_leaves_is_enough_to_go_back() {
    let shop = Shop::shipped_twice(&Config::default());
    shop.run(&["gc", "--days", "0"]).assert_code(0);
    shop.run(&["rollback", "production"]).assert_code(0);
    assert_eq!(shop.serving("production").as_deref(), Some("v1"));
    shop.run(&["gc", "--days", "0"]).assert_code(0);
    assert_eq!(shop.serving("production").as_deref(), Some("v1"));
    shop.verify();
}

#[test]
fn a_backup_is_restored_into_an_empty_home() {
    let shop = Shop::shipped_twice(&Config::default());
    let backup = shop.sandbox.path().join("backup");
    let backup = backup.to_str().unwrap();
    shop.run(&["backup", backup]).assert_code(0);
    let before = shop.json(&["status", "--json"]);
    let history = shop.json(&["history", "--json"]);
    shop.run(&["host", "stop"]).assert_code(0);
    for folder in ["state", "data"] {
        let folder = shop.sandbox.path().join(folder);
        let removed = std::process::Command::new("rm").arg("-rf").arg(&folder).status().unwrap();
        assert!(removed.success());
        fs::create_dir(&folder).unwrap();
    }
    shop.run(&["restore", backup]).assert_code(0);
    let after = shop.json(&["status", "--json"]);
    // Where it answers is the host's affair, which is not restored.
    for part in ["environments", "plans", "last"] {
        assert_eq!(after[part], before[part]);
    }
    assert_eq!(shop.json(&["history", "--json"]), history);
    shop.verify();
    // And it goes on from there.
    shop.ship(&version("v3")).assert_code(0);
    assert_eq!(shop.serving("production").as_deref(), Some("v3"));
    shop.run(&["rollback"]).assert_code(0);
    assert_eq!(shop.serving("production").as_deref(), Some("v2"));
}

#[test]
fn a_restore_replaces_nothing_unasked() {
    let shop = Shop::shipped(&Config::default());
    let backup = shop.sandbox.path().join("backup");
    shop.run(&["backup", backup.to_str().unwrap()]).assert_code(0);
    let refused = shop.run(&["restore", backup.to_str().unwrap()]);
    assert!(matches!(refused.code, Some(1 | 2 | 4)), "{refused}");
    assert!(refused.stderr.contains("--force"), "{refused}");
    shop.run(&["restore", "--force", backup.to_str().unwrap()]).assert_code(0);
    shop.verify();
}

const WORKFLOW: &str = "\
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo first line
          while ! test -e \"$GO\"; do sleep 0.05; done
          echo last line
";

#[test]
fn logs_of_a_run_and_of_a_service() {
    let shop = Shop::new(&Config { more: "", ..Config::default() });
    let go = shop.sandbox.path().join("go");
    let workflow = WORKFLOW.replace("$GO", go.to_str().unwrap());
    shop.repo.write(".github/workflows/ci.yml", &workflow).unwrap();
    shop.repo.commit("Workflow").unwrap();
    let shipping = shop.start(&["ship"]);
    shop.wait_for_effect(EffectKind::RunJob, 1);
    let following = wait_for("logs to follow", SOON, || {
        let mut following = shop.start(&["logs", "-f"]);
        let printed = || following.output_so_far().unwrap().contains("first line").then_some(());
        let seen = wait_for("the first line", std::time::Duration::from_secs(2), printed);
        (seen.is_ok() && following.is_running().unwrap()).then_some(following)
    });
    fs::write(&go, "").unwrap();
    let followed = following.unwrap().wait(SOON).unwrap();
    followed.assert_code(0);
    assert!(followed.stdout.contains("last line"), "{followed}");
    shipping.wait(SOON).unwrap().assert_code(0);
    let run = shop.run(&["logs"]);
    run.assert_code(0);
    assert!(run.stdout.contains("first line") && run.stdout.contains("last line"), "{run}");
    let service = shop.run(&["logs", "production"]);
    service.assert_code(0);
    assert!(service.stdout.contains("version v1 listens on"), "{service}");
    let refused = shop.run(&["logs", "nothing"]);
    refused.assert_code(1);
    assert_snapshot!(refused.stderr, @r#"
    error: there is no run `nothing` with logs here
      help: `shipway status` and `shipway history` name runs and environments
    "#);
}

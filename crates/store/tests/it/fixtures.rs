//! Journals of every format there has been are read for ever.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use shipway_core::journal::{Actor, Cause, NewEntry, Seq, Version};
use shipway_store::{
    Batch, Checkpoints, Durability, Holder, InputId, InputStatus, Journal, Settled, Snapshot,
    Store, verify,
};

use crate::processes::input;
use crate::support::{TTL, append, at, entry, own, stream};

fn fixture(format: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../fixtures/journals/v{format}"))
}

/// Writes the fixture of the current format; run once, when the format is new:
/// `cargo test -p shipway-store --test it -- --ignored write_the_fixture`.
#[test]
#[ignore = "writes into the repository"]
fn write_the_fixture() {
    let dir = fixture(shipway_store::sqlite::FORMAT);
    let store = Store::create(&dir.join("store")).unwrap();
    let journal = store.journal();
    let epoch = journal.acquire(&Holder::this_process("fixture"), TTL).unwrap();
    journal.submit(&input("ship-1")).unwrap();
    journal.submit(&input("ship-2")).unwrap();
    journal.submit(&input("ship-3")).unwrap();
    let first = NewEntry {
        at: "2026-01-02T03:04:05.678901234Z".parse().unwrap(),
        actor: Actor::Unverified { user: "ada".to_owned() },
        cause: Some(Cause("ship-1".to_owned())),
        payload: "{\"event\":\"push\"}".to_owned(),
    };
    let batch = Batch {
        settled: vec![
            Settled::handled(InputId::new("ship-1").unwrap()),
            Settled::refused(InputId::new("ship-2").unwrap(), "production is locked"),
        ],
        ..Batch::of(stream("plan/p1"), Version(0), vec![first, entry("\"secret\"")])
    };
    journal.append(epoch, batch, Durability::Durable).unwrap();
    append(journal, epoch, "run/r1", 0, &["\"started\"", "\"ended\""]);
    append(journal, epoch, "env/production", 0, &["\"☃\""]);
    journal.erase(epoch, Seq(2)).unwrap();
    let snapshot =
        Snapshot { view: "status".to_owned(), schema: 1, seq: Seq(5), bytes: vec![1, 2, 3] };
    journal.put_snapshot(&snapshot).unwrap();
    store.blobs().put(b"output of a job\n").unwrap();
    journal.release(epoch).unwrap();
    let checkpoints = Checkpoints::open(&dir.join("audit")).unwrap();
    checkpoints.sign(journal, at(0)).unwrap();
}

/// The fixture, where it may be written to.
fn copy(format: u32) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    copy_dir(&fixture(format), dir.path());
    // Git does not keep this mode.
    let key = dir.path().join("audit/key");
    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
    dir
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn format_1_is_read() {
    let dir = copy(1);
    let store = Store::open(&dir.path().join("store")).unwrap();
    let journal = store.journal();
    let checkpoints = Checkpoints::open(&dir.path().join("audit")).unwrap();
    let report = verify(journal, &checkpoints.read().unwrap()).unwrap();
    assert!(report.is_clean(), "{report:#?}");
    assert_eq!((report.entries, report.erased), (5, vec![Seq(2)]));
    assert_eq!(report.vouched.unwrap().seq, Seq(5));

    let lines: Vec<_> = journal
        .read(Seq(1), 10)
        .unwrap()
        .into_iter()
        .map(|entry| {
            let cause = entry.cause.map(|cause| cause.0);
            format!(
                "{} {} {} {} {} {cause:?} {:?}",
                entry.seq.0, entry.stream, entry.version.0, entry.at, entry.actor, entry.payload
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    1 plan/p1 1 2026-01-02T03:04:05.678901234Z ada (unverified) Some("ship-1") Some("{\"event\":\"push\"}")
    2 plan/p1 2 2027-01-15T08:00:00Z engine Some("tick") None
    3 run/r1 1 2027-01-15T08:00:00Z engine Some("tick") Some("\"started\"")
    4 run/r1 2 2027-01-15T08:00:00Z engine Some("tick") Some("\"ended\"")
    5 env/production 1 2027-01-15T08:00:00Z engine Some("tick") Some("\"☃\"")
    "#);

    let status = |id| journal.input_status(&InputId::new(id).unwrap()).unwrap();
    assert_eq!(status("ship-1"), Some(InputStatus::Handled));
    let reason = "production is locked".to_owned();
    assert_eq!(status("ship-2"), Some(InputStatus::Refused { reason }));
    assert_eq!(status("ship-3"), Some(InputStatus::Pending));
    assert_eq!(journal.get_snapshot("status", 1).unwrap().unwrap().bytes, [1, 2, 3]);
    let blob = store.blobs().list().unwrap()[0];
    assert_eq!(store.blobs().read(&blob).unwrap(), b"output of a job\n");

    let epoch = own(journal);
    append(journal, epoch, "run/r1", 2, &["and it goes on"]);
}

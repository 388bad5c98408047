//! `shipway gc`.

use std::fs::File;
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use shipway_core::ids::RunId;
use shipway_results::{Collected, Limits, Storage};

use crate::support::{World, create, job, names, put, upload};

fn none(_: &RunId) -> bool {
    false
}

fn age(path: &std::path::Path, days: u64) {
    let then = SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60);
    File::open(path).unwrap().set_modified(then).unwrap();
}

#[tokio::test]
async fn artifacts_go_when_their_time_is_over_unless_they_are_needed() {
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    upload(&admission, "a", "12345").await;
    let storage = Storage::new(world.path("results"));
    let now = Timestamp::now();
    let nothing = storage.collect(&Limits::default(), now, &none).unwrap();
    assert_eq!(nothing, Collected::default());
    let later = now + SignedDuration::from_hours(91 * 24);
    let needed = storage.collect(&Limits::default(), later, &|run| run.as_str() == "r7").unwrap();
    assert_eq!((needed.artifacts, world.files("artifacts").len()), (0, 2));
    let gone = storage.collect(&Limits::default(), later, &none).unwrap();
    assert_eq!((gone.artifacts, gone.bytes), (1, 5));
    assert!(world.files("artifacts").is_empty());
    assert!(names(&admission).await.is_empty());
}

#[tokio::test]
async fn what_uploads_left_goes_and_what_is_under_way_stays() {
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    put(&create(&admission, "a").await, "abc").await;
    let storage = Storage::new(world.path("results"));
    let now = Timestamp::now();
    assert_eq!(storage.collect(&Limits::default(), now, &none).unwrap(), Collected::default());
    upload(&admission, "b", "b").await;
    let record = world.files("artifacts").into_iter().find(|f| f.extension().unwrap() == "json");
    std::fs::remove_file(record.unwrap()).unwrap();
    let blob = world.files("artifacts").remove(0);
    assert_eq!(storage.collect(&Limits::default(), now, &none).unwrap(), Collected::default());
    age(&blob, 2);
    age(world.files("uploads")[0].parent().unwrap(), 2);
    let collected = storage.collect(&Limits::default(), now, &none).unwrap();
    assert_eq!((collected.leftovers, collected.bytes), (2, 4));
    assert!(world.files("").is_empty(), "{:?}", world.files(""));
}

#[tokio::test]
async fn caches_that_nobody_asks_for_go() {
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    let client = crate::support::client(&admission);
    for key in ["old", "new"] {
        let saving = client.reserve_cache(key, "v").await.unwrap();
        let (out, source) = shipway_results::pieces();
        let writing = tokio::task::spawn_blocking(move || {
            let mut out = out;
            std::io::Write::write_all(&mut out, b"1234")?;
            out.finish()
        });
        let (_, saved) = tokio::join!(writing, client.save_cache(saving, key, "v", source));
        saved.unwrap();
    }
    let records = world.files("caches").into_iter().filter(|f| f.extension().unwrap() == "json");
    age(&records.min().unwrap(), 8);
    let storage = Storage::new(world.path("results"));
    let collected = storage.collect(&Limits::default(), Timestamp::now(), &none).unwrap();
    assert_eq!((collected.caches, collected.bytes), (1, 4));
    assert!(client.find_cache(&["old".to_owned()], "v").await.unwrap().is_none());
    assert!(client.find_cache(&["new".to_owned()], "v").await.unwrap().is_some());
    let tight = Limits { caches_bytes: 3, ..Limits::default() };
    assert_eq!(storage.collect(&tight, Timestamp::now(), &none).unwrap().caches, 1);
}

//! CacheService.

use serde_json::{Value, json};
use shipway_results::{Admission, CacheMode, Job, Limits, Scope};

use crate::support::{Answer, CACHES, World, call, get, job, put};

fn on(branches: &[&str]) -> Job {
    let scopes = branches.iter().map(|branch| Scope(format!("refs/heads/{branch}"))).collect();
    Job { scopes, ..job(7, 1) }
}

async fn create(admission: &Admission, key: &str) -> Answer {
    call(admission, CACHES, "CreateCacheEntry", json!({"key": key, "version": "v"})).await
}

async fn finalize(admission: &Admission, key: &str, size: usize) -> Value {
    let request = json!({"key": key, "version": "v", "size_bytes": size.to_string()});
    call(admission, CACHES, "FinalizeCacheEntryUpload", request).await.ok()
}

async fn save(admission: &Admission, key: &str, content: &str) {
    let created = create(admission, key).await.ok();
    assert_eq!(created["ok"], true, "{created}");
    let url = created["signed_upload_url"].as_str().unwrap();
    assert_eq!(put(url, content.to_owned()).await.status, 201);
    let done = finalize(admission, key, content.len()).await;
    assert_eq!(done["ok"], true, "{done}");
}

/// The key that was found and its content.
async fn find(admission: &Admission, key: &str, others: &[&str]) -> Option<(String, String)> {
    let request = json!({"key": key, "restore_keys": others, "version": "v"});
    let found = call(admission, CACHES, "GetCacheEntryDownloadURL", request).await.ok();
    if found["ok"] == false {
        return None;
    }
    let blob = get(found["signed_download_url"].as_str().unwrap(), &[]).await;
    assert_eq!(blob.status, 200);
    let content = String::from_utf8(blob.body.to_vec()).unwrap();
    Some((found["matched_key"].as_str().unwrap().to_owned(), content))
}

fn some(key: &str, content: &str) -> Option<(String, String)> {
    Some((key.to_owned(), content.to_owned()))
}

#[tokio::test]
async fn an_entry_is_found_by_key_and_by_prefix_newest_first() {
    let world = World::new().await;
    let admission = world.admit(on(&["main"]));
    save(&admission, "npm-1", "one").await;
    save(&admission, "npm-2", "two").await;
    assert_eq!(find(&admission, "npm-1", &[]).await, some("npm-1", "one"));
    assert_eq!(find(&admission, "npm-3", &[]).await, None);
    assert_eq!(find(&admission, "npm-3", &["npm-"]).await, some("npm-2", "two"));
    let request = json!({"key": "npm-1", "version": "other"});
    let other = call(&admission, CACHES, "GetCacheEntryDownloadURL", request).await.ok();
    assert_eq!(other["ok"], false, "another version is another cache");
}

#[tokio::test]
async fn an_entry_is_never_changed() {
    let world = World::new().await;
    let admission = world.admit(on(&["main"]));
    save(&admission, "k", "1").await;
    let exists = create(&admission, "k").await.refusal();
    assert_eq!((exists.0, exists.1.as_str()), (409, "already_exists"));
    create(&admission, "pending").await.ok();
    assert_eq!(create(&admission, "pending").await.status, 409);
    let other = world.admit(on(&["topic", "main"]));
    save(&other, "k", "2").await;
    assert_eq!(find(&other, "k", &[]).await, some("k", "2"), "the own branch goes first");
    let admission = world.admit(on(&["main"]));
    assert_eq!(find(&admission, "k", &[]).await, some("k", "1"));
}

#[tokio::test]
async fn a_branch_sees_its_own_entries_and_those_of_its_base() {
    let world = World::new().await;
    save(&world.admit(on(&["main"])), "k", "main").await;
    save(&world.admit(on(&["one", "main"])), "o", "one").await;
    let other = world.admit(on(&["other", "main"]));
    assert_eq!(find(&other, "k", &[]).await, some("k", "main"));
    assert_eq!(find(&other, "o", &[]).await, None);
    let main = world.admit(on(&["main"]));
    assert_eq!(find(&main, "o", &[]).await, None);
}

#[tokio::test]
async fn the_mode_says_what_a_job_may() {
    let world = World::new().await;
    save(&world.admit(on(&["main"])), "k", "1").await;
    let admit = |cache_mode| world.admit(Job { cache_mode, ..on(&["main"]) });
    for (mode, reads, writes) in [
        (CacheMode::None, false, false),
        (CacheMode::Read, true, false),
        (CacheMode::Write, true, true),
        (CacheMode::WriteOnly, false, true),
    ] {
        let admission = admit(mode);
        let created = create(&admission, mode.as_str()).await.ok();
        assert_eq!(created["ok"], writes, "{mode:?}");
        let denied = created["message"].as_str().unwrap().starts_with("cache write denied:");
        assert_eq!(denied, !writes);
        let request = json!({"key": "k", "version": "v"});
        let found = call(&admission, CACHES, "GetCacheEntryDownloadURL", request).await;
        if reads {
            assert_eq!(found.ok()["ok"], true);
        } else {
            let (status, code, message) = found.refusal();
            assert_eq!((status, code.as_str()), (403, "permission_denied"));
            assert!(message.starts_with("cache read denied:"), "{message}");
        }
    }
}

#[tokio::test]
async fn what_was_uploaded_has_to_be_what_is_said() {
    let world = World::new().await;
    let admission = world.admit(on(&["main"]));
    let none = finalize(&admission, "none", 0).await;
    assert!(none["ok"] == false && none["message"].as_str().unwrap().contains("under way"));
    create(&admission, "empty").await.ok();
    let empty = finalize(&admission, "empty", 0).await;
    assert!(empty["message"].as_str().unwrap().contains("nothing was uploaded"));
    let created = create(&admission, "k").await.ok();
    put(created["signed_upload_url"].as_str().unwrap(), "abc").await;
    assert_eq!(finalize(&admission, "k", 4).await["ok"], false);
    assert_eq!(find(&admission, "k", &[]).await, None);
    assert!(world.files("").is_empty());
    for bad in ["", "a,b", &"k".repeat(513)] {
        assert_eq!(create(&admission, bad).await.status, 400, "{bad}");
    }
    let many = json!({"key": "k", "version": "v", "restore_keys": vec!["k"; 10]});
    assert_eq!(call(&admission, CACHES, "GetCacheEntryDownloadURL", many).await.status, 400);
}

#[tokio::test]
async fn the_least_recently_used_make_room() {
    let limits = Limits { caches_bytes: 10, ..Limits::default() };
    let world = World::with(limits).await;
    let admission = world.admit(on(&["main"]));
    save(&admission, "a", "1234").await;
    save(&admission, "b", "1234").await;
    find(&admission, "a", &[]).await.unwrap();
    save(&admission, "c", "1234").await;
    assert_eq!(find(&admission, "b", &[]).await, None, "nobody asked for it");
    assert!(find(&admission, "a", &[]).await.is_some());
    assert!(find(&admission, "c", &[]).await.is_some());
    let too_large = create(&admission, "d").await.ok();
    let url = too_large["signed_upload_url"].as_str().unwrap();
    let limits = Limits { cache_bytes: 3, ..Limits::default() };
    assert_eq!(put(url, "12345678901").await.status, 201, "less than an entry may have");
    let small = World::with(limits).await;
    let admission = small.admit(on(&["main"]));
    let created = create(&admission, "d").await.ok();
    let url = created["signed_upload_url"].as_str().unwrap();
    assert_eq!(put(url, "1234").await.status, 413);
}

//! The worker's client.

use std::io::Write as _;

use shipway_core::digest::Digest;
use shipway_results::{ClientError, Downloaded, pieces};
use tokio::task::spawn_blocking;

use crate::support::{World, client, job, names};

const ZIP: &str = "application/zip";

async fn file() -> tokio::fs::File {
    tokio::fs::File::from_std(tempfile::tempfile().unwrap())
}

#[tokio::test]
async fn what_is_uploaded_in_pieces_comes_back() {
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    let client = client(&admission);
    let content: Vec<u8> = (0..10_000_000_u32).flat_map(|n| [(n / 251) as u8]).collect();
    let (mut out, source) = pieces();
    let written = content.clone();
    let writing = spawn_blocking(move || {
        out.write_all(&written)?;
        out.finish()
    });
    let (written, uploaded) = tokio::join!(writing, client.upload_artifact("a", None, ZIP, source));
    written.unwrap().unwrap();
    let (id, uploaded) = uploaded.unwrap();
    assert_eq!((uploaded.size, uploaded.digest), (10_000_000, Digest::of(&content)));
    let [artifact] = &client.artifacts().await.unwrap()[..] else { panic!("one") };
    assert_eq!((artifact.id, &*artifact.name), (id, "a"));
    let mut out = file().await;
    let kind = client.download_artifact(artifact, &mut out).await.unwrap();
    assert_eq!(kind, Downloaded::Archive);
    assert_eq!(out.metadata().await.unwrap().len(), 10_000_000);
    assert!(client.delete_artifact("a").await.unwrap());
    assert!(!client.delete_artifact("a").await.unwrap());
}

#[tokio::test]
async fn half_of_something_is_never_committed() {
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    let client = client(&admission);
    let (mut out, source) = pieces();
    let writing = spawn_blocking(move || {
        out.write_all(&vec![0; 6 << 20]).unwrap();
        // Whoever writes has failed: no `finish`.
        drop(out);
    });
    let (written, uploaded) = tokio::join!(writing, client.upload_artifact("a", None, ZIP, source));
    written.unwrap();
    assert!(matches!(uploaded, Err(ClientError::Local(_))), "{uploaded:?}");
    assert!(names(&admission).await.is_empty());
}

#[tokio::test]
async fn damage_is_noticed() {
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    crate::support::upload(&admission, "a", "content").await;
    let client = client(&admission);
    let artifact = client.artifacts().await.unwrap().remove(0);
    let blob = world.files("artifacts").into_iter().find(|f| f.extension().unwrap() == "blob");
    std::fs::write(blob.as_ref().unwrap(), "changed").unwrap();
    let changed = client.download_artifact(&artifact, &mut file().await).await;
    assert!(matches!(changed, Err(ClientError::Digest { .. })), "{changed:?}");
    std::fs::write(blob.unwrap(), "cut").unwrap();
    assert!(client.download_artifact(&artifact, &mut file().await).await.is_err());
}

#[tokio::test]
async fn caches_are_saved_and_found() {
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    let client = client(&admission);
    let saving = client.reserve_cache("k-1", "v").await.unwrap();
    let (mut out, source) = pieces();
    let writing = spawn_blocking(move || {
        out.write_all(b"deps")?;
        out.finish()
    });
    let (written, saved) = tokio::join!(writing, client.save_cache(saving, "k-1", "v", source));
    written.unwrap().unwrap();
    assert_eq!(saved.unwrap().size, 4);
    let again = client.reserve_cache("k-1", "v").await;
    assert!(matches!(again, Err(ClientError::Exists { .. })), "{again:?}");
    let keys = ["k-2".to_owned(), "k-".to_owned()];
    let found = client.find_cache(&keys, "v").await.unwrap().unwrap();
    assert_eq!(found.key, "k-1");
    assert_eq!(client.download_cache(&found, &mut file().await).await.unwrap(), 4);
    assert_eq!(client.find_cache(&["none".to_owned()], "v").await.unwrap(), None);
}

#[tokio::test]
async fn a_service_that_is_gone_is_named() {
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    let client = client(&admission);
    let origin = admission.origin.clone();
    drop(world);
    let error = client.artifacts().await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("the results service at {origin} cannot be reached")));
}

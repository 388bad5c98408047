//! ArtifactService.

use serde_json::{Value, json};
use shipway_core::digest::Digest;
use shipway_results::Limits;

use crate::support::{
    ARTIFACTS, World, about, call, create, download_url, finalize, get, job, names, put, upload,
};

#[tokio::test]
async fn an_artifact_is_seen_by_all_jobs_of_its_run_and_nobody_else() {
    let world = World::new().await;
    let uploader = world.admit(job(7, 1));
    let id = upload(&uploader, "dist", "content").await;
    let request = json!({"workflow_run_backend_id": "7", "workflow_job_run_backend_id": "2"});
    let other = world.admit(job(7, 2));
    let listed = call(&other, ARTIFACTS, "ListArtifacts", request.clone()).await.ok();
    let artifact = &listed["artifacts"][0];
    let digest = Digest::of(b"content").to_string();
    for (field, value) in [
        ("database_id", json!(id.to_string())),
        ("name", json!("dist")),
        ("size", json!("7")),
        ("digest", json!(digest)),
        ("workflow_run_backend_id", json!("7")),
        ("workflow_job_run_backend_id", json!("1")),
    ] {
        assert_eq!(artifact[field], value, "{field}");
    }
    let blob = get(&download_url(&other, "dist").await, &[]).await;
    assert_eq!((blob.status, &blob.body[..]), (200, &b"content"[..]));
    assert_eq!(blob.header("content-type"), "application/zip");

    let stranger = world.admit(job(8, 1));
    let refused = call(&stranger, ARTIFACTS, "ListArtifacts", request).await.refusal();
    assert_eq!(refused, (403, "permission_denied".into(), "the token is of another run".into()));
    let own = json!({"workflow_run_backend_id": "8"});
    assert_eq!(call(&stranger, ARTIFACTS, "ListArtifacts", own).await.ok()["artifacts"], json!([]));
}

#[tokio::test]
async fn filters_choose() {
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    let first = upload(&admission, "first", "1").await;
    upload(&admission, "second", "2").await;
    let list = async |filter: Value| {
        let answer = call(&admission, ARTIFACTS, "ListArtifacts", about(filter)).await.ok();
        answer["artifacts"].as_array().unwrap().iter().map(|a| a["name"].clone()).collect()
    };
    let both: Vec<Value> = list(json!({})).await;
    assert_eq!(both, ["first", "second"]);
    assert_eq!(list(json!({"name_filter": "second"})).await, ["second"]);
    assert_eq!(list(json!({"id_filter": first.to_string()})).await, ["first"]);
    assert_eq!(list(json!({"idFilter": first})).await, ["first"]);
    assert!(list(json!({"id_filter": "1"})).await.is_empty());
}

#[tokio::test]
async fn an_artifact_is_not_changed() {
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    upload(&admission, "a", "1").await;
    let again = || about(json!({"name": "a", "version": 4}));
    let exists = call(&admission, ARTIFACTS, "CreateArtifact", again()).await.refusal();
    let message = "an artifact with this name already exists on the workflow run";
    assert_eq!(exists, (409, "already_exists".into(), message.into()));
    let deleted = call(&admission, ARTIFACTS, "DeleteArtifact", about(json!({"name": "a"}))).await;
    assert_eq!(deleted.ok()["ok"], true);
    upload(&admission, "a", "2").await;
    let blob = get(&download_url(&admission, "a").await, &[]).await;
    assert_eq!(&blob.body[..], b"2");
    let none = call(&admission, ARTIFACTS, "DeleteArtifact", about(json!({"name": "b"}))).await;
    assert_eq!(none.refusal().0, 404);
}

#[tokio::test]
async fn a_name_that_is_being_uploaded_is_taken() {
    let world = World::new().await;
    let (one, other) = (world.admit(job(7, 1)), world.admit(job(7, 2)));
    create(&one, "a").await;
    let request = json!({
        "workflow_run_backend_id": "7", "workflow_job_run_backend_id": "2", "name": "a",
    });
    let taken = call(&other, ARTIFACTS, "CreateArtifact", request.clone()).await;
    assert_eq!(taken.status, 409);
    assert!(names(&one).await.is_empty(), "what is not finished is not there");
    drop(one);
    call(&other, ARTIFACTS, "CreateArtifact", request).await.ok();
}

#[tokio::test]
async fn a_later_attempt_has_names_of_its_own() {
    let world = World::new().await;
    let first = world.admit(job(7, 1));
    upload(&first, "a", "1").await;
    drop(first);
    let second = world.admit(shipway_results::Job { attempt: 2, ..job(7, 1) });
    upload(&second, "a", "2").await;
    assert_eq!(names(&second).await, ["a", "a"]);
    let blob = get(&download_url(&second, "a").await, &[]).await;
    assert_eq!(&blob.body[..], b"2", "the newest");
}

#[tokio::test]
async fn what_was_uploaded_has_to_be_what_is_said() {
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    let finish = async |name: &str, more: Value| {
        let mut request = about(more);
        request["name"] = json!(name);
        call(&admission, ARTIFACTS, "FinalizeArtifact", request).await
    };
    assert_eq!(finish("none", json!({"size": "0"})).await.refusal().0, 404);
    create(&admission, "empty").await;
    let nothing = finish("empty", json!({"size": "0"})).await.refusal();
    assert_eq!((nothing.0, nothing.1.as_str()), (400, "invalid_argument"));
    for (name, said) in [
        ("short", json!({"size": "2"})),
        ("long", json!({"size": "4"})),
        ("other", json!({"size": "3", "hash": Digest::of(b"xyz").to_string()})),
    ] {
        put(&create(&admission, name).await, "abc").await;
        assert_eq!(finish(name, said).await.refusal().0, 400, "{name}");
        assert_eq!(finish(name, json!({"size": "3"})).await.refusal().0, 404, "it is gone");
    }
    assert!(names(&admission).await.is_empty());
    assert!(world.files("").is_empty(), "{:?}", world.files(""));
    put(&create(&admission, "right").await, "abc").await;
    finish("right", json!({"size": "3", "hash": Digest::of(b"abc").to_string()})).await.ok();
}

#[tokio::test]
async fn a_job_speaks_for_itself_only() {
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    for (run, of, message) in
        [("8", "1", "another run"), ("7", "2", "another job"), ("", "", "run")]
    {
        let request = json!({
            "workflow_run_backend_id": run, "workflow_job_run_backend_id": of, "name": "a",
        });
        let (status, _, said) =
            call(&admission, ARTIFACTS, "CreateArtifact", request).await.refusal();
        assert!(status == 403 && said.contains(message), "{said}");
    }
    for name in ["", "a/b", "../a", "a\nb"] {
        let request = about(json!({"name": name}));
        assert_eq!(call(&admission, ARTIFACTS, "CreateArtifact", request).await.status, 400);
    }
}

#[tokio::test]
async fn a_single_file_is_served_as_what_it_is() {
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    let request = about(json!({"name": "ü report.html", "version": 7, "mime_type": "text/html"}));
    let created = call(&admission, ARTIFACTS, "CreateArtifact", request).await.ok();
    put(created["signed_upload_url"].as_str().unwrap(), "<p>").await;
    finalize(&admission, "ü report.html", 3).await.ok();
    let blob = get(&download_url(&admission, "ü report.html").await, &[]).await;
    assert_eq!(blob.header("content-type"), "text/html");
    let disposition = "attachment; filename*=UTF-8''%C3%BC%20report.html";
    assert_eq!(blob.header("content-disposition"), disposition);
    let bad = about(json!({"name": "b", "version": 7, "mime_type": "a/b\r\nx: y"}));
    assert_eq!(call(&admission, ARTIFACTS, "CreateArtifact", bad).await.status, 400);
}

#[tokio::test]
async fn a_migrated_artifact_is_one_without_a_job() {
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    let create = json!({"workflow_run_backend_id": "7", "name": "m"});
    let created = call(&admission, ARTIFACTS, "MigrateArtifact", create).await.ok();
    put(created["signed_upload_url"].as_str().unwrap(), "m").await;
    let finish = json!({"workflow_run_backend_id": "7", "name": "m", "size": 1});
    call(&admission, ARTIFACTS, "FinalizeMigratedArtifact", finish).await.ok();
    assert_eq!(names(&admission).await, ["m"]);
}

#[tokio::test]
async fn there_is_a_limit_to_artifacts_and_to_uploads() {
    let limits = Limits { artifacts_of_job: 2, open_uploads: 1, ..Limits::default() };
    let world = World::with(limits).await;
    let admission = world.admit(job(7, 1));
    upload(&admission, "a", "1").await;
    create(&admission, "b").await;
    let request = || about(json!({"name": "c"}));
    let open = call(&admission, ARTIFACTS, "CreateArtifact", request()).await.refusal();
    assert_eq!((open.0, open.1.as_str()), (429, "resource_exhausted"));
    finalize(&admission, "b", 0).await;
    upload(&admission, "b", "2").await;
    let full = call(&admission, ARTIFACTS, "CreateArtifact", request()).await.refusal();
    assert_eq!((full.0, full.2.as_str()), (429, "a job may upload 2 artifacts"));
}

#[tokio::test]
async fn artifacts_outlive_the_service_and_uploads_do_not() {
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    upload(&admission, "kept", "1").await;
    put(&create(&admission, "lost").await, "2").await;
    // As after a kill: the job never ended.
    let kept = admission;
    assert_eq!(world.files("uploads").len(), 1);
    let world = world.again().await;
    assert!(world.files("uploads").is_empty());
    let admission = world.admit(job(7, 1));
    assert_eq!(names(&admission).await, ["kept"]);
    drop(kept);
}

#[tokio::test]
async fn an_expired_artifact_is_not_there() {
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    let past = about(json!({"name": "a", "expires_at": "2020-01-01T00:00:00Z"}));
    assert_eq!(call(&admission, ARTIFACTS, "CreateArtifact", past).await.status, 400);
    upload(&admission, "a", "1").await;
    let [record] =
        &world.service.storage().artifacts(&job(7, 1).run, jiff::Timestamp::now()).unwrap()[..]
    else {
        panic!("one artifact");
    };
    // Its time counts from the beginning of its upload.
    let lives = record.expires_at.duration_since(record.created_at).as_hours();
    assert!((90 * 24 - 1..=90 * 24).contains(&lives), "{lives}");
    let later = record.expires_at;
    assert!(world.service.storage().artifacts(&job(7, 1).run, later).unwrap().is_empty());
}

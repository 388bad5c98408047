//! Who is let in, and for how long.

use http::Method;
use serde_json::json;
use shipway_results::Identity;

use crate::support::{
    ARTIFACTS, World, about, call, create, download_url, get, job, put, send, upload,
};

#[tokio::test]
async fn everything_ends_with_the_job() {
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    upload(&admission, "a", "1").await;
    let (read, write) = (download_url(&admission, "a").await, create(&admission, "b").await);
    put(&write, "2").await;
    let (origin, token) = (admission.origin.clone(), admission.token.clone());
    drop(admission);
    assert!(world.files("uploads").is_empty(), "an upload that was not finished is gone");
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let url = format!("{origin}/twirp/{ARTIFACTS}/ListArtifacts");
    let late = send(Method::POST, &url, &headers, about(json!({})).to_string()).await.refusal();
    assert_eq!((late.0, late.1.as_str()), (401, "unauthenticated"));
    assert_eq!(get(&read, &[]).await.status, 403);
    assert_eq!(put(&write, "3").await.status, 403);
    // Not even a second admission of the same job makes them good again.
    let second = world.admit(job(7, 1));
    let late = send(Method::POST, &url, &headers, about(json!({})).to_string()).await;
    assert_eq!(late.status, 401);
    assert_eq!(get(&read, &[]).await.status, 403);
    call(&second, ARTIFACTS, "ListArtifacts", about(json!({}))).await.ok();
}

#[tokio::test]
async fn without_a_good_token_nothing_is_answered() {
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    let url = format!("{}/twirp/{ARTIFACTS}/ListArtifacts", admission.origin);
    let body = || about(json!({})).to_string();
    let bad = [
        String::new(),
        format!("Basic {}", admission.token),
        format!("Bearer {}x", admission.token),
        "Bearer a.b.c".to_owned(),
    ];
    for token in bad {
        let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
        assert_eq!(send(Method::POST, &url, &headers, body()).await.status, 401, "{token}");
    }
}

#[tokio::test]
async fn the_tokens_of_a_job_are_for_one_thing_each() {
    let world = World::new().await;
    let may = shipway_results::Job { identity: Some(Identity::default()), ..job(7, 1) };
    let admission = world.admit(may);
    let (id_url, id_token) = admission.id_token.clone().unwrap();
    let with = |token: &str| format!("Bearer {token}");
    let runtime = with(&admission.token);
    assert_eq!(get(&id_url, &[("authorization", &runtime)]).await.status, 401);
    let url = format!("{}/twirp/{ARTIFACTS}/ListArtifacts", admission.origin);
    let id = with(&id_token);
    let headers = [("authorization", id.as_str()), ("content-type", "application/json")];
    let body = about(json!({})).to_string();
    assert_eq!(send(Method::POST, &url, &headers, body).await.status, 401);
    assert!(world.admit(job(7, 2)).id_token.is_none(), "without permission there is none");
}

#[tokio::test]
async fn calls_that_are_none_have_twirps_codes() {
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    let unknown = call(&admission, ARTIFACTS, "NoSuchMethod", json!({})).await.refusal();
    assert_eq!((unknown.0, unknown.1.as_str()), (404, "bad_route"));
    let url = format!("{}/twirp/{ARTIFACTS}/ListArtifacts", admission.origin);
    let token = format!("Bearer {}", admission.token);
    let by = async |method: Method, media: &str, body: String| {
        let headers = [("authorization", token.as_str()), ("content-type", media)];
        let answer = send(method, &url, &headers, body).await.refusal();
        (answer.0, answer.1)
    };
    let json = "application/json; charset=utf-8";
    let bad_route = (404, "bad_route".to_owned());
    assert_eq!(by(Method::GET, json, String::new()).await, bad_route);
    assert_eq!(by(Method::POST, "application/protobuf", String::new()).await, bad_route);
    let malformed = (400, "malformed".to_owned());
    assert_eq!(by(Method::POST, json, "{".to_owned()).await, malformed);
    assert_eq!(by(Method::POST, json, " ".repeat(2 << 20)).await, malformed);
    assert_eq!(get(&format!("{}/nothing", admission.origin), &[]).await.status, 404);
}

#[tokio::test]
async fn urls_lead_where_the_client_came_from() {
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    let url = format!("{}/twirp/{ARTIFACTS}/CreateArtifact", admission.origin);
    let token = format!("Bearer {}", admission.token);
    let create = async |name: &str, host: &str| {
        let headers = [
            ("authorization", token.as_str()),
            ("content-type", "application/json"),
            ("host", host),
        ];
        let body = about(json!({"name": name})).to_string();
        let answer = send(Method::POST, &url, &headers, body).await.ok();
        answer["signed_upload_url"].as_str().unwrap().to_owned()
    };
    assert!(
        create("a", "gateway.internal:80").await.starts_with("http://gateway.internal:80/blob/")
    );
    let own = format!("{}/blob/", admission.origin);
    assert!(create("b", "user@evil").await.starts_with(&own));
}

//! What the tests share: a service, jobs that are let in, and plain HTTP.

use std::path::PathBuf;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use shipway_core::ids::RunId;
use shipway_results::{Admission, CacheMode, Client, Config, Job, Limits, Scope, Service};
use tokio::net::TcpStream;

pub(crate) const ARTIFACTS: &str = "github.actions.results.api.v1.ArtifactService";
pub(crate) const CACHES: &str = "github.actions.results.api.v1.CacheService";

/// A service whose folder is removed when it is dropped.
pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) service: Service,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Limits::default()).await
    }

    pub(crate) async fn with(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { folder: folder.path().join("results"), limits, issuer: None };
        Self { service: Service::start(config).await.unwrap(), folder }
    }

    /// A new service over the same folder: the engine was started again.
    pub(crate) async fn again(self) -> Self {
        let Self { folder, service } = self;
        drop(service);
        let config = Config {
            folder: folder.path().join("results"),
            limits: Limits::default(),
            issuer: None,
        };
        Self { service: Service::start(config).await.unwrap(), folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn admit(&self, job: Job) -> Admission {
        self.service.admit(job).unwrap()
    }

    /// Files below the service's folder, for example `uploads`.
    pub(crate) fn files(&self, below: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut next = vec![self.path("results").join(below)];
        while let Some(path) = next.pop() {
            match std::fs::read_dir(&path) {
                Ok(entries) => next.extend(entries.map(|entry| entry.unwrap().path())),
                Err(_) if path.is_file() => found.push(path),
                Err(_) => {}
            }
        }
        found.sort();
        found
    }
}

/// Job `job` of run `run` on `refs/heads/main`.
pub(crate) fn job(run: u64, job: u64) -> Job {
    Job {
        run: RunId::new(format!("r{run}")).unwrap(),
        run_id: run,
        job_id: job,
        attempt: 1,
        cache_mode: CacheMode::Write,
        scopes: vec![Scope("refs/heads/main".to_owned())],
        identity: None,
    }
}

pub(crate) fn client(admission: &Admission) -> Client {
    Client::new(&admission.origin, &admission.token).unwrap()
}

/// Sends one request.
pub(crate) async fn send(
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Answer {
    let url: http::Uri = url.parse().unwrap();
    let authority = url.authority().unwrap().as_str().to_owned();
    let stream = TcpStream::connect(&authority).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let driving = tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(url.path_and_query().unwrap().as_str());
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        request = request.header(header::HOST, authority);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body.into())).unwrap();
    let response = sender.send_request(request).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    drop(sender);
    driving.abort();
    Answer { status, headers, body }
}

pub(crate) async fn get(url: &str, headers: &[(&str, &str)]) -> Answer {
    send(Method::GET, url, headers, Bytes::new()).await
}

/// Puts a blob, a block or a list.
pub(crate) async fn put(url: &str, body: impl Into<Bytes>) -> Answer {
    send(Method::PUT, url, &[("x-ms-blob-type", "BlockBlob")], body).await
}

/// Calls a method with a job's token.
pub(crate) async fn call(
    admission: &Admission,
    service: &str,
    method: &str,
    request: Value,
) -> Answer {
    let url = format!("{}/twirp/{service}/{method}", admission.origin);
    let token = format!("Bearer {}", admission.token);
    let headers = [("content-type", "application/json"), ("authorization", token.as_str())];
    send(Method::POST, &url, &headers, request.to_string()).await
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{}: {:?}", self.status, self.body))
    }

    /// The answer to a call that went well.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{:?}", self.body);
        self.json()
    }

    /// Status, code and message of a call that did not.
    pub(crate) fn refusal(&self) -> (u16, String, String) {
        let json = self.json();
        let text = |name: &str| json[name].as_str().unwrap().to_owned();
        (self.status, text("code"), text("msg"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A request about run 7, job 1.
pub(crate) fn about(mut more: Value) -> Value {
    more["workflow_run_backend_id"] = json!("7");
    more["workflow_job_run_backend_id"] = json!("1");
    more
}

/// Begins the upload of an artifact; its URL.
pub(crate) async fn create(admission: &Admission, name: &str) -> String {
    let request = about(json!({"name": name, "version": 4}));
    let answer = call(admission, ARTIFACTS, "CreateArtifact", request).await.ok();
    assert_eq!(answer["ok"], true);
    answer["signed_upload_url"].as_str().unwrap().to_owned()
}

pub(crate) async fn finalize(admission: &Admission, name: &str, size: usize) -> Answer {
    let request = about(json!({"name": name, "size": size.to_string()}));
    call(admission, ARTIFACTS, "FinalizeArtifact", request).await
}

/// Uploads an artifact; its id.
pub(crate) async fn upload(admission: &Admission, name: &str, content: &str) -> u64 {
    let url = create(admission, name).await;
    assert_eq!(put(&url, content.to_owned()).await.status, 201);
    let answer = finalize(admission, name, content.len()).await.ok();
    answer["artifact_id"].as_str().unwrap().parse().unwrap()
}

pub(crate) async fn names(admission: &Admission) -> Vec<String> {
    let answer = call(admission, ARTIFACTS, "ListArtifacts", about(json!({}))).await.ok();
    let artifacts = answer["artifacts"].as_array().unwrap();
    artifacts.iter().map(|artifact| artifact["name"].as_str().unwrap().to_owned()).collect()
}

pub(crate) async fn download_url(admission: &Admission, name: &str) -> String {
    let request = about(json!({"name": name}));
    let answer = call(admission, ARTIFACTS, "GetSignedArtifactURL", request).await.ok();
    answer["signed_url"].as_str().unwrap().to_owned()
}

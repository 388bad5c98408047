//! A registry with one private image, as Docker's distribution protocol has it.
//!
//! Source: the Open Container Initiative's distribution specification; basic
//! authentication as Docker Hub's predecessors have it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// A registry that serves `private:1` to who knows the password.
pub(crate) struct Registry {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

struct Content {
    /// The expected `Authorization`.
    allowed: String,
    /// By path.
    answers: HashMap<String, (&'static str, Vec<u8>)>,
}

impl Registry {
    pub(crate) async fn start(user: &str, password: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let allowed = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        let content = Arc::new(Content { allowed, answers: image() });
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&content)));
            }
        });
        Self { address, serving }
    }

    /// The name of its image.
    pub(crate) fn image(&self) -> String {
        format!("{}/private:1", self.address)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// An image with a shell in it, by the paths of its parts.
fn image() -> HashMap<String, (&'static str, Vec<u8>)> {
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_path_with_name("/bin/busybox", "bin/busybox").unwrap();
    for name in ["bin/sh", "bin/tail", "bin/cat"] {
        let mut link = tar::Header::new_gnu();
        link.set_entry_type(tar::EntryType::Symlink);
        link.set_size(0);
        tar.append_link(&mut link, name, "busybox").unwrap();
    }
    let layer = tar.into_inner().unwrap();
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let config = json!({
        "architecture": architecture, "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [digest(&layer)]},
    });
    let config = config.to_string().into_bytes();
    let part = |media_type: &str, bytes: &[u8]| json!({"mediaType": media_type, "size": bytes.len(), "digest": digest(bytes)});
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": part("application/vnd.docker.container.image.v1+json", &config),
        "layers": [part("application/vnd.docker.image.rootfs.diff.tar.gzip", &layer)],
    });
    let manifest = manifest.to_string().into_bytes();
    HashMap::from([
        ("/v2/".to_owned(), ("application/json", b"{}".to_vec())),
        (format!("/v2/private/manifests/{}", digest(&manifest)), (MANIFEST, manifest.clone())),
        ("/v2/private/manifests/1".to_owned(), (MANIFEST, manifest)),
        (format!("/v2/private/blobs/{}", digest(&config)), ("application/json", config)),
        (format!("/v2/private/blobs/{}", digest(&layer)), ("application/octet-stream", layer)),
    ])
}

async fn answer(stream: TcpStream, content: Arc<Content>) {
    let mut stream = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let mut first = head[0].split(' ');
    let (method, path) = (first.next().unwrap(), first.next().unwrap());
    let authorization = head.iter().find_map(|line| line.strip_prefix("Authorization: "));
    let (status, more, (media_type, body)) = match content.answers.get(path) {
        _ if authorization != Some(&content.allowed) => {
            let more = "WWW-Authenticate: Basic realm=\"test\"\r\n";
            ("401 Unauthorized", more, ("application/json", b"{}".to_vec()))
        }
        None => ("404 Not Found", "", ("application/json", b"{}".to_vec())),
        Some(answer) => ("200 OK", "", answer.clone()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\n{more}Docker-Distribution-Api-Version: registry/2.0\r\n\
         Docker-Content-Digest: {}\r\nContent-Type: {media_type}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        digest(&body),
        body.len()
    );
    let body = if method == "HEAD" { Vec::new() } else { body };
    // Who does not wait for the answer does not want it.
    drop(stream.write_all(&[head.into_bytes(), body].concat()).await);
}

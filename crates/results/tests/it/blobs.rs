//! The blob dialect.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use shipway_results::Limits;

use crate::support::{World, create, download_url, finalize, get, job, put, send, upload};

fn block(url: &str, id: &str) -> String {
    let id = STANDARD.encode(id).replace('=', "%3D").replace('+', "%2B").replace('/', "%2F");
    format!("{url}&comp=block&blockid={id}")
}

fn list(ids: &[&str]) -> String {
    let items: String =
        ids.iter().map(|id| format!("<Latest>{}</Latest>", STANDARD.encode(id))).collect();
    format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>{items}</BlockList>")
}

#[tokio::test]
async fn blocks_become_a_blob_in_the_order_of_the_list() {
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    let url = create(&admission, "a").await;
    let (second_url, first_url) = (block(&url, "b?"), block(&url, "a?"));
    let (second, first) = tokio::join!(put(&second_url, "world"), put(&first_url, "hello "));
    assert_eq!((first.status, second.status), (201, 201));
    let done = put(&format!("{url}&comp=blocklist"), list(&["a?", "b?"])).await;
    assert_eq!(done.status, 201);
    assert!(!done.header("etag").is_empty() && !done.header("last-modified").is_empty());
    assert_eq!(done.header("x-ms-version"), "2024-11-04");
    // The answer may have been lost.
    assert_eq!(put(&format!("{url}&comp=blocklist"), list(&["a?", "b?"])).await.status, 201);
    finalize(&admission, "a", 11).await.ok();
    let blob = get(&download_url(&admission, "a").await, &[]).await;
    assert_eq!(&blob.body[..], b"hello world");
    assert_eq!(put(&block(&url, "c?"), "late").await.status, 404);
}

#[tokio::test]
async fn what_is_wrong_has_azures_codes() {
    let limits = Limits { block_bytes: 8, artifact_bytes: 10, ..Limits::default() };
    let world = World::with(limits).await;
    let admission = world.admit(job(7, 1));
    let url = create(&admission, "a").await;
    put(&block(&url, "a"), "12345678").await;
    let cases = [
        (put(&block(&url, "b"), "123456789").await, 413, "RequestBodyTooLarge"),
        (put(&block(&url, "b"), "123").await, 413, "RequestBodyTooLarge"),
        (put(&url, "12345678901").await, 413, "RequestBodyTooLarge"),
        (put(&block(&url, "bb"), "1").await, 400, "InvalidBlockId"),
        (put(&block(&url, ""), "1").await, 400, "InvalidQueryParameterValue"),
        (
            put(&format!("{url}&comp=block&blockid=%zz"), "1").await,
            400,
            "InvalidQueryParameterValue",
        ),
        (put(&format!("{url}&comp=page"), "1").await, 400, "InvalidQueryParameterValue"),
        (put(&format!("{url}&comp=blocklist"), list(&["b"])).await, 400, "InvalidBlockList"),
        (put(&format!("{url}&comp=blocklist"), "<x/>").await, 400, "InvalidXmlDocument"),
        (send(Method::PUT, &url, &[], "1").await, 400, "InvalidHeaderValue"),
        (send(Method::DELETE, &url, &[], "").await, 405, "UnsupportedHttpVerb"),
        (get(&url, &[]).await, 403, "AuthenticationFailed"),
    ];
    for (answer, status, code) in cases {
        assert_eq!((answer.status, answer.header("x-ms-error-code")), (status, code));
        assert!(
            std::str::from_utf8(&answer.body).unwrap().contains(&format!("<Code>{code}</Code>"))
        );
    }
    // Nothing of that has done any harm.
    assert_eq!(put(&format!("{url}&comp=blocklist"), list(&["a"])).await.status, 201);
    finalize(&admission, "a", 8).await.ok();
}

#[tokio::test]
async fn parts_of_a_blob_are_read() {
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    upload(&admission, "a", "0123456789").await;
    let url = download_url(&admission, "a").await;
    let part = get(&url, &[("x-ms-range", "bytes=2-4")]).await;
    assert_eq!((part.status, &part.body[..]), (206, &b"234"[..]));
    assert_eq!(part.header("content-range"), "bytes 2-4/10");
    assert_eq!(part.header("content-length"), "3");
    let rest = get(&url, &[("range", "bytes=8-")]).await;
    assert_eq!(&rest.body[..], b"89");
    let beyond = get(&url, &[("range", "bytes=10-")]).await;
    assert_eq!((beyond.status, beyond.header("x-ms-error-code")), (416, "InvalidRange"));
    let head = send(Method::HEAD, &url, &[], "").await;
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, "10", 0));
    assert_eq!(head.header("x-ms-blob-type"), "BlockBlob");
    assert_eq!(head.header("accept-ranges"), "bytes");
    let etag = head.header("etag").to_owned();
    assert_eq!(get(&url, &[("if-match", &etag)]).await.status, 200);
    assert_eq!(get(&url, &[("if-match", "\"other\"")]).await.status, 412);
    let put_there = put(&url, "x").await;
    assert_eq!(put_there.status, 403, "a URL to read is none to write");
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_nothing() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let world = World::new().await;
    let admission = world.admit(job(7, 1));
    let url = create(&admission, "a").await;
    let (authority, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let head = |length: &str| {
        format!(
            "PUT /{path} HTTP/1.1\r\nhost: {authority}\r\nx-ms-blob-type: BlockBlob\r\n{length}\r\n"
        )
    };
    let mut killed = tokio::net::TcpStream::connect(authority).await.unwrap();
    killed.write_all(head("content-length: 1000\r\n").as_bytes()).await.unwrap();
    killed.write_all(&[b'x'; 500]).await.unwrap();
    killed.shutdown().await.unwrap();
    let mut answer = Vec::new();
    killed.read_to_end(&mut answer).await.unwrap();
    let mut endless = tokio::net::TcpStream::connect(authority).await.unwrap();
    let chunked = head("transfer-encoding: chunked\r\nconnection: close\r\n");
    endless.write_all(format!("{chunked}1\r\nx\r\n0\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    endless.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 411 "), "{answer}");
    assert_eq!(finalize(&admission, "a", 500).await.status, 400, "nothing was uploaded");
    assert!(world.files("uploads").is_empty());
}

#[tokio::test]
async fn a_silent_client_is_given_up() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let silence = std::time::Duration::from_millis(50);
    let world = World::with(Limits { silence, ..Limits::default() }).await;
    let admission = world.admit(job(7, 1));
    let url = create(&admission, "a").await;
    let (authority, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut silent = tokio::net::TcpStream::connect(authority).await.unwrap();
    let head = format!(
        "PUT /{path} HTTP/1.1\r\nhost: {authority}\r\nx-ms-blob-type: BlockBlob\r\n\
         content-length: 1000\r\n\r\nabc"
    );
    silent.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    silent.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("OperationTimedOut"), "{answer}");
}

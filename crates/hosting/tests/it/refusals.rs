//! What is refused, and what is said then.

use std::time::Duration;

use shipway_sim::scripted::Answer;

use crate::world::{PULL, ask, ask_for, ok, serve};

/// The message and the hint where everything is answered like this.
async fn told(status: u16, headers: &'static [(&str, &str)], body: &'static str) -> String {
    let server = serve(move |_| {
        let plain = Answer::new(status, body);
        Some(headers.iter().fold(plain, |answer, (name, value)| answer.with(name, *value)))
    });
    let error = ask(&server.url()).await.unwrap_err();
    format!("{error}; help: {}", error.hint().unwrap_or("-"))
}

#[tokio::test]
async fn each_refusal_says_what_to_do() {
    let spent = &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1767225600")];
    let left = &[("x-ratelimit-remaining", "59"), ("x-ratelimit-reset", "1767225600")];
    let all = [
        told(401, &[], r#"{"message": "Bad credentials"}"#).await,
        told(403, left, r#"{"message": "Resource not accessible by integration"}"#).await,
        told(403, spent, r#"{"message": "API rate limit exceeded"}"#).await,
        told(429, spent, "").await,
        told(403, &[("retry-after", "60")], "").await,
        told(429, &[], "").await,
        told(404, &[], r#"{"message": "Not Found"}"#).await,
        told(500, &[], "<html>oops").await,
        told(502, &[], "{\"message\": \"\\u001b[2Jgone\\n\"}").await,
        told(304, &[], "").await,
        told(204, &[], "").await,
        told(200, &[], "<html>").await,
        told(200, &[], "[]").await,
        told(200, &[], "{}").await,
    ];
    insta::assert_snapshot!(all.join("\n"), @r"
    the token is not accepted (401: Bad credentials); help: it may have expired or been revoked: make a new one
    the token may not ask for this (403: Resource not accessible by integration); help: it needs `pull-requests: read` for this repository
    the token has asked too often; it answers again at 2026-01-01T00:00:00Z; help: wait until then, or use a token of its own for this
    the token has asked too often; it answers again at 2026-01-01T00:00:00Z; help: wait until then, or use a token of its own for this
    the token has asked too often; it answers again in 60s; help: wait until then, or use a token of its own for this
    the token has asked too often; help: wait until then, or use a token of its own for this
    there is no such pull request, or the token may not see it (404); help: is it a pull request of the repository that `origin` names? The token needs `pull-requests: read` there
    it answered 500; help: try again later
    it answered 502: [2Jgone; help: try again later
    it answered 304; help: -
    it answered 204; help: -
    its answer is no JSON: expected value at line 1 column 1; help: is this really the API of a GitHub server?
    its answer is not a pull request; help: is this really the API of a GitHub server?
    its answer is not a list of reviews; help: is this really the API of a GitHub server?
    ");
}

#[tokio::test]
async fn what_a_server_says_is_told_in_short() {
    let server =
        serve(|_| Some(Answer::new(418, format!(r#"{{"message": "{}"}}"#, "a".repeat(10_000)))));
    let error = ask(&server.url()).await.unwrap_err().to_string();
    assert_eq!(error, format!("it answered 418: {}", "a".repeat(200)));
}

#[tokio::test]
async fn silence_and_absence_are_told_apart() {
    let silent = serve(|_| None);
    let error = ask_for(&silent.url(), Duration::from_millis(50)).await.unwrap_err().to_string();
    assert_eq!(error, "it did not answer within 50ms");
    // Also in the middle.
    let silent = serve(|asked| (asked.path == PULL).then(|| ok("{}")));
    let error = ask_for(&silent.url(), Duration::from_millis(500)).await.unwrap_err().to_string();
    assert_eq!(error, "it did not answer within 500ms");

    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let error = ask(&address).await.unwrap_err().to_string();
    assert!(error.starts_with("it cannot be reached: ") && error.contains("refused"), "{error}");
}

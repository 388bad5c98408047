//! What is answered.

use serde_json::json;
use shipway_hosting::{Api, Client};
use shipway_sim::scripted::Answer;

use crate::world::{PULL, REVIEWS, TOKEN, all_with_token, ask, ok, serve};

#[tokio::test]
async fn a_pull_request_comes_with_all_pages_of_its_reviews() {
    let server = serve(|asked| {
        let host = asked.headers["host"].to_str().unwrap();
        let page = |n: u32| format!("http://{host}{REVIEWS}&page={n}");
        let link = |n: u32, relation: &str| format!(r#"<{}>; rel="{relation}""#, page(n));
        Some(match asked.path.as_str() {
            PULL => ok(json!({"number": 7})),
            REVIEWS => {
                ok("[1, 2]").with("link", format!("{}, {}", link(2, "next"), link(3, "last")))
            }
            path if page(2).ends_with(path) => {
                ok("[3]").with("link", format!("{}, {}", link(1, "prev"), link(3, "next")))
            }
            path if page(3).ends_with(path) => ok("[4]").with("link", link(2, "prev")),
            _ => Answer::new(404, ""),
        })
    });
    let answer = ask(&server.url()).await.unwrap();
    assert_eq!(answer.pull_request, json!({"number": 7}));
    assert_eq!(json!(answer.reviews), json!([1, 2, 3, 4]));
    assert!(all_with_token(&server));
    let asked = server.asked();
    assert_eq!(asked.len(), 4);
    assert_eq!(asked[0].headers["accept"], "application/vnd.github+json");
    assert_eq!(asked[0].headers["x-github-api-version"], "2022-11-28");
    assert!(asked[0].headers["user-agent"].to_str().unwrap().starts_with("shipway/"));
}

#[tokio::test]
async fn a_server_of_ones_own_has_its_api_below_a_path() {
    let server = serve(|asked| {
        let of = asked.path.strip_prefix("/api/v3")?;
        Some(ok(if of == PULL { "{}" } else { "[]" }))
    });
    ask(&format!("{}/api/v3/", server.url())).await.unwrap();
    assert_eq!(server.asked()[1].path, format!("/api/v3{REVIEWS}"));
}

#[tokio::test]
async fn a_renamed_repository_is_found_where_it_is_now() {
    let server = serve(|asked| {
        Some(match asked.path.as_str() {
            PULL => Answer::new(301, "").with("location", "/repositories/1/pulls/7"),
            "/repositories/1/pulls/7" => ok(json!({"number": 7})),
            _ => ok("[]"),
        })
    });
    assert_eq!(ask(&server.url()).await.unwrap().pull_request, json!({"number": 7}));
    assert!(all_with_token(&server));
}

#[tokio::test]
async fn the_token_goes_to_no_other_server() {
    let other = serve(|_| Some(ok("{}")));
    let elsewhere = format!("{}/stolen", other.url());
    for status in [301, 302, 303, 307, 308] {
        let to = elsewhere.clone();
        let server = serve(move |_| Some(Answer::new(status, "").with("location", &to)));
        let error = ask(&server.url()).await.unwrap_err().to_string();
        assert_eq!(error, format!("it sends on to {}, where the token does not go", other.url()));
    }
    let server = serve(move |asked| {
        let link = format!(r#"<{elsewhere}>; rel="next""#);
        Some(if asked.path == PULL { ok("{}") } else { ok("[]").with("link", link) })
    });
    let error = ask(&server.url()).await.unwrap_err().to_string();
    assert!(error.contains("where the token does not go"), "{error}");
    assert!(other.asked().is_empty(), "{:?}", other.asked());
}

#[tokio::test]
async fn what_never_ends_is_given_up() {
    let round = serve(|asked| Some(Answer::new(302, "").with("location", &asked.path)));
    let error = ask(&round.url()).await.unwrap_err().to_string();
    assert_eq!(error, "it sends on without an end");
    assert_eq!(round.asked().len(), 4);

    let pages = serve(|asked| {
        let host = asked.headers["host"].to_str().unwrap();
        let link = format!(r#"<http://{host}{REVIEWS}&page=2>; rel="next""#);
        Some(if asked.path == PULL { ok("{}") } else { ok("[]").with("link", link) })
    });
    let error = ask(&pages.url()).await.unwrap_err().to_string();
    assert_eq!(error, "there are more than 50 pages of reviews");

    let flood = serve(|_| Some(ok(" ".repeat((32 << 20) + 1))));
    let error = ask(&flood.url()).await.unwrap_err().to_string();
    assert_eq!(error, "its answer is too large (over 32 MiB)");
}

#[test]
fn a_token_is_one_line_of_text() {
    let client = |token: &str| Client::new(Api::new("http://127.0.0.1:1").unwrap(), token);
    assert!(client(&format!("{TOKEN}\n")).is_ok(), "files end with a line break");
    for bad in ["", " \n", "a\nb", "a\0"] {
        let error = client(bad).unwrap_err().to_string();
        assert_eq!(error, "the token is empty, or has characters that no token has");
    }
}

#[test]
fn there_is_a_client_for_https() {
    assert!(Client::new(Api::new("https://api.github.com").unwrap(), TOKEN).is_ok());
}

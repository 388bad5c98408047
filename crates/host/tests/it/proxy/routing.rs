//! Which version a request goes to, and what it is told about the client.

use shipway_host::proxy::{Limits, Table};

use super::origin::Origin;
use super::world::{World, app, backend};

#[tokio::test]
async fn host_and_path_choose_the_app() {
    let world = World::start(Limits::default());
    let mut table = Table::new();
    let mut origins = Vec::new();
    let routes: [(&str, &[&str], &str); 6] = [
        ("exact", &["Shop.example.org"], "/"),
        ("exact-api", &["shop.example.org"], "/api"),
        ("wild", &["*.example.org"], "/"),
        ("wild-deep", &["*.b.example.org"], "/"),
        ("any", &[], "/"),
        ("any-api", &[], "/api/"),
    ];
    for (name, hosts, path) in routes {
        let origin = Origin::start(name).await;
        let backend = backend(name, &[origin.address]);
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        table.add(world.address, &hosts, path, app(&[(&backend, 100)], &[], None, false));
        origins.push(origin);
    }
    world.proxy.swap(table);
    let mut client = world.connect().await;
    for (host, path, name) in [
        ("shop.example.org", "/", "exact"),
        ("SHOP.example.ORG:8080", "/x", "exact"),
        ("shop.example.org", "/api", "exact-api"),
        ("shop.example.org", "/api/x?y", "exact-api"),
        ("shop.example.org", "/apix", "exact"),
        ("a.example.org", "/api", "wild"),
        ("a.b.example.org", "/", "wild-deep"),
        ("example.org", "/", "any"),
        ("[::1]:80", "/", "any"),
        ("127.0.0.1", "/api/", "any-api"),
    ] {
        client.send(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
        assert_eq!(client.answer().await.text(), name, "{host}{path}");
    }
    client.send("GET http://shop.example.org/api HTTP/1.1\r\nHost: other\r\n\r\n").await;
    assert_eq!(client.answer().await.text(), "exact-api");
}

#[tokio::test]
async fn without_a_route_or_a_serving_version_it_says_so() {
    let world = World::start(Limits::default());
    assert_eq!(world.get("/").await.0, 404);
    world.route(app(&[], &[], None, false));
    let (status, text) = world.get("/").await;
    assert_eq!(status, 503);
    assert!(text.starts_with("503: no version is ready to answer (request "), "{text}");
}

#[tokio::test]
async fn weights_are_exact_over_a_hundred_requests() {
    let world = World::start(Limits::default());
    let (one, two) = (Origin::start("one").await, Origin::start("two").await);
    let (v1, v2) = (backend("one", &[one.address]), backend("two", &[two.address]));
    world.serve(&[(&v1, 93), (&v2, 7)]);
    let mut client = world.connect().await;
    for _ in 0..200 {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        client.answer().await;
    }
    assert_eq!((one.requests(), two.requests()), (186, 14));
}

#[tokio::test]
async fn processes_of_a_version_take_turns() {
    let world = World::start(Limits::default());
    let (one, two) = (Origin::start("one").await, Origin::start("two").await);
    let both = backend("v", &[one.address, two.address]);
    world.serve(&[(&both, 100)]);
    for _ in 0..10 {
        world.get("/").await;
    }
    assert_eq!((one.requests(), two.requests()), (5, 5));
}

#[tokio::test]
async fn a_header_comes_before_the_cookie_and_the_cookie_before_weights() {
    let world = World::start(Limits::default());
    let (one, two) = (Origin::start("one").await, Origin::start("two").await);
    let (v1, v2) = (backend("one", &[one.address]), backend("two", &[two.address]));
    world.route(app(&[(&v1, 100), (&v2, 0)], &[("X-Try", "new", "two")], Some("at"), false));
    let mut client = world.connect().await;
    let mut ask = async |headers: &str| {
        client.send(&format!("GET / HTTP/1.1\r\nHost: a\r\n{headers}\r\n")).await;
        let answer = client.answer().await;
        (answer.text(), answer.header("set-cookie").map(str::to_owned))
    };
    let cookie = |version: &str| Some(format!("at={version}; Path=/; HttpOnly; SameSite=Lax"));

    assert_eq!(ask("").await, ("one".into(), cookie("one")));
    assert_eq!(ask("Cookie: at=one\r\n").await, ("one".into(), None));
    assert_eq!(ask("X-Try: new\r\nCookie: at=one\r\n").await, ("two".into(), None));
    // A header rule names it, so a client may stay there.
    assert_eq!(ask("Cookie: b=1; at=two\r\n").await, ("two".into(), None));
    assert_eq!(ask("Cookie: at=three\r\n").await, ("one".into(), cookie("one")));

    // Its share is taken away: clients leave, and are told where to stay.
    world.route(app(&[(&v1, 0), (&v2, 100)], &[], Some("at"), false));
    assert_eq!(ask("Cookie: at=one\r\n").await, ("two".into(), cookie("two")));
}

#[tokio::test]
async fn a_stranger_cannot_say_who_the_client_is() {
    let (world, _origin, _) = World::with_origin(Limits::default()).await;
    let lines = ask_head(&world).await;
    assert!(lines.contains(&"x-forwarded-for: 127.0.0.1".to_owned()), "{lines:?}");
    assert!(lines.contains(&"x-forwarded-proto: http".to_owned()), "{lines:?}");
    assert!(lines.contains(&"x-forwarded-host: shop:81".to_owned()), "{lines:?}");
    let forwarded = "forwarded: for=127.0.0.1;host=\"shop:81\";proto=http".to_owned();
    assert!(lines.contains(&forwarded), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("9.9.9.9")), "{lines:?}");
}

#[tokio::test]
async fn a_trusted_proxy_can() {
    let trusted = vec!["127.0.0.0/8".parse().unwrap()];
    let (world, _origin, _) = World::with_origin(Limits { trusted, ..Limits::default() }).await;
    let lines = ask_head(&world).await;
    assert!(lines.contains(&"x-forwarded-for: 9.9.9.9, 127.0.0.1".to_owned()), "{lines:?}");
    assert!(lines.contains(&"x-forwarded-proto: https".to_owned()), "{lines:?}");
    assert!(lines.contains(&"x-forwarded-host: public".to_owned()), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("forwarded: for=9.9.9.9, for=127.0.0.1;")));
}

/// What the origin sees of a request with everything that must not pass.
async fn ask_head(world: &World) -> Vec<String> {
    let mut client = world.connect().await;
    let request = "GET /head?q HTTP/1.1\r\nHost: shop:81\r\nX-Forwarded-For: 9.9.9.9\r\n\
        X-Forwarded-Proto: https\r\nX-Forwarded-Host: public\r\nForwarded: for=9.9.9.9\r\n\
        Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers, gzip\r\n\
        Proxy-Connection: x\r\nUpgrade: h2c\r\nX-Own: a\r\nX-Own: b\r\n\r\n";
    client.send(request).await;
    let text = client.answer().await.text();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    assert_eq!(lines[0], "GET /head?q");
    for gone in ["connection:", "x-hop:", "keep-alive:", "proxy-connection:", "upgrade:"] {
        assert!(!lines.iter().any(|line| line.starts_with(gone)), "{gone} in {lines:?}");
    }
    assert!(lines.contains(&"te: trailers".to_owned()));
    assert!(lines.contains(&"x-own: a".to_owned()) && lines.contains(&"x-own: b".to_owned()));
    lines
}

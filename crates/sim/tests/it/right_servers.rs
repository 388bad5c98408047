//! The load, with all its parts, against backends that do nothing wrong.

use std::time::{Duration, SystemTime};

use shipway_sim::backend::{Backend, Ended, Settings};
use shipway_sim::traffic::{Http2, Load, Requests, Running, Sockets, Source, Uploads};
use shipway_sim::wait_until;

fn everything(address: std::net::SocketAddr) -> Load {
    Load {
        requests: Some(Requests { connections: 20, rate: 500, body: 300 }),
        sockets: Some(Sockets { count: 5, every: Duration::from_millis(10) }),
        uploads: Some(Uploads { count: 2, bytes: 3 << 20, over: Duration::from_millis(300) }),
        events: 3,
        http2: Some(Http2 { connections: 2, streams: 5, rate: 200, body: 3000 }),
        ..Load::new(address)
    }
}

const ALL: [Source; 5] =
    [Source::Requests, Source::Sockets, Source::Uploads, Source::Events, Source::Streams];

async fn until_each_answered(running: &Running, more: u64) {
    let before = running.tallies();
    let answered = || {
        ALL.iter().all(|source| {
            let before = before.get(source).map_or(0, |tally| tally.answered);
            running.answered(*source) >= before + more
        })
    };
    wait_until("answers of each kind", Duration::from_secs(30), answered).await.unwrap();
}

#[tokio::test]
async fn everything_is_right_from_start_to_stop() {
    let push_every = Duration::from_millis(5);
    let settings = Settings { version: "blue".to_owned(), push_every, ..Settings::default() };
    let backend = Backend::start(settings).await.unwrap();
    let running = everything(backend.address()).start();
    until_each_answered(&running, 3).await;
    let report = running.stop().await;
    report.assert_clean();
    assert_eq!(report.versions(), ["blue"]);
    assert_eq!(report.tally(Source::Requests).opened, 20, "{report}");
    assert_eq!(report.tally(Source::Streams).opened, 2, "{report}");
    assert!(report.latency(Source::Requests, 99.0).is_some());
    assert_eq!(backend.stop().await, Ended::Finished);
}

#[tokio::test]
async fn a_backend_that_stops_in_order_breaks_nothing_that_is_open() {
    let backend = Backend::start(Settings::default()).await.unwrap();
    let uploads = Uploads { count: 3, bytes: 1 << 20, over: Duration::from_secs(1) };
    let sockets = Sockets { count: 4, every: Duration::from_millis(5) };
    let load = Load {
        uploads: Some(uploads),
        sockets: Some(sockets),
        events: 4,
        ..Load::new(backend.address())
    };
    let running = load.start();
    let open = || running.answered(Source::Sockets) > 8 && running.answered(Source::Events) > 8;
    wait_until("sockets and events", Duration::from_secs(30), open).await.unwrap();
    assert_eq!(backend.stop().await, Ended::Finished);
    let stopped = SystemTime::now();
    let all_ended = || running.so_far().endings.len() >= 8;
    wait_until("eight endings", Duration::from_secs(30), all_ended).await.unwrap();
    let report = running.stop().await;
    assert_eq!(report.endings.len(), 8, "{report}");
    assert_eq!(report.tally(Source::Uploads).answered, 3, "{report}");
    // Afterwards nobody listens any more; nothing else went wrong.
    let wrong = report.failures_but(|failure| failure.kind.name() == "refused");
    assert!(wrong.is_empty(), "{wrong:?} {stopped:?}");
}

#[tokio::test]
async fn errors_of_a_backend_are_found_at_their_share() {
    let settings = Settings { error_percent: 10, ..Settings::default() };
    let backend = Backend::start(settings).await.unwrap();
    let requests = Requests { connections: 5, rate: 1000, body: 10 };
    let running = Load { requests: Some(requests), ..Load::new(backend.address()) }.start();
    let enough = || running.answered(Source::Requests) >= 400;
    wait_until("400 answers", Duration::from_secs(30), enough).await.unwrap();
    let report = running.stop().await;
    let tally = report.tally(Source::Requests);
    assert_eq!(tally.failed, tally.sent / 10, "{report}");
    assert!(report.failures.iter().all(|failure| failure.kind.to_string() == "status 500"));
}

#[tokio::test]
async fn a_slow_backend_is_seen_in_the_latencies() {
    let slow = Duration::from_millis(50);
    let backend = Backend::start(Settings { slow, ..Settings::default() }).await.unwrap();
    let requests = Requests { connections: 20, rate: 100, body: 10 };
    let running = Load { requests: Some(requests), ..Load::new(backend.address()) }.start();
    let enough = || running.answered(Source::Requests) >= 50;
    wait_until("50 answers", Duration::from_secs(30), enough).await.unwrap();
    let report = running.stop().await;
    assert!(report.latency(Source::Requests, 1.0).unwrap() >= slow, "{report}");
}

#[tokio::test]
async fn a_load_ends_at_its_limit() {
    let backend = Backend::start(Settings::default()).await.unwrap();
    let limit = Duration::from_millis(200);
    let running = Load { limit, ..everything(backend.address()) }.start();
    let before = || running.so_far().ended > running.so_far().started + 2 * limit;
    wait_until("twice the limit", Duration::from_secs(30), before).await.unwrap();
    let sent = running.tallies()[&Source::Requests].sent;
    assert!(sent <= 101 + 20, "{sent}");
    assert_eq!(running.stop().await.tally(Source::Requests).sent, sent);
}

#[tokio::test]
async fn the_moment_of_a_switch_is_told_by_the_backends() {
    // A stand-in for a proxy: the same port, served by one after the other.
    let old = Settings { version: "old".to_owned(), ..Settings::default() };
    let old = Backend::start(old).await.unwrap();
    let address = old.address();
    let requests = Requests { connections: 4, rate: 200, body: 10 };
    let running = Load { requests: Some(requests), ..Load::new(address) }.start();
    let by_old = || running.answered(Source::Requests) >= 20;
    wait_until("20 answers", Duration::from_secs(30), by_old).await.unwrap();
    let decided = SystemTime::now();
    old.stop().await;
    let new = Settings { version: "new".to_owned(), listen: address, ..Settings::default() };
    let new = Backend::start(new).await.unwrap();
    let by_new = || running.so_far().versions().len() == 2;
    wait_until("the new version", Duration::from_secs(30), by_new).await.unwrap();
    let report = running.stop().await;
    assert_eq!(report.versions(), ["old", "new"]);
    let (before, after) = (report.started..decided, decided..report.ended);
    assert!(report.last_received("old", before.clone()).is_some());
    assert!(report.answered_by("new", before) == 0 && report.answered_by("new", after) > 0);
    assert_eq!(report.spans().len(), 2, "{report}");
    new.stop().await;
}

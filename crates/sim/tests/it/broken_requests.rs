//! Each way in which a server of HTTP/1.1 can be wrong is found, under its
//! own name, and as often as it was done.

use std::time::Duration;

use shipway_sim::traffic::{Load, Report, Requests, Source, Uploads};
use shipway_sim::wait_until;

use crate::broken_server::{BrokenServer, Sabotage};

/// How long the load waits for a server that hangs.
const PATIENCE: Duration = Duration::from_millis(300);

/// Patient, but where it waits in vain: a slow machine is no failure.
fn load(server: &BrokenServer) -> Load {
    let load = Load::new(server.address);
    match server.sabotage {
        Sabotage::Hang => Load { patience: PATIENCE, ..load },
        _ => load,
    }
}

fn requests(server: &BrokenServer) -> Load {
    let requests = Requests { connections: 4, rate: 400, body: 1000 };
    Load { requests: Some(requests), ..load(server) }
}

/// Runs the load until the server was wrong at least five times.
async fn run(load: Load, server: &BrokenServer) -> Report {
    let running = load.start();
    let five_times = || server.done() >= 5;
    wait_until("five sabotages", Duration::from_secs(20), five_times).await.unwrap();
    running.stop().await
}

fn assert_found(report: &Report, server: &BrokenServer, source: Source, kind: &'static str) {
    let kinds: Vec<_> = report.failure_counts.keys().collect();
    assert_eq!(kinds, [&(source, kind)], "{report}");
    let (failed, done) = (report.tally(source).failed, server.done());
    // Where patience is short, a slow machine may add to what hangs.
    assert!(failed == done || failed > done && kind == "timed out", "{done}: {report}");
}

#[tokio::test]
async fn what_is_wrong_with_an_answer_is_found_under_its_name() {
    for (sabotage, kind) in [
        (Sabotage::Drop, "unanswered"),
        (Sabotage::Reset, "reset"),
        (Sabotage::Truncate, "truncated"),
        (Sabotage::OtherAnswer, "wrong sequence"),
        (Sabotage::NoSequence, "wrong sequence"),
        (Sabotage::OtherBody, "wrong body"),
        (Sabotage::DamagedBody, "wrong body"),
        (Sabotage::WrongSum, "wrong body"),
        (Sabotage::NoVersion, "protocol"),
        (Sabotage::Nonsense, "protocol"),
        (Sabotage::Status, "status"),
        (Sabotage::Hang, "timed out"),
    ] {
        let server = BrokenServer::start(sabotage).await;
        let report = run(requests(&server), &server).await;
        assert_found(&report, &server, Source::Requests, kind);
        assert!(report.tally(Source::Requests).answered > 0, "{sabotage:?}: {report}");
        let failure = &report.failures[0];
        assert!(failure.seen >= failure.sent && failure.sent >= report.started, "{failure:?}");
        let names_version = matches!(
            sabotage,
            Sabotage::Truncate
                | Sabotage::OtherAnswer
                | Sabotage::NoSequence
                | Sabotage::OtherBody
                | Sabotage::DamagedBody
                | Sabotage::WrongSum
                | Sabotage::Status
        );
        assert_eq!(failure.version.as_deref(), names_version.then_some("broken"), "{sabotage:?}");
    }
}

#[tokio::test]
async fn a_server_without_fault_is_clean() {
    let server = BrokenServer::start(Sabotage::None).await;
    let running = requests(&server).start();
    let answered = || running.answered(Source::Requests) >= 50;
    wait_until("50 answers", Duration::from_secs(20), answered).await.unwrap();
    running.stop().await.assert_clean();
}

#[tokio::test]
async fn a_connection_closed_in_order_is_opened_anew_and_no_failure() {
    let server = BrokenServer::start(Sabotage::CloseInOrder).await;
    let running = requests(&server).start();
    let answered = || running.answered(Source::Requests) >= 200;
    wait_until("200 answers", Duration::from_secs(20), answered).await.unwrap();
    let report = running.stop().await;
    report.assert_clean();
    let opened = report.tally(Source::Requests).opened;
    assert!(opened >= server.done() && server.done() >= 40, "{report}");
}

#[tokio::test]
async fn a_port_where_nobody_listens_refuses() {
    let server = BrokenServer::start(Sabotage::None).await;
    let load = requests(&server);
    drop(server);
    let running = load.start();
    let failed = || running.failed() >= 5;
    wait_until("refusals", Duration::from_secs(20), failed).await.unwrap();
    let report = running.stop().await;
    assert_eq!(report.failure_counts.keys().collect::<Vec<_>>(), [&(Source::Requests, "refused")]);
}

#[tokio::test]
async fn a_stall_is_seen_by_every_request_that_had_to_wait() {
    // One connection, 100 requests a second, and every fifth hangs for 300 ms:
    // measured from when they were due, most are late.
    let server = BrokenServer::start(Sabotage::Hang).await;
    let one = Requests { connections: 1, rate: 100, body: 10 };
    let report = run(Load { requests: Some(one), ..load(&server) }, &server).await;
    let median = report.latency(Source::Requests, 50.0).unwrap();
    assert!(median > PATIENCE, "{report}");
}

#[tokio::test]
async fn what_is_wrong_with_an_upload_is_found() {
    for (sabotage, kind) in [
        (Sabotage::Drop, "unanswered"),
        (Sabotage::Reset, "reset"),
        (Sabotage::Truncate, "truncated"),
        (Sabotage::NoSequence, "wrong sequence"),
        (Sabotage::DamagedBody, "wrong body"),
        (Sabotage::Status, "status"),
        (Sabotage::Hang, "timed out"),
    ] {
        let server = BrokenServer::start(sabotage).await;
        let uploads = Uploads { count: 3, bytes: 200_001, over: Duration::from_millis(20) };
        let load = Load { uploads: Some(uploads), ..load(&server) };
        let report = run(load, &server).await;
        assert_found(&report, &server, Source::Uploads, kind);
        assert!(report.tally(Source::Uploads).answered > 0, "{report}");
    }
}

#[tokio::test]
async fn an_upload_answered_before_it_was_taken_is_found() {
    let server = BrokenServer::start(Sabotage::Early).await;
    let uploads = Uploads { count: 1, bytes: 50 << 20, over: Duration::from_secs(5) };
    let report = run(Load { uploads: Some(uploads), ..load(&server) }, &server).await;
    let tally = report.tally(Source::Uploads);
    assert!(tally.answered == 0 && tally.failed == tally.sent, "{report}");
}

#[tokio::test]
async fn what_is_wrong_with_events_is_found() {
    for (sabotage, kind) in [
        (Sabotage::Drop, "unanswered"),
        (Sabotage::Reset, "reset"),
        (Sabotage::Truncate, "truncated"),
        (Sabotage::HalfEvent, "truncated"),
        (Sabotage::OtherAnswer, "wrong sequence"),
        (Sabotage::Status, "status"),
        (Sabotage::Hang, "timed out"),
    ] {
        let server = BrokenServer::start(sabotage).await;
        let running = Load { events: 4, ..load(&server) }.start();
        // A stream is given up when the load stops: count what it has judged.
        let judged = || running.failed() >= 5;
        wait_until("five failures", Duration::from_secs(20), judged).await.unwrap();
        let report = running.stop().await;
        let kinds: Vec<_> = report.failure_counts.keys().collect();
        assert_eq!(kinds, [&(Source::Events, kind)], "{report}");
        assert!(report.failed() <= server.done(), "{report}");
        assert!(report.tally(Source::Events).answered > 0, "{report}");
        assert!(!report.endings.is_empty(), "{report}");
    }
}

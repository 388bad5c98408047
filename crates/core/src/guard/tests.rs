//! What readings mean: rates at the limit, quantiles, too few requests, workers.

use std::time::Duration;

use proptest::prelude::*;

use super::{Reading, Traffic, Verdict, judge};
use crate::config::{ErrorRate, Guard, Latency, Restarts, Then};
use crate::ids::ServiceName;

fn guard(error_rate: &str, at_least: u64) -> Guard {
    let over = serde_json::from_value(serde_json::json!(error_rate)).unwrap();
    let error_rate = Some(ErrorRate { over, then: Then::Rollback, at_least });
    Guard { error_rate, latency: None, restarts: None, ..Guard::default() }
}

fn slow(p95: u64, at_least: u64) -> Guard {
    let p95 = Some(Duration::from_millis(p95));
    let latency = Some(Latency { p95, p99: None, then: Then::Review, at_least });
    Guard { error_rate: None, latency, restarts: None, ..Guard::default() }
}

fn traffic(requests: u64, errors: u64) -> Traffic {
    Traffic { requests, errors, latency_us: vec![(1_000, requests)] }
}

fn reading(users: Traffic, probes: Traffic) -> Reading {
    let service = ServiceName::new("api").unwrap();
    Reading { service, listens: true, users, probes, restarts: 0, unhealthy: None }
}

fn is_worse(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Worse { .. })
}

#[test]
fn exactly_the_limit_is_still_good() {
    let guard = guard("5%", 1);
    let judged = |errors| judge(&guard, &reading(traffic(100, errors), Traffic::default()));
    assert_eq!(judged(5), Verdict::Healthy);
    assert!(is_worse(&judged(6)));
}

#[test]
fn a_worse_version_is_told_with_its_figures() {
    let judged = judge(&guard("5%", 20), &reading(traffic(200, 30), traffic(90, 0)));
    let Verdict::Worse { then: Then::Rollback, reason } = judged else { panic!("{judged:?}") };
    assert_eq!(reason, "api answered 30 of 200 users' requests with an error (limit 5%)");
}

#[test]
fn while_users_are_too_few_probes_count() {
    let guard = guard("5%", 20);
    assert!(is_worse(&judge(&guard, &reading(traffic(19, 0), traffic(20, 20)))));
    // Enough users outweigh probes.
    assert_eq!(judge(&guard, &reading(traffic(20, 0), traffic(20, 20))), Verdict::Healthy);
    let judged = judge(&guard, &reading(traffic(19, 19), traffic(19, 19)));
    let Verdict::NotEnough { reason } = judged else { panic!("{judged:?}") };
    assert_eq!(reason, "api answered 19 users' requests and 19 probes; 20 are needed to judge");
}

#[test]
fn a_worker_is_judged_without_requests() {
    let mut worker = reading(Traffic::default(), Traffic::default());
    worker.listens = false;
    let restarts = Some(Restarts { over: 2, then: Then::Rollback });
    let guard = Guard { restarts, ..guard("5%", 20) };
    assert_eq!(judge(&guard, &worker), Verdict::Healthy);
    worker.restarts = 2;
    assert_eq!(judge(&guard, &worker), Verdict::Healthy);
    worker.restarts = 3;
    assert!(is_worse(&judge(&guard, &worker)));
}

#[test]
fn what_is_not_healthy_goes_whatever_else_is_true() {
    let mut down = reading(traffic(1_000, 0), Traffic::default());
    down.unhealthy = Some("connection refused".to_owned());
    let judged = judge(&guard("5%", 1), &down);
    let Verdict::Worse { then: Then::Rollback, reason } = judged else { panic!("{judged:?}") };
    assert_eq!(reason, "api is not healthy: connection refused");
}

#[test]
fn the_gravest_finding_counts() {
    let restarts = Some(Restarts { over: 0, then: Then::Notify });
    let mut bad = reading(traffic(100, 50), Traffic::default());
    bad.restarts = 1;
    let both = Guard { restarts, ..guard("5%", 1) };
    assert!(matches!(judge(&both, &bad), Verdict::Worse { then: Then::Rollback, .. }));
    bad.users.errors = 0;
    assert!(matches!(judge(&both, &bad), Verdict::Worse { then: Then::Notify, .. }));
}

#[test]
fn a_quantile_is_the_bound_of_its_bucket() {
    let latency_us = vec![(1_000, 94), (5_000, 1), (9_000, 5)];
    let traffic = Traffic { requests: 100, errors: 0, latency_us };
    assert_eq!(traffic.quantile_us(0.94), Some(1_000));
    assert_eq!(traffic.quantile_us(0.95), Some(5_000));
    assert_eq!(traffic.quantile_us(0.96), Some(9_000));
    assert_eq!(traffic.quantile_us(0.0), Some(1_000));
    assert_eq!(Traffic::default().quantile_us(0.95), None);
    let slow_reading = reading(traffic, Traffic::default());
    assert_eq!(judge(&slow(5, 100), &slow_reading), Verdict::Healthy);
    let judged = judge(&slow(4, 100), &slow_reading);
    let Verdict::Worse { then: Then::Review, reason } = judged else { panic!("{judged:?}") };
    assert_eq!(reason, "api is slow: p95 of 100 users' requests is 5 ms (limit 4 ms)");
}

#[test]
fn a_counter_that_was_begun_anew_counts_whole() {
    let before = traffic(100, 10);
    assert_eq!(traffic(130, 11).since(&before), traffic(30, 1));
    assert_eq!(traffic(7, 2).since(&before), traffic(7, 2));
}

proptest! {
    /// Worse exactly when errors / requests > percent, in whole numbers.
    #[test]
    fn the_rate_is_exact(percent in 0..100_u64, requests in 1..100_000_u64, share in 0..=100_u64) {
        let errors = requests * share / 100;
        let judged = judge(
            &guard(&format!("{percent}%"), 1),
            &reading(traffic(requests, errors), Traffic::default()),
        );
        prop_assert_eq!(is_worse(&judged), errors * 100 > requests * percent);
    }

    /// Of any histogram: as many answers as the quantile says are at or below
    /// it, and it is the lowest such bound.
    #[test]
    fn a_quantile_covers_its_share(
        counts in prop::collection::vec(0..50_u64, 1..20), per_cent in 1..=100_u64,
    ) {
        let latency_us: Vec<(u64, u64)> = (1..).map(|n| n * 100).zip(counts).collect();
        let total: u64 = latency_us.iter().map(|(_, count)| count).sum();
        let traffic = Traffic { requests: total, errors: 0, latency_us: latency_us.clone() };
        let found = traffic.quantile_us(per_cent as f64 / 100.0);
        prop_assert_eq!(found.is_none(), total == 0);
        if let Some(bound) = found {
            let below = |limit: u64| -> u64 {
                latency_us.iter().filter(|(b, _)| *b <= limit).map(|(_, c)| c).sum()
            };
            prop_assert!(below(bound) * 100 + 1 > total * per_cent);
            prop_assert!(below(bound - 1) * 100 < total * per_cent + 1);
        }
    }
}

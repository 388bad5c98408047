//! How it answers under load.

use shipway_core::config::gates::Load;
use shipway_core::gate::Verdict;

use super::joined;
use crate::policy::ruling::{Asked, Ruling};
use crate::policy::shown::{self, Seen};

pub(super) fn of_load(gate: &Load, seen: &Seen<shown::Load>) -> Verdict {
    let asked = Asked {
        gate: "load",
        level: gate.level,
        wanted: joined(vec![
            gate.p95.map(|limit| format!("p95 {limit:?}")),
            gate.p99.map(|limit| format!("p99 {limit:?}")),
            gate.error_rate.map(|limit| format!("errors {limit}")),
            gate.requests_per_second.map(|least| format!("{least} requests/s")),
            gate.users.map(|least| format!("{least} users")),
        ]),
        evidence: "load test among the artifacts",
        bring: "upload a load test (k6, oha, wrk2, Vegeta) as an artifact of a workflow",
    };
    asked.of(seen, |load| load_ruling(gate, load))
}

fn load_ruling(gate: &Load, load: &shown::Load) -> Ruling {
    let mut problems: Vec<String> =
        load.crossed.iter().map(|limit| format!("the test's own limit: {limit}")).collect();
    let mut must = |what: &str, met: Option<bool>, found: Option<String>| match met {
        Some(true) => {}
        Some(false) => problems.push(format!("{what} {}", found.unwrap_or_default())),
        None => problems.push(format!("{what}: no evidence")),
    };
    for (what, limit, found) in [("p95", gate.p95, load.p95), ("p99", gate.p99, load.p99)] {
        if let Some(limit) = limit {
            let met = found.map(|found| found <= limit);
            must(what, met, found.map(|found| format!("{found:.1?}")));
        }
    }
    let percent = |rate: f64| format!("{:.2}%", rate * 100.0);
    if let Some(limit) = gate.error_rate {
        must("errors", load.error_rate.map(|r| r <= limit.ratio()), load.error_rate.map(percent));
    }
    if let Some(least) = gate.requests_per_second {
        #[expect(clippy::cast_precision_loss, reason = "rates are far below 2^53")]
        let met = load.requests_per_second.map(|rate| rate >= least as f64);
        must("requests/s", met, load.requests_per_second.map(|rate| format!("{rate:.1}")));
    }
    if let Some(least) = gate.users {
        must("users", load.users.map(|n| n >= least), load.users.map(|n| n.to_string()));
    }
    let found = joined(vec![
        load.p95.map(|p95| format!("p95 {p95:.1?}")),
        load.p99.map(|p99| format!("p99 {p99:.1?}")),
        load.error_rate.map(|rate| format!("errors {}", percent(rate))),
        load.requests_per_second.map(|rate| format!("{rate:.1} requests/s")),
        load.users.map(|users| format!("{users} users")),
    ]);
    let opens = Some("make it faster, or test it as the limits ask for".to_owned());
    Ruling { found, problems, opens, ..Ruling::default() }
}

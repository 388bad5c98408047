//! What is watched while a new version takes over.

use super::fields::Fields;
use super::item::Item;
use super::{path, value};
use crate::config::value::Percent;
use crate::config::{ErrorRate, Guard, Latency, NoEvidence, Probe, Restarts, Then, defaults};

const THEN: &[(&str, Then)] =
    &[("rollback", Then::Rollback), ("review", Then::Review), ("notify", Then::Notify)];

const NO_EVIDENCE: &[(&str, NoEvidence)] =
    &[("accept", NoEvidence::Accept), ("ask", NoEvidence::Ask), ("wait", NoEvidence::Wait)];

/// Numbers that counters can reach.
const MOST: i64 = 1_000_000_000;

pub(super) fn guard(item: Item) -> Option<Guard> {
    let mut fields = Fields::of(item)?;
    let guard = Guard {
        error_rate: fields.or_off("error_rate", defaults::error_rate, error_rate),
        latency: fields.or_off("latency", || None, latency),
        restarts: fields.or_off("restarts", defaults::restarts, restarts),
        no_evidence: fields.or("no_evidence", defaults::no_evidence, value::choice(NO_EVIDENCE)),
        probe: fields.or_off("probe", defaults::probe, probe),
    };
    fields.later("worse_than_old");
    fields.finish();
    Some(guard)
}

fn error_rate(item: Item) -> Option<ErrorRate> {
    let mut fields = Fields::of(item)?;
    let over: Option<Percent> = fields.required("over", "`error_rate`", value::quantity);
    let (then, at_least) = consequence(&mut fields);
    fields.finish();
    Some(ErrorRate { over: over?, then, at_least })
}

fn latency(item: Item) -> Option<Latency> {
    let mut fields = Fields::of(item)?;
    let p95 = fields.or_off("p95", || None, value::some_time);
    let p99 = fields.or_off("p99", || None, value::some_time);
    let (then, at_least) = consequence(&mut fields);
    if item.node.as_mapping().is_some_and(|m| m.get("p95").is_none() && m.get("p99").is_none()) {
        fields.missing("`latency` needs `p95` or `p99`".to_owned());
    }
    fields.finish();
    Some(Latency { p95, p99, then, at_least })
}

fn consequence(fields: &mut Fields) -> (Then, u64) {
    let then = fields.or("then", defaults::then, value::choice(THEN));
    let at_least = fields.or("at_least", defaults::at_least, value::whole(1..=MOST));
    (then, at_least)
}

fn restarts(item: Item) -> Option<Restarts> {
    let mut fields = Fields::of(item)?;
    let over = fields.required("over", "`restarts`", value::whole(0..=MOST));
    let then = fields.or("then", defaults::then, value::choice(THEN));
    fields.finish();
    Some(Restarts { over: over?, then })
}

fn probe(item: Item) -> Option<Probe> {
    let mut fields = Fields::of(item)?;
    let probe = Probe {
        path: fields.or_off("path", || None, path::url_path),
        interval: fields.or("interval", defaults::probe_interval, value::some_time),
    };
    fields.finish();
    Some(probe)
}

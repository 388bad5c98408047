//! Static limits: error rate, latency, restarts, health.

use crate::config::{Guard, Then};

use super::{Reading, Traffic, Verdict};

/// What `reading` means under `guard`. Users' requests count first; while they
/// are too few, the target's own count. `Worse` with `then: notify` is
/// only returned when nothing graver was found.
pub fn judge(guard: &Guard, reading: &Reading) -> Verdict {
    if let Some(reason) = &reading.unhealthy {
        let reason = format!("{} is not healthy: {reason}", reading.service);
        return Verdict::Worse { then: Then::Rollback, reason };
    }
    let mut findings = Vec::new();
    let mut missing = None;
    findings.extend(restarts(guard, reading));
    let traffic = if reading.listens { TRAFFIC } else { &[] };
    for limit in traffic {
        match limit(guard, reading) {
            Ok(finding) => findings.extend(finding),
            Err(too_few) => missing = Some(too_few),
        }
    }
    let gravest = findings.into_iter().min_by_key(|(then, _)| gravity(*then));
    match (gravest, missing) {
        (Some((then, reason)), _) => Verdict::Worse { then, reason },
        (None, Some(reason)) => Verdict::NotEnough { reason },
        (None, None) => Verdict::Healthy,
    }
}

const fn gravity(then: Then) -> u8 {
    match then {
        Then::Rollback => 0,
        Then::Review => 1,
        Then::Notify => 2,
    }
}

type Finding = Option<(Then, String)>;

/// A limit that needs requests to be judged; or that there are too few.
type Limit = fn(&Guard, &Reading) -> Result<Finding, String>;

const TRAFFIC: &[Limit] = &[error_rate, latency];

fn restarts(guard: &Guard, reading: &Reading) -> Finding {
    let limit = guard.restarts.as_ref()?;
    (reading.restarts > limit.over).then(|| {
        let reason = format!(
            "{} ended and was started again {} times (limit {})",
            reading.service, reading.restarts, limit.over
        );
        (limit.then, reason)
    })
}

/// The requests to judge by and whose they are; or that there are too few.
fn enough(reading: &Reading, at_least: u64) -> Result<(&Traffic, &'static str), String> {
    let (users, probes) = (&reading.users, &reading.probes);
    if users.requests >= at_least {
        Ok((users, "users' requests"))
    } else if probes.requests >= at_least {
        Ok((probes, "probes"))
    } else {
        Err(format!(
            "{} answered {} users' requests and {} probes; {at_least} are needed to judge",
            reading.service, users.requests, probes.requests
        ))
    }
}

fn error_rate(guard: &Guard, reading: &Reading) -> Result<Finding, String> {
    let Some(limit) = &guard.error_rate else { return Ok(None) };
    let (traffic, whose) = enough(reading, limit.at_least)?;
    // errors / requests > percent, without rounding.
    if !limit.over.is_exceeded_by(traffic.errors, traffic.requests) {
        return Ok(None);
    }
    let reason = format!(
        "{} answered {} of {} {whose} with an error (limit {})",
        reading.service, traffic.errors, traffic.requests, limit.over
    );
    Ok(Some((limit.then, reason)))
}

fn latency(guard: &Guard, reading: &Reading) -> Result<Finding, String> {
    let Some(limit) = &guard.latency else { return Ok(None) };
    let (traffic, whose) = enough(reading, limit.at_least)?;
    for (name, quantile, bound) in [("p95", 0.95, limit.p95), ("p99", 0.99, limit.p99)] {
        let Some(bound) = bound else { continue };
        let Some(measured) = traffic.quantile_us(quantile) else { continue };
        if u128::from(measured) > bound.as_micros() {
            let reason = format!(
                "{} is slow: {name} of {} {whose} is {} ms (limit {} ms)",
                reading.service,
                traffic.requests,
                measured.div_ceil(1000),
                bound.as_millis()
            );
            return Ok(Some((limit.then, reason)));
        }
    }
    Ok(None)
}

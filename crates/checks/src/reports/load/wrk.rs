//! What wrk and wrk2 print, with `--latency`. Without it there are no percentiles.

use std::time::Duration;

use super::{Load, seconds, share};
use crate::reports::beginning::Beginning;
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::{Report, shortened};

pub(super) const FORMAT: Format = Format { name: "wrk", recognise, read };

fn recognise(beginning: &Beginning) -> bool {
    let first = beginning.lines().next();
    first.is_some_and(|line| line.starts_with("Running ") && line.contains(" test @ "))
}

fn read(source: &mut Source<'_>) -> Result<Report, Fault> {
    let mut load = Load { tool: "wrk".to_owned(), ..Load::default() };
    let mut failed = 0_u64;
    let mut ended = false;
    let mut line = String::new();
    loop {
        let at = source.pos();
        if !source.line(&mut line)? {
            break;
        }
        one(line.trim(), &mut load, &mut failed, &mut ended).map_err(|fault| fault.at(at))?;
    }
    // The last line that both print.
    if !ended {
        return Err(Fault::malformed("it ends in the middle").at(source.pos()));
    }
    load.error_rate = share(failed.min(load.requests), load.requests);
    super::report(load)
}

fn one(line: &str, load: &mut Load, failed: &mut u64, ended: &mut bool) -> Result<(), Fault> {
    let wrong = || Fault::malformed(format!("`{}` is not understood", shortened(line)));
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        [_, "threads", "and", users, "connections"] => {
            load.users = Some(users.parse().map_err(|_| wrong())?);
        }
        [requests, "requests", "in", ..] => {
            load.requests = requests.parse().map_err(|_| wrong())?
        }
        ["Socket", "errors:", ref errors @ ..] => {
            for count in errors.iter().filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))
            {
                let count: u64 = count.trim_end_matches(',').parse().map_err(|_| wrong())?;
                *failed = failed.saturating_add(count);
            }
        }
        ["Non-2xx", "or", "3xx", "responses:", count] => {
            *failed = failed.saturating_add(count.parse().map_err(|_| wrong())?);
        }
        ["Requests/sec:", rate] => load.rate = Some(rate.parse().map_err(|_| wrong())?),
        ["Transfer/sec:", _] => *ended = true,
        [percent, took] if percent.ends_with('%') => {
            let percent: f64 = percent.trim_end_matches('%').parse().map_err(|_| wrong())?;
            let took = duration(took).ok_or_else(wrong)?;
            match percent {
                50.0 => load.p50 = Some(took),
                95.0 => load.p95 = Some(took),
                99.0 => load.p99 = Some(took),
                _ => {}
            }
        }
        // wrk2's spectrum: value in milliseconds, percentile, count, 1/(1-percentile).
        [took, share, _, _] if load.p95.is_none() => {
            if let (Ok(took), Ok(share)) = (took.parse::<f64>(), share.parse::<f64>())
                && share >= 0.95
            {
                load.tool = "wrk2".to_owned();
                load.p95 = Some(seconds(took / 1e3)?);
            }
        }
        _ => {}
    }
    Ok(())
}

/// `635.00us`, `1.20ms`, `2.00s`, `1.50m`, `1.00h`.
fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit);
    let unit = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * unit).ok()
}

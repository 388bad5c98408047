//! For people: where, what, how bad, what stands there, what to do.

use std::io::{self, Write};

use crate::check::Tally;
use crate::finding::{Finding, Kind};

pub(super) fn finding(out: &mut impl Write, finding: &Finding) -> io::Result<()> {
    let Finding { file, span, message, rule, .. } = finding;
    let how_bad = match (&finding.allowed, finding.kind) {
        (Some(_), _) => "allowed",
        (None, Kind::Undecided) => "not analysed",
        (None, Kind::Found) => finding.severity.as_str(),
    };
    writeln!(out, "{file}:{}: {how_bad}: {message} [{rule}]", span.start)?;
    for line in finding.excerpt.lines() {
        writeln!(out, "    {line}")?;
    }
    if let Some(allowed) = &finding.allowed {
        return writeln!(out, "  allowed by {}: {}", allowed.by, allowed.reason);
    }
    let mut head = "  help: ";
    for line in finding.help.iter().flat_map(|help| help.lines()) {
        writeln!(out, "{head}{line}")?;
        head = "        ";
    }
    Ok(())
}

pub(super) fn end(out: &mut impl Write, tally: &Tally, looked_at: &str) -> io::Result<()> {
    let counts = [
        (tally.critical, "critical"),
        (tally.high, "high"),
        (tally.medium, "medium"),
        (tally.low, "low"),
        (tally.undecided, "not analysed"),
        (tally.allowed, "allowed"),
    ];
    let said = counts.iter().filter(|(count, _)| *count > 0);
    let said: Vec<_> = said.map(|(count, what)| format!("{count} {what}")).collect();
    let said = if said.is_empty() { "nothing found".to_owned() } else { said.join(", ") };
    writeln!(out, "{looked_at}: {said}")
}

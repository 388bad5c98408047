//! Verdicts as people read them.

use std::fmt::Write as _;

use jiff::Timestamp;
use shipway_core::config::Level;
use shipway_core::gate::{Position, Verdict};

/// The word for where a gate stands.
fn word(verdict: &Verdict, now: Timestamp) -> &'static str {
    match (&verdict.position, verdict.level) {
        (Position::Open { .. }, _) if verdict.valid_until.is_some_and(|until| until <= now) => {
            "too old"
        }
        (Position::Open { .. }, _) => "open",
        (Position::Overridden { .. }, _) => "OVERRIDDEN",
        (Position::Shut { .. }, Level::Required) => "SHUT",
        (Position::Shut { .. }, Level::Warning) => "warning",
        (Position::Shut { .. }, Level::Informative) => "not met",
    }
}

/// Why it is shut, or who let it through.
fn why(verdict: &Verdict) -> Option<String> {
    match &verdict.position {
        Position::Open { .. } => None,
        Position::Shut { reason, .. } => Some(reason.clone()),
        Position::Overridden { by, at, reason, shut } => {
            Some(format!("{shut}; let through by {by} at {at:.0}: {reason}"))
        }
    }
}

fn evidence(verdict: &Verdict) -> &[String] {
    match &verdict.position {
        Position::Open { evidence } | Position::Shut { evidence, .. } => evidence,
        Position::Overridden { .. } => &[],
    }
}

fn opens(verdict: &Verdict) -> Option<&str> {
    match &verdict.position {
        Position::Shut { opens, .. } => opens.as_deref(),
        Position::Open { .. } | Position::Overridden { .. } => None,
    }
}

/// As a table for a terminal: a line for each gate, and below it what keeps it shut, what would
/// open it, its evidence, and what is worth knowing besides.
#[must_use]
pub fn text(verdicts: &[Verdict], now: Timestamp) -> String {
    let width = |of: fn(&Verdict) -> usize, least: usize| {
        verdicts.iter().map(of).max().unwrap_or(0).clamp(least, 44)
    };
    let gate = width(|verdict| verdict.gate.chars().count(), 4);
    let wanted = width(|verdict| verdict.wanted.chars().count(), 6);
    let mut out = format!("{:<10}  {:<gate$}  {:<wanted$}  found\n", "", "gate", "wanted");
    for verdict in verdicts {
        let (state, Verdict { gate: name, wanted: asked, found, .. }) =
            (word(verdict, now), verdict);
        let line = format!("{state:<10}  {name:<gate$}  {asked:<wanted$}  {found}");
        out.push_str(line.trim_end());
        out.push('\n');
        let below = why(verdict).map(|why| ("why", why)).into_iter();
        let below = below.chain(opens(verdict).map(|opens| ("opens", opens.to_owned())));
        let shown = evidence(verdict).iter().map(|of| ("evidence", of.clone()));
        let notes = verdict.notes.iter().map(|note| ("note", note.clone()));
        for (what, text) in below.chain(shown).chain(notes) {
            // Writing to a text does not fail.
            let _ = writeln!(out, "{:<10}  {what}: {text}", "");
        }
    }
    out
}

/// For a comment on a pull request.
#[must_use]
pub fn markdown(title: &str, verdicts: &[Verdict], now: Timestamp) -> String {
    let mut out = format!("### {}\n\n", cell(title));
    out.push_str("| | gate | wanted | found | evidence |\n|---|---|---|---|---|\n");
    for verdict in verdicts {
        let state = match word(verdict, now) {
            "open" => "✅ open",
            "SHUT" => "❌ **shut**",
            "OVERRIDDEN" => "⚠️ **overridden**",
            "warning" => "⚠️ warning",
            other => other,
        };
        let mut found = cell(&verdict.found);
        let opens = opens(verdict).map(|opens| format!("To open it: {opens}"));
        let notes = verdict.notes.iter().map(|note| format!("Note: {note}"));
        for more in why(verdict).into_iter().chain(opens).chain(notes) {
            found.push_str(&format!("<br>{}", cell(&more)));
        }
        let shown: Vec<String> = evidence(verdict).iter().map(|of| cell(of)).collect();
        let (gate, wanted) = (cell(&verdict.gate), cell(&verdict.wanted));
        out.push_str(&format!(
            "| {state} | {gate} | {wanted} | {found} | {} |\n",
            shown.join("<br>")
        ));
    }
    out
}

/// Text that breaks no table, and is no HTML or mention of its own.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' => out.push_str("\\|"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts() -> Vec<Verdict> {
        let open = Position::Open { evidence: vec!["a.xml (JUnit, run p1.ci)".to_owned()] };
        let shut = Position::Shut {
            reason: "all lines: 61.2% (98 of 160), 80% is asked for".to_owned(),
            opens: Some("test what is not covered".to_owned()),
            evidence: Vec::new(),
        };
        let of = |gate: &str, wanted: &str, found: &str, position| Verdict {
            wanted: wanted.to_owned(),
            found: found.to_owned(),
            ..Verdict::required(gate, position)
        };
        vec![
            of("tests", "100% of at least 1 pass", "12 passed", open),
            of("coverage", "80% of all lines", "61.2% (98 of 160)", shut),
            Verdict {
                notes: vec!["w.toml:3: the waiver of ann for CVE-1 covers nothing".to_owned()],
                ..of("vulnerabilities", "high 0", "none", Position::Open { evidence: Vec::new() })
            },
        ]
    }

    #[test]
    fn a_table_says_what_is_shut_why_and_what_would_open_it() {
        insta::assert_snapshot!(text(&verdicts(), Timestamp::UNIX_EPOCH));
        insta::assert_snapshot!(markdown("Gates <b>", &verdicts(), Timestamp::UNIX_EPOCH));
    }
}

//! What a gate comes to.

use jiff::Timestamp;
use shipway_core::config::Level;
use shipway_core::gate::{Position, Verdict};

use super::shown::Seen;

/// As many reasons are told in a line.
const TOLD: usize = 3;

/// What looking at evidence comes to.
#[derive(Debug, Clone, Default)]
pub(super) struct Ruling {
    /// What was found, in a few words.
    pub(super) found: String,
    /// What keeps it shut. Nothing: it is open.
    pub(super) problems: Vec<String>,
    /// What would open it.
    pub(super) opens: Option<String>,
    /// Beside the sources.
    pub(super) evidence: Vec<String>,
    /// What is worth knowing, and decides nothing.
    pub(super) notes: Vec<String>,
    /// It is as it is until then.
    pub(super) until: Option<Timestamp>,
}

/// A gate, and how it is asked.
pub(super) struct Asked<'a> {
    /// Its name.
    pub(super) gate: &'a str,
    /// What it means when it is shut.
    pub(super) level: Level,
    /// What it asks for.
    pub(super) wanted: String,
    /// Where evidence for it comes from, such as `a coverage report`.
    pub(super) evidence: &'a str,
    /// What brings that evidence.
    pub(super) bring: &'a str,
}

impl Asked<'_> {
    /// The verdict on what was seen. Nothing seen, or something that is broken, is shut.
    pub(super) fn of<T>(self, seen: &Seen<T>, look: impl FnOnce(&T) -> Ruling) -> Verdict {
        let mut ruling = match &seen.what {
            Some(what) => look(what),
            None => Ruling {
                found: "no evidence".to_owned(),
                problems: if seen.broken.is_empty() {
                    vec![format!("no evidence: there is no {}", self.evidence)]
                } else {
                    Vec::new()
                },
                opens: Some(self.bring.to_owned()),
                ..Ruling::default()
            },
        };
        if !seen.broken.is_empty() {
            ruling.problems.extend(seen.broken.iter().cloned());
            ruling.opens.get_or_insert_with(|| self.bring.to_owned());
        }
        let sources = seen.sources.iter().map(ToString::to_string);
        let evidence = sources.chain(std::mem::take(&mut ruling.evidence)).collect();
        self.verdict(ruling, evidence)
    }

    /// The verdict on a ruling.
    pub(super) fn verdict(self, ruling: Ruling, evidence: Vec<String>) -> Verdict {
        let position = if ruling.problems.is_empty() {
            Position::Open { evidence }
        } else {
            let reason = told(&ruling.problems);
            Position::Shut { reason, opens: ruling.opens, evidence }
        };
        Verdict {
            gate: self.gate.to_owned(),
            level: self.level,
            wanted: self.wanted,
            found: ruling.found,
            notes: ruling.notes,
            position,
            valid_until: ruling.until,
        }
    }
}

/// The first of them, and how many more.
pub(super) fn told(all: &[String]) -> String {
    let mut text = all.iter().take(TOLD).cloned().collect::<Vec<_>>().join(", ");
    if all.len() > TOLD {
        text.push_str(&format!(" and {} more", all.len() - TOLD));
    }
    text
}

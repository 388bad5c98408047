//! Holding a journal against itself and against its checkpoints.

mod diagnose;
mod finding;

use std::collections::HashMap;

use shipway_core::digest::Digest;
use shipway_core::journal::{Entry, Seq, StreamId, Version};

use crate::chain::{self, GENESIS};
use crate::checkpoint::{Checkpoint, CheckpointLog};
use crate::error::StoreError;
use crate::journal::Journal;

use diagnose::Diagnosis;
pub use finding::Finding;

/// How many entries are read at a time.
const PAGE: usize = 1000;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many entries there are.
    pub entries: u64,
    /// The entries whose payload was erased; their hashes are still checked.
    pub erased: Vec<Seq>,
    /// The newest checkpoint that fits: everything up to it is as it was
    /// when that was signed.
    pub vouched: Option<Checkpoint>,
    /// What is wrong, in order.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing is wrong.
    pub const fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Walks the whole journal, in memory that does not grow with it as long as
/// it is intact, and says which entries are not what they were.
///
/// # Errors
/// When the store cannot be read at all. An entry that cannot be read is a
/// finding.
pub fn verify(journal: &dyn Journal, checkpoints: &CheckpointLog) -> Result<Report, StoreError> {
    let mut walk = Walk::new(checkpoints, journal);
    let mut from = Seq(0);
    let mut limit = PAGE;
    loop {
        match journal.read(from, limit) {
            Ok(page) => {
                let Some(last) = page.last() else { break };
                from = Seq(last.seq.0 + 1);
                limit = PAGE;
                for entry in &page {
                    walk.visit(entry)?;
                }
            }
            // One by one to the entry that cannot be read, and past it.
            Err(StoreError::UnreadableEntry { .. }) if limit > 1 => limit = 1,
            Err(StoreError::UnreadableEntry { seq, why }) => {
                walk.unreadable(Seq(seq), why);
                from = Seq(seq + 1);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(walk.finish())
}

struct Walk<'a> {
    /// Checkpoints that no entry has answered yet.
    open: HashMap<Digest, &'a Checkpoint>,
    /// Those that one did.
    answered: Vec<&'a Checkpoint>,
    versions: HashMap<StreamId, Version>,
    entries: u64,
    last: Seq,
    link: Digest,
    erased: Vec<Seq>,
    findings: Vec<Finding>,
    /// From the first break of the chain on.
    diagnosis: Option<Diagnosis>,
}

impl<'a> Walk<'a> {
    fn new(checkpoints: &'a CheckpointLog, journal: &dyn Journal) -> Self {
        let mut findings = Vec::new();
        findings.extend(checkpoints.bad.iter().cloned().map(Finding::BadCheckpoint));
        let mut valid: Vec<&Checkpoint> = Vec::new();
        for checkpoint in &checkpoints.good {
            if checkpoint.journal != journal.id() {
                findings.push(Finding::OtherJournal { checkpoint: checkpoint.clone() });
                continue;
            }
            if checkpoint.restored {
                valid.retain(|earlier| earlier.seq <= checkpoint.seq);
            }
            valid.push(checkpoint);
        }
        Self {
            open: valid.into_iter().map(|checkpoint| (checkpoint.hash, checkpoint)).collect(),
            answered: Vec::new(),
            versions: HashMap::new(),
            entries: 0,
            last: Seq(0),
            link: GENESIS,
            erased: Vec::new(),
            findings,
            diagnosis: None,
        }
    }

    fn visit(&mut self, entry: &Entry) -> Result<(), StoreError> {
        self.entries += 1;
        match &entry.payload {
            None => self.erased.push(entry.seq),
            Some(payload) if Digest::of(payload.as_bytes()) != entry.payload_hash => {
                self.findings.push(Finding::PayloadEdited { seq: entry.seq });
            }
            Some(_) => {}
        }
        let whole = diagnose::fits_at(entry, entry.seq)?;
        if whole && let Some(checkpoint) = self.open.remove(&entry.hash) {
            self.answered.push(checkpoint);
        }
        let in_place = entry.seq.0 == self.last.0 + 1 && entry.prev_hash == self.link;
        if self.diagnosis.is_none() && !(whole && in_place) {
            self.diagnosis = Some(Diagnosis::from(self.last, self.link));
        }
        match &mut self.diagnosis {
            Some(diagnosis) => diagnosis.add(entry)?,
            None => self.check_version(entry),
        }
        self.last = entry.seq;
        self.link = entry.hash;
        Ok(())
    }

    fn check_version(&mut self, entry: &Entry) {
        let version = self.versions.entry(entry.stream.clone()).or_default();
        let expected = Version(version.0 + 1);
        if entry.version != expected {
            self.findings.push(Finding::WrongVersion {
                seq: entry.seq,
                stream: entry.stream.clone(),
                expected,
                found: entry.version,
            });
        }
        *version = entry.version;
    }

    fn unreadable(&mut self, seq: Seq, why: String) {
        self.entries += 1;
        let (last, link) = (self.last, self.link);
        self.diagnosis.get_or_insert_with(|| Diagnosis::from(last, link)).add_unreadable(seq);
        self.findings.push(Finding::Unreadable { seq, why });
        self.last = seq;
    }

    fn finish(mut self) -> Report {
        if let Some(diagnosis) = self.diagnosis.take() {
            let vouched = self.answered.iter().map(|checkpoint| checkpoint.seq).collect();
            self.findings.extend(diagnosis.conclude(vouched));
        }
        self.unanswered();
        self.findings.sort_by_key(Finding::place);
        Report {
            entries: self.entries,
            erased: self.erased,
            vouched: self.answered.into_iter().max_by_key(|answered| answered.seq).cloned(),
            findings: self.findings,
        }
    }

    /// Checkpoints that no entry answers, unless what was found explains it.
    fn unanswered(&mut self) {
        let last = self.last;
        let (beyond, within): (Vec<_>, Vec<_>) =
            self.open.values().copied().partition(|checkpoint| checkpoint.seq > last);
        let rewritten = within
            .into_iter()
            .filter(|checkpoint| !self.findings.iter().any(|found| found.explains(checkpoint.seq)))
            .min_by_key(|checkpoint| checkpoint.seq);
        if let Some(checkpoint) = rewritten {
            let answered = self.answered.iter().map(|answered| answered.seq);
            let after = answered.filter(|seq| *seq < checkpoint.seq).max().unwrap_or_default();
            self.findings.push(Finding::Rewritten { after, checkpoint: checkpoint.clone() });
        }
        if let Some(checkpoint) = beyond.into_iter().max_by_key(|checkpoint| checkpoint.seq) {
            self.findings.push(Finding::Truncated { last, checkpoint: checkpoint.clone() });
        }
    }
}

/// The entry's hash as it should be.
fn hash(entry: &Entry) -> Result<Digest, StoreError> {
    chain::hash_entry(entry)
        .map_err(|error| StoreError::Unfit { what: "an actor", why: error.to_string() })
}

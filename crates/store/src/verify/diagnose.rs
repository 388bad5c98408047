//! Saying what was done to a chain that is broken.
//!
//! An entry's hash covers its place, so an entry that was not touched tells
//! where it was appended: its *home*. Homes that are nowhere are lost; an
//! entry without a home was edited, if the place it stands for is lost, and
//! inserted otherwise.

use std::collections::HashSet;

use shipway_core::digest::Digest;
use shipway_core::journal::{Entry, Seq};

use super::{Finding, hash};
use crate::error::StoreError;

/// For how many entries every place is tried as their home.
const SEARCHES: u32 = 64;

/// How far from where it stands an entry's home is looked for.
const REACH: u64 = 1_000_000;

/// Whether `entry`, as it is, was appended at `place`.
pub(super) fn fits_at(entry: &Entry, place: Seq) -> Result<bool, StoreError> {
    if place == entry.seq {
        return Ok(hash(entry)? == entry.hash);
    }
    let moved = Entry { seq: place, payload: None, ..entry.clone() };
    Ok(hash(&moved)? == entry.hash)
}

struct Fact {
    seq: u64,
    home: Option<u64>,
    prev_hash: Digest,
    hash: Digest,
}

/// Collects what is there from the first break of the chain on.
pub(super) struct Diagnosis {
    /// The last entry before the break.
    intact: Seq,
    link: Digest,
    facts: Vec<Fact>,
    /// Where the last entry with a home stood, from there.
    shift: i64,
    searches: u32,
    unreadable: HashSet<u64>,
}

impl Diagnosis {
    pub(super) fn from(intact: Seq, link: Digest) -> Self {
        let (facts, unreadable) = (Vec::new(), HashSet::new());
        Self { intact, link, facts, shift: 0, searches: 0, unreadable }
    }

    pub(super) fn add(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let home = self.home(entry)?;
        if let Some(home) = home {
            self.shift = entry.seq.0.cast_signed() - home.cast_signed();
        }
        let (seq, prev_hash, hash) = (entry.seq.0, entry.prev_hash, entry.hash);
        self.facts.push(Fact { seq, home, prev_hash, hash });
        Ok(())
    }

    pub(super) fn add_unreadable(&mut self, seq: Seq) {
        self.unreadable.insert(seq.0);
        let nothing = Digest::from_bytes([0; 32]);
        self.facts.push(Fact { seq: seq.0, home: None, prev_hash: nothing, hash: nothing });
    }

    fn home(&mut self, entry: &Entry) -> Result<Option<u64>, StoreError> {
        let seq = entry.seq.0;
        let shifted = seq.saturating_add_signed(-self.shift);
        for place in [seq, shifted] {
            if fits_at(entry, Seq(place))? {
                return Ok(Some(place));
            }
        }
        if self.searches == SEARCHES {
            return Ok(None);
        }
        self.searches += 1;
        let mut moved = Entry { payload: None, ..entry.clone() };
        // The nearest first: most are moved by little.
        for distance in 1..=REACH.min(seq.max(1000)) {
            for place in [seq.checked_sub(distance), seq.checked_add(distance)] {
                let Some(place) = place else { continue };
                moved.seq = Seq(place);
                if hash(&moved)? == entry.hash {
                    return Ok(Some(place));
                }
            }
        }
        Ok(None)
    }

    /// What was done. The entries `vouched` answer a checkpoint.
    pub(super) fn conclude(self, vouched: Vec<Seq>) -> Vec<Finding> {
        let mut homes: HashSet<u64> = self.facts.iter().filter_map(|fact| fact.home).collect();
        homes.extend(self.unreadable.iter());
        let mut judge = Judge {
            known: homes.iter().copied().max().unwrap_or(0),
            homes,
            seen: HashSet::new(),
            intact: self.intact.0,
            vouched,
            shift: 0,
            next: self.intact.0 + 1,
            link: Some(self.link),
            findings: Vec::new(),
        };
        for fact in &self.facts {
            if self.unreadable.contains(&fact.seq) {
                judge.pass(fact.seq);
            } else {
                judge.judge(fact);
            }
        }
        judge.findings
    }
}

struct Judge {
    /// Every original place that is still somewhere.
    homes: HashSet<u64>,
    /// The greatest of them: no entry is known to have been after it.
    known: u64,
    seen: HashSet<u64>,
    intact: u64,
    vouched: Vec<Seq>,
    /// By how much entries stand after their home here, because others were
    /// inserted (or, negative, deleted) and all that follow renumbered.
    shift: i64,
    /// The original place that comes next.
    next: u64,
    /// The hash of the entry before, if that is the original one.
    link: Option<Digest>,
    findings: Vec<Finding>,
}

impl Judge {
    fn judge(&mut self, fact: &Fact) {
        let slot = fact.seq.saturating_add_signed(-self.shift);
        self.lost(self.next, slot);
        match fact.home {
            Some(home) if self.is_copy(home) => self.inserted(fact),
            Some(home) if home == slot => self.in_place(fact, home),
            Some(home) if home > slot && self.all_lost(slot, home) => {
                self.lost(slot, home);
                self.shift = fact.seq.cast_signed() - home.cast_signed();
                self.in_place(fact, home);
            }
            Some(home) => {
                self.findings.push(Finding::Moved { seq: Seq(fact.seq), from: Seq(home) });
                self.seen.insert(home);
                self.skip(slot);
            }
            None if self.homes.contains(&slot) => self.inserted(fact),
            None => {
                self.findings.push(Finding::Edited { seq: Seq(fact.seq) });
                self.skip(slot);
            }
        }
    }

    /// The place of an entry that is reported already.
    fn pass(&mut self, seq: u64) {
        let slot = seq.saturating_add_signed(-self.shift);
        self.lost(self.next, slot);
        self.skip(slot);
    }

    fn is_copy(&self, home: u64) -> bool {
        home <= self.intact || self.seen.contains(&home)
    }

    fn inserted(&mut self, fact: &Fact) {
        self.findings.push(Finding::Inserted { seq: Seq(fact.seq) });
        self.shift += 1;
    }

    fn in_place(&mut self, fact: &Fact, home: u64) {
        if self.link.is_some_and(|link| link != fact.prev_hash) {
            self.findings.push(self.replaced_before(fact.seq));
        }
        self.seen.insert(home);
        self.next = home + 1;
        self.link = Some(fact.hash);
    }

    /// The entry at `seq` is chained to another one than stands before it.
    fn replaced_before(&self, seq: u64) -> Finding {
        let Some(to) = seq.checked_sub(1).filter(|to| *to > 0).map(Seq) else {
            return Finding::Edited { seq: Seq(seq) };
        };
        let vouched = self.vouched.iter().filter(|vouched| **vouched < to).max();
        Finding::Replaced { from: Seq(vouched.map_or(0, |vouched| vouched.0) + 1), to }
    }

    fn skip(&mut self, slot: u64) {
        self.next = slot + 1;
        self.link = None;
    }

    fn all_lost(&self, from: u64, to: u64) -> bool {
        (from..to).all(|place| !self.homes.contains(&place))
    }

    /// Reports the places from `from` up to `to`, without it, that are gone.
    fn lost(&mut self, from: u64, to: u64) {
        let mut run = None;
        for place in from..to.min(self.known + 1) {
            self.link = None;
            run = match (run, self.homes.contains(&place)) {
                (None, true) => None,
                (None, false) => Some((place, place)),
                (Some((start, _)), false) => Some((start, place)),
                (Some(run), true) => {
                    self.deleted(run);
                    None
                }
            };
        }
        if let Some(run) = run {
            self.deleted(run);
        }
    }

    fn deleted(&mut self, (from, to): (u64, u64)) {
        self.findings.push(Finding::Deleted { from: Seq(from), to: Seq(to) });
    }
}

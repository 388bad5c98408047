//! What can be wrong with a journal.

use std::fmt;

use shipway_core::journal::{Seq, StreamId, Version};

use crate::checkpoint::{BadCheckpoint, Checkpoint};

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The payload is not the one that was appended.
    PayloadEdited {
        /// Where.
        seq: Seq,
    },
    /// Another field of the entry (stream, version, time, actor, cause or a
    /// hash) is not the one that was appended.
    Edited {
        /// Where.
        seq: Seq,
    },
    /// The entry is well-formed, but not the one that the next was chained to:
    /// it, or a run of entries that ends with it, was replaced.
    Replaced {
        /// Where the run begins at the earliest.
        from: Seq,
        /// Where it ends.
        to: Seq,
    },
    /// Entries are gone.
    Deleted {
        /// The first, by its original place.
        from: Seq,
        /// The last, by its original place.
        to: Seq,
    },
    /// The entry was not there.
    Inserted {
        /// Where it is.
        seq: Seq,
    },
    /// The entry was elsewhere.
    Moved {
        /// Where it is.
        seq: Seq,
        /// Where it was appended.
        from: Seq,
    },
    /// A column of the entry holds what cannot be there.
    Unreadable {
        /// Where.
        seq: Seq,
        /// Which column, and why not.
        why: String,
    },
    /// The entry's version does not follow from its stream.
    WrongVersion {
        /// Where.
        seq: Seq,
        /// Its stream.
        stream: StreamId,
        /// What it should be.
        expected: Version,
        /// What it is.
        found: Version,
    },
    /// The journal ends before an entry that was signed.
    Truncated {
        /// Its last entry now.
        last: Seq,
        /// The newest checkpoint beyond it.
        checkpoint: Checkpoint,
    },
    /// The chain is whole, but it is not the one that was signed.
    Rewritten {
        /// Up to here it is the one that was signed.
        after: Seq,
        /// The first checkpoint that does not fit.
        checkpoint: Checkpoint,
    },
    /// A line of the checkpoint file is no checkpoint signed by this key.
    BadCheckpoint(BadCheckpoint),
    /// The checkpoint is of another journal: this one was put in its place.
    OtherJournal {
        /// It.
        checkpoint: Checkpoint,
    },
}

impl Finding {
    /// Where in the journal, for sorting: what concerns the whole comes first.
    pub(super) const fn place(&self) -> Seq {
        match self {
            Self::PayloadEdited { seq }
            | Self::Edited { seq }
            | Self::Inserted { seq }
            | Self::Moved { seq, .. }
            | Self::Unreadable { seq, .. }
            | Self::WrongVersion { seq, .. } => *seq,
            Self::Replaced { to: seq, .. }
            | Self::Deleted { from: seq, .. }
            | Self::Rewritten { checkpoint: Checkpoint { seq, .. }, .. }
            | Self::Truncated { checkpoint: Checkpoint { seq, .. }, .. } => *seq,
            Self::BadCheckpoint(_) | Self::OtherJournal { .. } => Seq(0),
        }
    }

    /// Whether this is why a checkpoint of entry `signed` has no answer.
    pub(super) fn explains(&self, signed: Seq) -> bool {
        match self {
            Self::Edited { seq } | Self::Unreadable { seq, .. } => *seq == signed,
            Self::Moved { from, .. } => *from == signed,
            Self::Replaced { from, to } | Self::Deleted { from, to } => {
                (*from..=*to).contains(&signed)
            }
            // All that follows is numbered differently.
            Self::Inserted { seq } => *seq <= signed,
            _ => false,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PayloadEdited { seq } => {
                write!(f, "entry {}: its payload was edited", seq.0)
            }
            Self::Edited { seq } => write!(
                f,
                "entry {}: its stream, version, time, actor, cause or hash was edited",
                seq.0
            ),
            Self::Replaced { from, to } if from == to => write!(
                f,
                "entry {}: replaced by another; entry {} was chained to a different one",
                to.0,
                to.0 + 1
            ),
            Self::Replaced { from, to } => write!(
                f,
                "entry {to}, and perhaps entries before it back to {from}: replaced by others; \
                 entry {next} was chained to a different one",
                from = from.0,
                to = to.0,
                next = to.0 + 1
            ),
            Self::Deleted { from, to } if from == to => {
                write!(f, "entry {}: deleted", from.0)
            }
            Self::Deleted { from, to } => write!(f, "entries {} to {}: deleted", from.0, to.0),
            Self::Inserted { seq } => {
                write!(f, "entry {}: inserted; it was not appended there", seq.0)
            }
            Self::Moved { seq, from } => {
                write!(f, "entry {}: reordered; it was appended as entry {}", seq.0, from.0)
            }
            Self::Unreadable { seq, why } => {
                write!(f, "entry {}: edited so that it cannot be read ({why})", seq.0)
            }
            Self::WrongVersion { seq, stream, expected, found } => write!(
                f,
                "entry {}: has version {} of {stream}, where version {} follows",
                seq.0, found.0, expected.0
            ),
            Self::Truncated { last, checkpoint } => write!(
                f,
                "the journal ends at entry {}, but entry {} was signed on {}: \
                 the entries after {} were cut off",
                last.0, checkpoint.seq.0, checkpoint.at, last.0
            ),
            Self::Rewritten { after, checkpoint } => write!(
                f,
                "entries {} to {} were rewritten: the chain fits itself, but not what was signed \
                 on {}",
                after.0 + 1,
                checkpoint.seq.0,
                checkpoint.at
            ),
            Self::BadCheckpoint(BadCheckpoint { line, why }) => {
                write!(f, "line {line} of the checkpoints is not one: {why}")
            }
            Self::OtherJournal { checkpoint } => write!(
                f,
                "the checkpoint of entry {} signed on {} is of another journal ({}): this journal \
                 was put in its place",
                checkpoint.seq.0, checkpoint.at, checkpoint.journal
            ),
        }
    }
}

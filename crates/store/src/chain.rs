//! The hash chain: what an entry's hash is made of.

use sha2::{Digest as _, Sha256};
use shipway_core::digest::Digest;
use shipway_core::journal::Entry;

/// Names the layout below; another layout gets another name.
const LAYOUT: &[u8] = b"shipway journal entry 1\n";

/// The `prev_hash` of the first entry.
pub(crate) const GENESIS: Digest = Digest::from_bytes([0; 32]);

/// The hash of `entry`, computed from its other fields.
///
/// SHA-256 over, in this order: the layout's name, `seq`, the stream's text,
/// `version`, `at` in nanoseconds since 1970, the actor's JSON, a byte that
/// says whether there is a cause and its text, `payload_hash`, `prev_hash`.
/// Numbers are big-endian, 8 bytes (`at`: 16); texts follow their length in 8
/// bytes, so that no two entries have the same input.
///
/// # Errors
/// When the actor cannot be written as JSON.
pub fn hash_entry(entry: &Entry) -> Result<Digest, serde_json::Error> {
    let mut hasher = Sha256::new();
    hasher.update(LAYOUT);
    hasher.update(entry.seq.0.to_be_bytes());
    text(&mut hasher, &entry.stream.to_string());
    hasher.update(entry.version.0.to_be_bytes());
    hasher.update(entry.at.as_nanosecond().to_be_bytes());
    text(&mut hasher, &serde_json::to_string(&entry.actor)?);
    match &entry.cause {
        None => hasher.update([0]),
        Some(cause) => {
            hasher.update([1]);
            text(&mut hasher, &cause.0);
        }
    }
    hasher.update(entry.payload_hash.as_bytes());
    hasher.update(entry.prev_hash.as_bytes());
    Ok(Digest::from_bytes(hasher.finalize().into()))
}

fn text(hasher: &mut Sha256, text: &str) {
    hasher.update((text.len() as u64).to_be_bytes());
    hasher.update(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use shipway_core::journal::{Actor, Cause, Seq, Version};

    fn entry() -> Entry {
        Entry {
            seq: Seq(7),
            stream: "env/production".parse().unwrap(),
            version: Version(3),
            at: "2026-01-02T03:04:05.000000006Z".parse().unwrap(),
            actor: Actor::Unverified { user: "ada".to_owned() },
            cause: Some(Cause("tick".to_owned())),
            payload: Some("{}".to_owned()),
            payload_hash: Digest::of(b"{}"),
            prev_hash: GENESIS,
            hash: GENESIS,
        }
    }

    /// Fails when the layout changes: journals in the field would no longer
    /// verify.
    #[test]
    fn the_layout_stays() {
        insta::assert_snapshot!(hash_entry(&entry()).unwrap(), @"sha256:03b26bf5b316f00ae4263450ab45c25a681fcea99e03b66c2840bb6cd5e5c27c");
    }

    #[test]
    fn every_field_counts_but_the_payload_and_the_hash() {
        let base = hash_entry(&entry()).unwrap();
        let changes: [fn(&mut Entry); 8] = [
            |e| e.seq = Seq(8),
            |e| e.stream = "env/productio".parse().unwrap(),
            |e| e.version = Version(4),
            |e| e.at = "2026-01-02T03:04:05.000000007Z".parse().unwrap(),
            |e| e.actor = Actor::Engine,
            |e| e.cause = None,
            |e| e.payload_hash = GENESIS,
            |e| e.prev_hash = Digest::of(b""),
        ];
        for (n, change) in changes.iter().enumerate() {
            let mut changed = entry();
            change(&mut changed);
            assert_ne!(hash_entry(&changed).unwrap(), base, "change {n}");
        }
        let erased = Entry { payload: None, hash: Digest::of(b"x"), ..entry() };
        assert_eq!(hash_entry(&erased).unwrap(), base);
    }
}

//! What a commit produced, immutable, by digest.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ids::{CommitId, RunId, ServiceName};

/// A release's name: the digest of its commit and its artifacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReleaseId(pub Digest);

impl std::fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.short())
    }
}

/// What is run of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Artifact {
    /// A folder, packed as a tar archive with fixed order, owner and times.
    Tree {
        /// The archive's digest: a blob of the store.
        digest: Digest,
        /// The archive's size in bytes.
        bytes: u64,
    },
}

impl Artifact {
    /// The digest that names the content.
    pub const fn digest(&self) -> Digest {
        match self {
            Self::Tree { digest, .. } => *digest,
        }
    }
}

/// What a commit produced, per service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The commit it was built from.
    pub commit: CommitId,
    /// What is run of each service, in the order in which they are declared.
    pub services: IndexMap<ServiceName, Artifact>,
    /// The runs that passed before it was built.
    pub runs: Vec<RunId>,
}

impl Release {
    /// The release's name. The runs do not count: the same content built
    /// after another run of the same commit is the same release.
    pub fn id(&self) -> ReleaseId {
        let mut text = format!("release {}\n", self.commit);
        for (service, artifact) in &self.services {
            text.push_str(&format!("{service} {}\n", artifact.digest()));
        }
        ReleaseId(Digest::of(text.as_bytes()))
    }
}

//! `cache-mode`: what a job may do with caches.
//!
//! Source: `cache-mode` in GitHub's "Workflow syntax", and its changelog of June
//! and September 2026 on caches of runs that are not trusted.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::github::is_from_fork;
use crate::plan::Trigger;

/// What a job may do with caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CacheMode {
    /// Nothing.
    None,
    /// Restore.
    Read,
    /// Restore and save.
    #[default]
    Write,
    /// Save.
    WriteOnly,
}

/// Events that people without a right to write can cause, and whose runs work
/// in the scope of the default branch: what they save would reach everybody.
const LOW_TRUST: [&str; 7] = [
    "discussion",
    "discussion_comment",
    "fork",
    "issue_comment",
    "issues",
    "pull_request_target",
    "watch",
];

impl CacheMode {
    const ALL: [Self; 4] = [Self::None, Self::Read, Self::Write, Self::WriteOnly];

    /// The word that workflows and `ACTIONS_CACHE_MODE` know it by.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Write => "write",
            Self::WriteOnly => "write-only",
        }
    }

    /// Whether it may restore.
    pub const fn reads(self) -> bool {
        matches!(self, Self::Read | Self::Write)
    }

    /// Whether it may save.
    pub const fn writes(self) -> bool {
        matches!(self, Self::Write | Self::WriteOnly)
    }

    /// No more than `other` allows as well.
    #[must_use]
    pub const fn within(self, other: Self) -> Self {
        match (self.reads() && other.reads(), self.writes() && other.writes()) {
            (true, true) => Self::Write,
            (true, false) => Self::Read,
            (false, true) => Self::WriteOnly,
            (false, false) => Self::None,
        }
    }

    /// What jobs get that do not say.
    pub fn by_default(trigger: &Trigger) -> Self {
        let name = |path: &str| trigger.payload.pointer(path).and_then(Value::as_str);
        let head = name("/workflow_run/head_repository/full_name");
        let after_fork = trigger.event == "workflow_run" && head != name("/repository/full_name");
        let low = LOW_TRUST.contains(&trigger.event.as_str());
        if low || after_fork || is_from_fork(trigger) { Self::Read } else { Self::Write }
    }

    /// Whether it is what [`Default`] says.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A text that is no mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no `cache-mode`: it is `read`, `write`, `write-only` or `none`")]
pub struct NoCacheMode(String);

impl FromStr for CacheMode {
    type Err = NoCacheMode;

    fn from_str(text: &str) -> Result<Self, NoCacheMode> {
        let found = Self::ALL.into_iter().find(|mode| mode.as_str() == text);
        found.ok_or_else(|| NoCacheMode(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_and_their_order() {
        for mode in CacheMode::ALL {
            assert_eq!(mode.as_str().parse(), Ok(mode));
            assert_eq!(mode.within(CacheMode::Write), mode);
            assert_eq!(mode.within(CacheMode::None), CacheMode::None);
            assert_eq!(CacheMode::Write.within(mode), mode);
        }
        assert_eq!(CacheMode::Read.within(CacheMode::WriteOnly), CacheMode::None);
        assert!("Write".parse::<CacheMode>().is_err());
    }

    #[test]
    fn runs_that_are_not_trusted_only_read() {
        let by_default = |event: &str, payload: Value| {
            let git_ref = "refs/heads/main".to_owned();
            CacheMode::by_default(&Trigger { event: event.to_owned(), git_ref, payload })
        };
        let own = json!({
            "repository": {"full_name": "a/b"},
            "workflow_run": {"head_repository": {"full_name": "a/b"}},
        });
        let mut fork = own.clone();
        fork["workflow_run"]["head_repository"]["full_name"] = json!("x/b");
        assert_eq!(by_default("push", json!({})), CacheMode::Write);
        assert_eq!(by_default("pull_request_target", json!({})), CacheMode::Read);
        assert_eq!(by_default("workflow_run", own), CacheMode::Write);
        assert_eq!(by_default("workflow_run", fork), CacheMode::Read);
    }
}

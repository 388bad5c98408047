//! What is looked for, and why.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

use crate::finding::Severity;

/// The name of a rule, such as `drop-table`: what allow lists and documents call it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RuleId(Cow<'static, str>);

impl RuleId {
    /// The name of a rule that is built in.
    #[must_use]
    pub const fn new(id: &'static str) -> Self {
        Self(Cow::Borrowed(id))
    }

    /// The name of a rule that was read from a file.
    #[must_use]
    pub fn owned(id: String) -> Self {
        Self(Cow::Owned(id))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq<str> for RuleId {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for RuleId {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

/// What is looked for, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub id: RuleId,
    /// How bad a finding is.
    pub severity: Severity,
    /// What it is about, in a few words.
    pub title: Cow<'static, str>,
    /// What goes wrong, in a sentence or two.
    pub why: Cow<'static, str>,
    /// What to do instead; empty where the title says it.
    pub help: Cow<'static, str>,
}

impl Rule {
    /// A rule that is built in.
    #[must_use]
    pub const fn new(
        id: &'static str,
        severity: Severity,
        title: &'static str,
        why: &'static str,
        help: &'static str,
    ) -> Self {
        Self {
            id: RuleId::new(id),
            severity,
            title: Cow::Borrowed(title),
            why: Cow::Borrowed(why),
            help: Cow::Borrowed(help),
        }
    }
}

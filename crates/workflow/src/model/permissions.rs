//! `permissions`: what `GITHUB_TOKEN` may do.

use indexmap::IndexMap;

use super::reader::Reader;
use crate::yaml::Node;

/// What the token may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permissions {
    /// `read-all`
    ReadAll,
    /// `write-all`
    WriteAll,
    /// Each scope by itself; one that is not named is [`Level::None`].
    Scopes(IndexMap<String, Level>),
}

/// How much of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing.
    None,
    /// Look.
    Read,
    /// Look and change.
    Write,
}

const LEVELS: &[(&str, Level)] =
    &[("none", Level::None), ("read", Level::Read), ("write", Level::Write)];
const READ_OR_NONE: &[(&str, Level)] = &[("none", Level::None), ("read", Level::Read)];
const WRITE_OR_NONE: &[(&str, Level)] = &[("none", Level::None), ("write", Level::Write)];

const SCOPES: &[&str] = &[
    "actions",
    "artifact-metadata",
    "attestations",
    "checks",
    "code-quality",
    "contents",
    "copilot-requests",
    "deployments",
    "discussions",
    "drives",
    "id-token",
    "issues",
    "models",
    "packages",
    "pages",
    "pull-requests",
    "repository-projects",
    "security-events",
    "statuses",
    "vulnerability-alerts",
];

impl Permissions {
    pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Option<Self> {
        if node.as_mapping().is_none() {
            let words = [("read-all", true), ("write-all", false)];
            let read_only = reader.word(node, "level for `permissions`", &words)?;
            return Some(if read_only { Self::ReadAll } else { Self::WriteAll });
        }
        let fields = reader.fields(node, "`permissions`", SCOPES)?;
        let mut scopes = IndexMap::new();
        for entry in fields.iter().filter(|entry| SCOPES.contains(&entry.key.as_str())) {
            let scope = entry.key.value.as_str();
            let levels = match scope {
                "id-token" | "copilot-requests" => WRITE_OR_NONE,
                "models" | "vulnerability-alerts" => READ_OR_NONE,
                _ => LEVELS,
            };
            let what = format!("level for `{scope}`");
            if let Some(level) = reader.word(&entry.value, &what, levels) {
                scopes.insert(scope.to_owned(), level);
            }
        }
        Some(Self::Scopes(scopes))
    }

    /// What the token may do in a scope such as `contents`.
    #[must_use]
    pub fn level(&self, scope: &str) -> Level {
        match self {
            Self::ReadAll if matches!(scope, "id-token" | "copilot-requests") => Level::None,
            Self::ReadAll => Level::Read,
            Self::WriteAll if matches!(scope, "models" | "vulnerability-alerts") => Level::Read,
            Self::WriteAll => Level::Write,
            Self::Scopes(scopes) => scopes.get(scope).copied().unwrap_or(Level::None),
        }
    }

    /// The scopes there are.
    #[must_use]
    pub fn scopes() -> &'static [&'static str] {
        SCOPES
    }
}

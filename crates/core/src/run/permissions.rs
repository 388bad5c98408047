//! What a job's token may do.
//!
//! Source: "Controlling permissions for `GITHUB_TOKEN`" and "Reusing workflows"
//! (a called workflow can only be given less than its caller has).

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use shipway_workflow::model::{Level, Permissions};

use crate::config::TokenPermissions;

/// What a token may do: each scope with `read` or `write`. What is not named is
/// not allowed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Granted(pub IndexMap<String, Access>);

/// How much of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Look.
    Read,
    /// Look and change.
    Write,
}

impl Access {
    /// As workflows spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// The scopes of `read-all` and `write-all`.
const SCOPES: [&str; 14] = [
    "actions",
    "attestations",
    "checks",
    "contents",
    "deployments",
    "discussions",
    "id-token",
    "issues",
    "models",
    "packages",
    "pages",
    "pull-requests",
    "security-events",
    "statuses",
];

impl Granted {
    /// To look at one scope, and nothing else.
    pub fn to_read(scope: &str) -> Self {
        Self([(scope.to_owned(), Access::Read)].into())
    }

    /// Nothing is allowed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What workflows get that do not say: as GitHub's two settings have it.
    pub fn by_default(setting: TokenPermissions) -> Self {
        match setting {
            TokenPermissions::Read => {
                let scopes = ["contents", "packages"];
                Self(scopes.map(|scope| (scope.to_owned(), Access::Read)).into())
            }
            TokenPermissions::Write => {
                let mut all = Self::all(Access::Write);
                all.0.shift_remove("id-token");
                all
            }
        }
    }

    fn all(access: Access) -> Self {
        let of = |scope: &&str| match (*scope, access) {
            // It can only be written, and models only be read.
            ("id-token", Access::Read) => None,
            ("models", _) => Some(("models".to_owned(), Access::Read)),
            (scope, access) => Some((scope.to_owned(), access)),
        };
        Self(SCOPES.iter().filter_map(of).collect())
    }

    /// What `permissions` says.
    pub fn written(permissions: &Permissions) -> Self {
        match permissions {
            Permissions::ReadAll => Self::all(Access::Read),
            Permissions::WriteAll => Self::all(Access::Write),
            Permissions::Scopes(scopes) => {
                let access = |level: &Level| match level {
                    Level::None => None,
                    Level::Read => Some(Access::Read),
                    Level::Write => Some(Access::Write),
                };
                let some = scopes.iter().filter_map(|(s, level)| Some((s.clone(), access(level)?)));
                Self(some.collect())
            }
        }
    }

    /// No more than `other` allows as well.
    #[must_use]
    pub fn within(&self, other: &Self) -> Self {
        let less = |(scope, access): (&String, &Access)| {
            Some((scope.clone(), (*access).min(*other.0.get(scope)?)))
        };
        Self(self.0.iter().filter_map(less).collect())
    }

    /// Without anything that changes something: for a fork's pull request.
    #[must_use]
    pub fn reading(&self) -> Self {
        let scopes = self.0.keys().filter(|scope| *scope != "id-token");
        Self(scopes.map(|scope| (scope.clone(), Access::Read)).collect())
    }

    /// The first scope of which this asks for more than `other` allows.
    pub fn beyond(&self, other: &Self) -> Option<(&str, Access)> {
        let more = |(scope, access): &(&String, &Access)| other.0.get(*scope) < Some(*access);
        self.0.iter().find(more).map(|(scope, access)| (scope.as_str(), *access))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(pairs: &[(&str, Access)]) -> Granted {
        Granted(pairs.iter().map(|(scope, access)| ((*scope).to_owned(), *access)).collect())
    }

    #[test]
    fn a_call_only_gets_less() {
        use Access::{Read, Write};
        let caller = granted(&[("contents", Read), ("packages", Write)]);
        let called = granted(&[("contents", Write), ("packages", Read), ("issues", Write)]);
        assert_eq!(called.within(&caller), granted(&[("contents", Read), ("packages", Read)]));
        assert_eq!(called.beyond(&caller), Some(("contents", Write)));
        assert_eq!(caller.beyond(&caller), None);
        assert_eq!(granted(&[("packages", Read)]).beyond(&caller), None);
    }

    #[test]
    fn a_fork_only_reads() {
        let all = Granted::written(&Permissions::WriteAll).reading();
        assert!(all.0.values().all(|access| *access == Access::Read));
        assert!(!all.0.contains_key("id-token"), "{all:?}");
    }

    #[test]
    fn what_is_not_said_is_the_setting() {
        let read = Granted::by_default(TokenPermissions::Read);
        assert_eq!(read, granted(&[("contents", Access::Read), ("packages", Access::Read)]));
        let write = Granted::by_default(TokenPermissions::Write);
        assert_eq!(write.0.get("contents"), Some(&Access::Write));
        assert_eq!(write.0.get("id-token"), None);
    }
}

//! A type for each noun's name, so that one is never passed for another.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// A text that is not fit to be a name of this kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {kind}: {rule}")]
pub struct BadName {
    /// What was given.
    pub text: String,
    /// What it should have been, for example `service name`.
    pub kind: &'static str,
    /// The rule it breaks.
    pub rule: &'static str,
}

/// Letters, digits, `-`, `_` and `.`, beginning with a letter or digit, at
/// most 63 bytes: fit for a file name, a host name and a label.
fn check_name(text: &str, kind: &'static str) -> Result<(), BadName> {
    let refuse = |rule| Err(BadName { text: text.to_owned(), kind, rule });
    if text.is_empty() || text.len() > 63 {
        return refuse("a name has 1 to 63 characters");
    }
    if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return refuse("a name begins with a letter or a digit");
    }
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        return refuse("a name has letters, digits, `-`, `_` and `.` only");
    }
    Ok(())
}

/// Letters, digits, `-` and `_`, beginning with a letter or `_`, at most 100
/// bytes: GitHub's rule for the keys of jobs. The keys of jobs in called
/// workflows stand behind those of the calling jobs, with a `.` between, and
/// the number of the combination if the call has a matrix: `deploy.2.test`.
fn check_job_key(text: &str, kind: &'static str) -> Result<(), BadName> {
    let is_key = |part: &str| {
        let begins = part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let known = part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        begins && known && part.len() <= 100
    };
    let is_number =
        |part: &str| matches!(part.len(), 1..=3) && part.bytes().all(|b| b.is_ascii_digit());
    let (callers, own) = text.rsplit_once('.').map_or((None, text), |(c, own)| (Some(c), own));
    let mut callers = callers.into_iter().flat_map(|callers| callers.split('.'));
    let begins = !text.starts_with(|c: char| c.is_ascii_digit());
    if is_key(own) && begins && callers.all(|part| is_key(part) || is_number(part)) {
        return Ok(());
    }
    let rule = "a job key begins with a letter or `_`, and has up to 100 letters, digits, `-` \
                and `_`";
    Err(BadName { text: text.to_owned(), kind, rule })
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $kind:literal) => {
        name!($(#[$doc])* $type, $kind, check_name);
    };
    ($(#[$doc:meta])* $type:ident, $kind:literal, $check:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema,
        )]
        #[serde(try_from = "String")]
        #[schemars(with = "String")]
        // Names stand in every record and state, and are copied with them.
        pub struct $type(Arc<str>);

        impl $type {
            /// Checks and takes `text` as a name.
            ///
            /// # Errors
            /// When a character or the length is not allowed in a name.
            pub fn new(text: impl Into<String>) -> Result<Self, BadName> {
                let text = text.into();
                $check(&text, $kind)?;
                Ok(Self(text.into()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> {
                Self::new(text)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.as_str().to_owned()
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

name!(
    /// The unit of ownership, named in `shipway.yaml`.
    ProjectId, "project id");
name!(
    /// A service of a project.
    ServiceName, "service name");
name!(
    /// A place a release can be.
    EnvName, "environment name");
name!(
    /// One execution of one workflow.
    RunId, "run id");
name!(
    /// A job's key in a run: its key in the workflow, behind the keys of the
    /// jobs that called that workflow.
    JobKey, "job key", check_job_key);
name!(
    /// A concurrency group; also names its stream.
    GroupId, "concurrency group");
name!(
    /// What follows from one event; also names its stream.
    PlanId, "plan id");
name!(
    /// One release going to one environment: `<environment>.<generation>`.
    DeploymentId, "deployment id");

impl JobKey {
    /// The key in the job's own workflow file.
    pub fn own(&self) -> &str {
        self.0.rsplit_once('.').map_or(self.as_str(), |(_, own)| own)
    }

    /// The job that called this one's workflow, and which of its combinations
    /// did; `None` in the run's own workflow.
    pub fn caller(&self) -> Option<(Self, usize)> {
        let (caller, _) = self.0.rsplit_once('.')?;
        let numbered = caller.rsplit_once('.').and_then(|(key, n)| Some((key, n.parse().ok()?)));
        let (key, index) = numbered.unwrap_or((caller, 0));
        Some((Self(key.into()), index))
    }

    /// Whether it is in a workflow that `job` calls, directly or not.
    pub fn is_called_by(&self, job: &Self) -> bool {
        let rest = self.0.strip_prefix(job.as_str());
        rest.is_some_and(|rest| rest.starts_with('.'))
    }

    /// The same for a job of the workflow that this job calls, for combination
    /// `index` if the call has a matrix.
    ///
    /// # Errors
    /// When `own` is no job's key.
    pub fn called(&self, index: Option<usize>, own: &str) -> Result<Self, BadName> {
        match index {
            Some(index) => Self::new(format!("{self}.{index}.{own}")),
            None => Self::new(format!("{self}.{own}")),
        }
    }
}

/// A commit's object id in git: 40 (SHA-1) or 64 (SHA-256) hex digits.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct CommitId(String);

impl CommitId {
    /// Checks and takes `text` as a full object id.
    ///
    /// # Errors
    /// When it is not 40 or 64 hex digits.
    pub fn new(text: impl Into<String>) -> Result<Self, BadName> {
        let text = text.into();
        if !matches!(text.len(), 40 | 64) || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            let rule = "a commit id has 40 or 64 hex digits";
            return Err(BadName { text, kind: "commit id", rule });
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The full id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first eight digits, for people.
    pub fn short(&self) -> &str {
        &self.0[..8]
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for CommitId {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        Self::new(text)
    }
}

impl From<CommitId> for String {
    fn from(id: CommitId) -> String {
        id.0
    }
}

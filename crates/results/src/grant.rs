//! What a job may do here, while it runs.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::json;
use shipway_core::ids::RunId;
use shipway_core::run::CacheMode;

use crate::identity::Identity;
use crate::storage::Uploads;

/// A job that is let in.
#[derive(Debug, Clone)]
pub struct Job {
    /// The run, by which its artifacts are kept.
    pub run: RunId,
    /// The run as GitHub's clients know it: `github.run_id`.
    pub run_id: u64,
    /// The job as they know it.
    pub job_id: u64,
    /// 1 for the first attempt of the run.
    pub attempt: u32,
    /// Whether it may read and write caches.
    pub cache_mode: CacheMode,
    /// Where it looks for caches, in this order. The first is its own, the only
    /// one it writes to.
    pub scopes: Vec<Scope>,
    /// Who it is to others, if it may ask for OIDC tokens (`permissions:
    /// id-token: write`).
    pub identity: Option<Identity>,
}

/// Whose caches: a full ref, for example `refs/heads/main`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scope(pub String);

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A job by the numbers in its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct JobId {
    pub(crate) run: u64,
    pub(crate) job: u64,
}

/// A job that is in, with what it has under way.
pub(crate) struct Grant {
    pub(crate) job: Job,
    nonce: String,
    /// Dropped with the job: nothing of what it did not finish is left.
    pub(crate) uploads: Uploads,
}

impl Grant {
    pub(crate) fn id(&self) -> JobId {
        JobId { run: self.job.run_id, job: self.job.job_id }
    }

    /// What tells this admission from an earlier one of the same job.
    pub(crate) fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The claim `ac`: scopes with 1 for reading and 2 for writing.
    pub(crate) fn cache_claim(&self) -> String {
        let mode = self.job.cache_mode;
        let scopes = self.job.scopes.iter().enumerate().filter_map(|(index, scope)| {
            let write = if index == 0 && mode.writes() { 2 } else { 0 };
            let permission = write + u8::from(mode.reads());
            (permission > 0).then(|| json!({"Scope": scope, "Permission": permission}))
        });
        serde_json::Value::from_iter(scopes).to_string()
    }
}

/// The jobs that are in.
#[derive(Default)]
pub(crate) struct Grants(Mutex<HashMap<JobId, Arc<Grant>>>);

impl Grants {
    fn all(&self) -> MutexGuard<'_, HashMap<JobId, Arc<Grant>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a job in; an earlier admission of the same job is over.
    pub(crate) fn add(&self, job: Job, nonce: String, uploads: Uploads) -> Arc<Grant> {
        let grant = Arc::new(Grant { job, nonce, uploads });
        self.all().insert(grant.id(), Arc::clone(&grant));
        grant
    }

    /// The job, if it is (still) in by this admission.
    pub(crate) fn find(&self, id: JobId, nonce: &str) -> Option<Arc<Grant>> {
        self.all().get(&id).filter(|grant| grant.nonce == nonce).cloned()
    }

    fn remove(&self, id: JobId, nonce: &str) {
        let mut all = self.all();
        if all.get(&id).is_some_and(|grant| grant.nonce == nonce) {
            all.remove(&id);
        }
    }
}

/// A job is in as long as this is there.
pub struct Admission {
    /// The service's address as the job sees it, for example
    /// `http://127.0.0.1:41234`: `ACTIONS_RESULTS_URL` without the `/`.
    pub origin: String,
    /// `ACTIONS_RUNTIME_TOKEN`
    pub token: String,
    /// `ACTIONS_ID_TOKEN_REQUEST_URL` and `…_TOKEN`, if the job may ask for
    /// OIDC tokens.
    pub id_token: Option<(String, String)>,
    pub(crate) id: JobId,
    pub(crate) nonce: String,
    pub(crate) grants: Arc<Grants>,
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admission").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.grants.remove(self.id, &self.nonce);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn job() -> Job {
        Job {
            run: RunId::new("r7").unwrap(),
            run_id: 7,
            job_id: 11,
            attempt: 1,
            cache_mode: CacheMode::Write,
            scopes: vec![Scope("refs/heads/topic".to_owned()), Scope("refs/heads/main".to_owned())],
            identity: None,
        }
    }

    pub(crate) fn grant() -> Grant {
        Grant { job: job(), nonce: "n".to_owned(), uploads: Uploads::nowhere() }
    }

    #[test]
    fn an_admission_of_the_same_job_ends_the_one_before() {
        let grants = Arc::new(Grants::default());
        let first = grants.add(job(), "1".to_owned(), Uploads::nowhere());
        let second = grants.add(job(), "2".to_owned(), Uploads::nowhere());
        assert!(grants.find(first.id(), "1").is_none());
        let admission = |nonce: &str| Admission {
            origin: String::new(),
            token: String::new(),
            id_token: None,
            id: first.id(),
            nonce: nonce.to_owned(),
            grants: Arc::clone(&grants),
        };
        drop(admission("1"));
        assert!(grants.find(second.id(), "2").is_some(), "the late end of the first is nothing");
        drop(admission("2"));
        assert!(grants.find(second.id(), "2").is_none());
    }

    #[test]
    fn the_cache_claim_says_where_a_job_writes() {
        let mut grant = grant();
        let claim = grant.cache_claim();
        let own = r#"{"Scope":"refs/heads/topic","Permission":3}"#;
        let base = r#"{"Scope":"refs/heads/main","Permission":1}"#;
        assert_eq!(claim, format!("[{own},{base}]"));
        grant.job.cache_mode = CacheMode::WriteOnly;
        assert_eq!(grant.cache_claim(), r#"[{"Scope":"refs/heads/topic","Permission":2}]"#);
        grant.job.cache_mode = CacheMode::None;
        assert_eq!(grant.cache_claim(), "[]");
    }
}

//! What jobs need of the results service: it is started with the first job,
//! and lets each in for as long as it runs.

use std::sync::Arc;

use serde_json::Value;
use shipway_core::effect::{Failure, FailureCode, Outcome};
use shipway_core::run::{JobSpec, RunSpec};
use shipway_results::{Admission, Config, Identity, Job, Limits, Scope, Service};
use shipway_runner::protocol::{IdTokens, JobMessage, Secret, Services};
use tokio::sync::OnceCell;

use crate::folders::Folders;

use super::Performer;

/// The results service of this engine, once a job needs it.
#[derive(Clone, Default)]
pub struct Results(Arc<OnceCell<Service>>);

impl Results {
    async fn service(&self, folders: &Folders) -> Result<&Service, Outcome> {
        let start = || {
            let folder = folders.results();
            Service::start(Config { folder, limits: Limits::default(), issuer: None })
        };
        self.0.get_or_try_init(start).await.map_err(|error| failed(&error))
    }
}

impl Performer {
    /// Lets a job in: it is in until the admission is dropped.
    pub(super) async fn admit(
        &self,
        message: &mut JobMessage,
        spec: &JobSpec,
        run: &RunSpec,
    ) -> Result<Admission, Outcome> {
        let service = self.results.service(&self.folders).await?;
        let job = job(message, spec, run);
        let cache_mode = job.cache_mode;
        let admission = service.admit(job).map_err(|error| failed(&error))?;
        let id_token = admission.id_token.clone();
        message.services = Some(Services {
            url: format!("{}/", admission.origin),
            token: Secret::new(admission.token.clone()),
            cache_mode,
            id_token: id_token.map(|(url, token)| IdTokens { url, token: Secret::new(token) }),
        });
        Ok(admission)
    }
}

fn failed(error: &dyn std::error::Error) -> Outcome {
    Outcome::Failed { failure: Failure::new(FailureCode::Run, error.to_string()) }
}

fn job(message: &JobMessage, spec: &JobSpec, run: &RunSpec) -> Job {
    let writes_id = message.permissions.get("id-token").is_some_and(|access| access == "write");
    let identity = (writes_id && !message.from_fork).then(|| identity(message));
    Job {
        // Every attempt of a run sees what the ones before uploaded.
        run: run.first().clone(),
        run_id: message.run_id,
        job_id: message.job_id,
        attempt: message.attempt,
        cache_mode: spec.cache_mode,
        scopes: scopes(message, run),
        identity,
    }
}

/// Where caches are looked for: the run's own ref, the base of its pull
/// request, the default branch.
fn scopes(message: &JobMessage, run: &RunSpec) -> Vec<Scope> {
    let github = |name: &str| message.contexts.github.get(name).and_then(Value::as_str);
    let default = run.trigger.payload.pointer("/repository/default_branch");
    let branches = [github("base_ref"), default.and_then(Value::as_str)].into_iter().flatten();
    let branches = branches.filter(|branch| !branch.is_empty());
    let mut scopes = vec![Scope(run.trigger.git_ref.clone())];
    for scope in branches.map(|branch| Scope(format!("refs/heads/{branch}"))) {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    scopes
}

/// Who the job is in OIDC tokens.
fn identity(message: &JobMessage) -> Identity {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    let github = message.contexts.github.iter();
    let github = github.filter_map(|(name, value)| Some((name.clone(), text(value)?)));
    let repository = |name: &str| message.event.pointer(&format!("/repository/{name}"));
    let visibility = repository("visibility").and_then(Value::as_str);
    let private = repository("private").and_then(Value::as_bool).unwrap_or(true);
    let visibility = visibility.unwrap_or(if private { "private" } else { "public" });
    Identity {
        github: github.collect(),
        environment: message.environment.clone(),
        job_workflow_ref: message.workflow.reference.clone(),
        job_workflow_sha: message.workflow.commit.to_string(),
        repository_visibility: visibility.to_owned(),
        runner_environment: "self-hosted".to_owned(),
    }
}

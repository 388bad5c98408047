//! What a job is trusted with: its secrets and its token.

use std::collections::BTreeMap;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::{Map, Value};
use shipway_core::config::{Environment, SecretSource, TokenSource};
use shipway_core::effect::{EffectId, Failure, FailureCode, Outcome};
use shipway_core::run::{JobSpec, RunSpec, called_secrets, is_from_fork};
use shipway_process::{Command, Lifetime, Stdio};
use shipway_runner::protocol::Secret;
use tokio::io::AsyncReadExt as _;

use crate::material::secret;

use super::Performer;
use super::shell::storage;

/// How long the command may take that makes a token.
const TOKEN_TIME: Duration = Duration::from_secs(60);
/// Tokens are short; more than this is something else.
const LONGEST_TOKEN: u64 = 16 * 1024;

/// What a job is trusted with.
pub(super) struct Credentials {
    pub(super) secrets: BTreeMap<String, Secret>,
    pub(super) token: Option<Secret>,
}

impl Performer {
    /// A job of a fork's pull request is trusted with nothing but a token that
    /// only reads, if one can be made.
    pub(super) async fn credentials(
        &self,
        id: &EffectId,
        spec: &JobSpec,
        run: &RunSpec,
        environment: Option<&Environment>,
        github: &Map<String, Value>,
    ) -> Result<Credentials, Outcome> {
        let token = self.token(id, spec, run, github).await?;
        if is_from_fork(&run.trigger) {
            let named = token.clone().map(|token| ("GITHUB_TOKEN".to_owned(), token));
            return Ok(Credentials { secrets: named.into_iter().collect(), token });
        }
        let mut all = self.values(&run.secrets)?;
        all.extend(
            self.secrets.iter().map(|(name, value)| (name.clone(), value.reveal().to_owned())),
        );
        let mut secrets = called_secrets(run, spec, all).map_err(|why| refused(&why))?;
        if let Some(environment) = environment {
            secrets.extend(self.values(&environment.secrets)?);
        }
        let mut secrets: BTreeMap<String, Secret> =
            secrets.into_iter().map(|(name, value)| (name, Secret::new(value))).collect();
        if let Some(token) = &token {
            secrets.insert("GITHUB_TOKEN".to_owned(), token.clone());
        }
        Ok(Credentials { secrets, token })
    }

    /// Their values now; one that is given on the command line is not looked
    /// for.
    fn values(
        &self,
        sources: &IndexMap<String, SecretSource>,
    ) -> Result<IndexMap<String, String>, Outcome> {
        let asked = sources.iter().filter(|(name, _)| !self.secrets.contains_key(*name));
        let value = |(name, source): (&String, &SecretSource)| {
            let value = secret(name, source).map_err(|error| storage(&error))?;
            Ok((name.clone(), value.reveal().to_owned()))
        };
        asked.map(value).collect()
    }

    /// `GITHUB_TOKEN`. A job whose permissions are empty gets none. A token from
    /// a variable or a file can do what it can do, so it is not handed to a
    /// fork's code; a command is told what the token is to be good for.
    async fn token(
        &self,
        id: &EffectId,
        spec: &JobSpec,
        run: &RunSpec,
        github: &Map<String, Value>,
    ) -> Result<Option<Secret>, Outcome> {
        if spec.permissions.is_empty() {
            return Ok(None);
        }
        let from_fork = is_from_fork(&run.trigger);
        if let Some(given) = self.secrets.get("GITHUB_TOKEN").filter(|_| !from_fork) {
            return Ok(Some(Secret::new(given.reveal())));
        }
        let source = match &run.rules.token {
            Some(TokenSource::Command(command)) => {
                let token = printed(self.process_name(id), command, spec, github).await?;
                return Ok(Some(Secret::new(token)));
            }
            Some(TokenSource::Env(_) | TokenSource::File(_)) if from_fork => return Ok(None),
            Some(TokenSource::Env(name)) => SecretSource::Env(name.clone()),
            Some(TokenSource::File(path)) => SecretSource::File(path.clone()),
            None => return Ok(None),
        };
        let token = secret("GITHUB_TOKEN", &source).map_err(|error| storage(&error))?;
        Ok(Some(Secret::new(token.reveal())))
    }
}

/// What the command prints that makes a token of certain permissions. Nothing
/// of it is left running.
async fn printed(
    name: String,
    command: &str,
    spec: &JobSpec,
    github: &Map<String, Value>,
) -> Result<String, Outcome> {
    let failed = |why: &dyn std::fmt::Display| {
        refused(&format!("the command of `workflows.token` failed: {why}"))
    };
    let permissions = serde_json::to_string(&spec.permissions).map_err(|error| failed(&error))?;
    let repository = github.get("repository").and_then(Value::as_str).unwrap_or_default();
    let mut child = Command::new(name, "/bin/sh")
        .args(["-c", command])
        .envs([("SHIPWAY_PERMISSIONS", permissions.as_str()), ("GITHUB_REPOSITORY", repository)])
        .stdout(Stdio::piped())
        .lifetime(Lifetime::WithParent)
        .spawn()
        .map_err(|error| failed(&error))?;
    let out = child.take_stdout().map_err(|error| failed(&error))?;
    let asking = async {
        let mut said = String::new();
        if let Some(out) = out {
            out.take(LONGEST_TOKEN).read_to_string(&mut said).await?;
        }
        Ok::<_, std::io::Error>((child.wait().await?, said))
    };
    let ended = tokio::time::timeout(TOKEN_TIME, asking).await;
    child.kill_all().await.map_err(|error| failed(&error))?;
    let ended = ended.map_err(|_| failed(&format!("it took longer than {TOKEN_TIME:?}")))?;
    let (exit, said) = ended.map_err(|error| failed(&error))?;
    match said.trim() {
        _ if !exit.success() => Err(failed(&exit)),
        "" => Err(failed(&"it printed nothing")),
        token => Ok(token.to_owned()),
    }
}

fn refused(why: &str) -> Outcome {
    Outcome::Failed { failure: Failure::new(FailureCode::Run, why) }
}

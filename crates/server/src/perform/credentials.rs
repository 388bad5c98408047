//! What a job is trusted with: its secrets and its token.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::Value;
use shipway_core::config::{Environment, SecretSource, TokenSource};
use shipway_core::effect::{EffectId, Failure, FailureCode, Outcome};
use shipway_core::run::{JobSpec, RunSpec, called_secrets, is_from_fork};
use shipway_runner::protocol::Secret;

use crate::material::secret;
use crate::token::{TokenError, Wanted};

use super::Performer;
use super::shell::storage;

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
        github: &IndexMap<String, Value>,
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
        github: &IndexMap<String, Value>,
    ) -> Result<Option<Secret>, Outcome> {
        if spec.permissions.is_empty() {
            return Ok(None);
        }
        let from_fork = is_from_fork(&run.trigger);
        if let Some(given) = self.secrets.get("GITHUB_TOKEN").filter(|_| !from_fork) {
            return Ok(Some(Secret::new(given.reveal())));
        }
        let source = match &run.rules.token {
            Some(TokenSource::Env(_) | TokenSource::File(_)) if from_fork => return Ok(None),
            Some(source) => source,
            None => return Ok(None),
        };
        let wanted = Wanted {
            process: self.process_name(id),
            permissions: &spec.permissions,
            repository: github.get("repository").and_then(Value::as_str).unwrap_or_default(),
            folder: None,
        };
        let token = wanted.from(source).await.map_err(|error| match error {
            TokenError::Material(error) => storage(&error),
            error @ TokenError::Command(_) => refused(&error.to_string()),
        })?;
        Ok(Some(Secret::new(token.reveal())))
    }
}

fn refused(why: &str) -> Outcome {
    Outcome::Failed { failure: Failure::new(FailureCode::Run, why) }
}

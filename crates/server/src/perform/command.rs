//! Commands of a deployment: migrations and smoke tests.

use std::collections::BTreeMap;

use shipway_core::effect::{
    CommandSpec, Done, EffectId, EffectKind, Failure, FailureCode, Outcome,
};
use shipway_targets::{App, MaterialError, Secret, VersionHealth};
use tokio_util::sync::CancellationToken;

use super::Performer;
use super::shell::{Shell, storage};

impl Performer {
    pub(super) async fn migrate(
        &self,
        id: &EffectId,
        spec: &CommandSpec,
        cancel: CancellationToken,
    ) -> Outcome {
        let what = format!("the migration of {}", spec.service);
        self.command(id, spec, what, EffectKind::Migrate, BTreeMap::new(), cancel).await
    }

    /// Asks the new version itself: `$URL` is one of its own processes, which
    /// no user reaches yet.
    pub(super) async fn smoke(
        &self,
        id: &EffectId,
        spec: &CommandSpec,
        cancel: CancellationToken,
    ) -> Outcome {
        let app = self.app(&spec.environment, &spec.service);
        let looked = self.persistently(&cancel, || self.target.observe(&app, true)).await;
        let observed = match looked {
            Ok(observed) => observed,
            Err(outcome) => return outcome,
        };
        let version = observed.versions.get(&spec.deployment);
        let Some(version) = version.filter(|version| version.health == VersionHealth::Healthy)
        else {
            let message = format!("the new version of {} is not healthy any more", spec.service);
            let output = self.last_lines(&app, &spec.deployment).await;
            let code = FailureCode::Smoke;
            return Outcome::Failed { failure: Failure { code, message, output } };
        };
        // A worker has no address.
        let url = version.endpoints.first().map(|at| ("URL".to_owned(), format!("http://{at}")));
        let url = url.into_iter().collect();
        let what = format!("the smoke test of {}", spec.service);
        self.command(id, spec, what, EffectKind::Smoke, url, cancel).await
    }

    async fn command(
        &self,
        id: &EffectId,
        spec: &CommandSpec,
        what: String,
        kind: EffectKind,
        extra: BTreeMap<String, String>,
        cancel: CancellationToken,
    ) -> Outcome {
        let code = match kind {
            EffectKind::Migrate => FailureCode::Migration,
            _ => FailureCode::Smoke,
        };
        let app = self.app(&spec.environment, &spec.service);
        let prepared = tokio::task::block_in_place(|| self.prepare(id, spec, &app));
        let (dir, mut env, secrets) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => return storage(&error),
        };
        env.extend(extra);
        let (run, timeout) = (spec.run.as_str(), spec.timeout);
        let shell = Shell { what, code, kind, run, dir: &dir, env, secrets, timeout };
        match self.shell(id, shell, cancel).await {
            Ok(log) => Outcome::Done { result: Done::Command { log: Some(log) } },
            Err(outcome) => outcome,
        }
    }

    #[expect(clippy::type_complexity, reason = "used once, above")]
    fn prepare(
        &self,
        id: &EffectId,
        spec: &CommandSpec,
        app: &App,
    ) -> Result<
        (std::path::PathBuf, BTreeMap<String, String>, BTreeMap<String, Secret>),
        MaterialError,
    > {
        let dir = self.material.tree(&spec.artifact)?;
        let mut env = self.material.surroundings(app)?;
        let about = [
            ("SHIPWAY_PROJECT", app.project.to_string()),
            ("SHIPWAY_ENVIRONMENT", app.env.to_string()),
            ("SHIPWAY_SERVICE", app.service.to_string()),
            ("SHIPWAY_DEPLOYMENT", spec.deployment.to_string()),
            ("SHIPWAY_EFFECT", id.to_string()),
        ];
        env.extend(about.map(|(name, value)| (name.to_owned(), value)));
        env.extend(spec.env.iter().map(|(name, value)| (name.clone(), value.clone())));
        let secret = |(name, source)| {
            let name: &String = name;
            Ok((name.clone(), self.material.secret(name, source)?))
        };
        let secrets = spec.secrets.iter().map(secret).collect::<Result<_, MaterialError>>()?;
        Ok((dir, env, secrets))
    }
}

//! Does what machines want done in the world, and says how it ended.

mod apply;
mod build;
mod command;
mod credentials;
mod job;
mod judge;
mod message;
mod output;
mod results;
mod shell;
mod watch;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use shipway_core::effect::{BuildSpec, Effect, EffectId, Outcome};
use shipway_core::ids::{EnvName, ProjectId, ServiceName};
use shipway_core::run::{JobSpec, RunSpec};
use shipway_process::KillError;
use shipway_runner::client::Workers;
use shipway_runner::docker::{self, DockerError};
use shipway_runner::protocol::Event;
use shipway_store::Store;
use shipway_targets::{App, Material, Target};
use tokio::task::block_in_place;
use tokio_util::sync::CancellationToken;

use crate::bundle;
use crate::folders::Folders;

pub use results::Results;

/// Performs effects for one project.
pub struct Performer {
    /// The project.
    pub project: ProjectId,
    /// Where its state is.
    pub folders: Folders,
    /// Its store.
    pub store: Arc<Store>,
    /// What holds its versions.
    pub target: Arc<dyn Target>,
    /// What versions need to run.
    pub material: Arc<dyn Material>,
    /// What jobs are run by.
    pub workers: Workers,
    /// Secrets given on the command line, by name: they go before those of
    /// the configuration.
    pub secrets: HashMap<String, shipway_targets::Secret>,
    /// Told what jobs report while they run.
    pub live_output: Option<LiveOutput>,
    /// Told when a step fails: the job stays as it is until this returns.
    pub on_failure: Option<OnFailure>,
    /// Where the actions of workflows come from.
    pub actions: shipway_runner::actions::Settings,
    /// Where jobs have artifacts, caches and OIDC tokens.
    pub results: Results,
}

/// What an earlier engine left behind is still there.
#[derive(Debug, thiserror::Error)]
pub enum LeftoverError {
    /// A process could not be killed.
    #[error(transparent)]
    Process(#[from] KillError),
    /// A container could not be removed.
    #[error(transparent)]
    Container(#[from] DockerError),
}

/// Told what a job reports, as it reports it. It must not block for long: the
/// job waits for it.
pub type LiveOutput = Arc<dyn Fn(&JobSpec, &Event) + Send + Sync>;

/// Told where a step has failed: the job, the step's name, and a script that
/// opens a shell there ([`Event::Held`]).
pub type OnFailure = Arc<dyn Fn(&JobSpec, &str, &Path) + Send + Sync>;

impl Performer {
    /// Performs `effect`. After `cancel` it ends soon, and nothing of it is
    /// left running.
    pub async fn perform(
        &self,
        id: &EffectId,
        effect: Effect,
        run: Option<RunSpec>,
        cancel: CancellationToken,
    ) -> Outcome {
        match effect {
            // The engine delivers messages itself.
            Effect::Tell { .. } => Outcome::DONE,
            Effect::RunJob(spec) => self.run_job(id, &spec, run.as_ref(), cancel).await,
            Effect::Build(spec) => self.build(id, &spec, cancel).await,
            Effect::Judge(spec) => self.judge(&spec),
            Effect::Migrate(spec) => self.migrate(id, &spec, cancel).await,
            Effect::Smoke(spec) => self.smoke(id, &spec, cancel).await,
            Effect::Start(ref change)
            | Effect::Shift(ref change)
            | Effect::Finish(ref change)
            | Effect::Remove(ref change) => self.apply(id, effect.kind(), change, cancel).await,
            Effect::Return(change) => self.put_back(id, &change, cancel).await,
            Effect::Watch(spec) => self.watch(&spec, cancel).await,
        }
    }

    /// Kills whatever an engine that died left running of an effect, and removes
    /// its containers and its folder.
    ///
    /// # Errors
    /// When something may be left running.
    pub async fn leave_nothing_of(
        &self,
        id: &EffectId,
        effect: &Effect,
    ) -> Result<(), LeftoverError> {
        // A worker is no single effect's; none of this engine works yet.
        self.workers.clean_up().await?;
        let name = self.process_name(id);
        shipway_process::kill_leftovers(&name).await?;
        docker::clean_up(&name, &|variable| std::env::var_os(variable)).await?;
        match effect {
            Effect::RunJob(spec) => remove_work(&self.job_work(spec)),
            Effect::Build(spec) => remove_work(&self.build_work(spec)),
            _ => {}
        }
        Ok(())
    }

    /// The folder in which a job works.
    fn job_work(&self, spec: &JobSpec) -> PathBuf {
        self.folders.work(&format!("{}-{}-{}", spec.run, spec.job, spec.index))
    }

    /// The folder in which a service is built.
    fn build_work(&self, spec: &BuildSpec) -> PathBuf {
        self.folders.work(&format!("build-{}-{}", spec.plan, spec.service))
    }

    /// What the processes of an effect are found by.
    fn process_name(&self, effect: &EffectId) -> String {
        format!("{}/{effect}", self.project)
    }

    fn app(&self, env: &EnvName, service: &ServiceName) -> App {
        App { project: self.project.clone(), env: env.clone(), service: service.clone() }
    }
}

/// Removes a folder in which nothing works any more. What cannot be removed is
/// in nobody's way: the next to work there tries again.
fn remove_work(work: &Path) {
    if let Err(error) = block_in_place(|| bundle::remove(work)) {
        tracing::warn!(%error, dir = %work.display(), "a workspace cannot be removed");
    }
}

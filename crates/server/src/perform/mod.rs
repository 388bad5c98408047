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
mod workspaces;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use shipway_core::effect::{BuildSpec, Effect, EffectId, Outcome};
use shipway_core::ids::{EnvName, ProjectId, RunId, ServiceName};
use shipway_core::run::{JobSpec, RunSpec};
use shipway_process::KillError;
use shipway_runner::client::Workers;
use shipway_runner::docker::{self, DockerError};
use shipway_runner::protocol::Event;
use shipway_store::Store;
use shipway_targets::{App, Material, Target};
use tokio_util::sync::CancellationToken;

use crate::folders::Folders;

pub use message::ToldToAll;
pub use results::Results;
pub use workspaces::Workspaces;

use workspaces::remove_work;

/// What the folder of a build begins with.
const BUILD: &str = "build-";

/// What folders begin with in which something else than a run's jobs works.
const OTHERS: [&str; 2] = [BUILD, crate::gates::WORK];

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
    /// Where they work.
    pub workspaces: Workspaces,
    /// What they are all told.
    pub told: ToldToAll,
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
        run: Option<Arc<RunSpec>>,
        cancel: CancellationToken,
    ) -> Outcome {
        match effect {
            // The engine delivers messages itself.
            Effect::Tell { .. } => Outcome::DONE,
            Effect::RunJob(spec) => self.run_job(id, &spec, run.as_deref(), cancel).await,
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
            Effect::RunJob(spec) => remove_work(&self.run_work(&spec.run)),
            Effect::Build(spec) => remove_work(&self.build_work(spec)),
            _ => {}
        }
        Ok(())
    }

    /// Begins to end the workers that wait; to be awaited until they and the folders
    /// of runs that are over are gone.
    pub fn part(&self) -> impl Future<Output = ()> + use<> {
        let workers = self.workers.dismiss();
        let folders = self.workspaces.leaving();
        async move {
            for gone in folders.into_iter().chain(workers) {
                if let Err(error) = gone.await {
                    tracing::error!(%error, "a worker or a workspace may be left");
                }
            }
        }
    }

    /// No job of the run works any more.
    pub fn leave_run(&self, run: &RunId) {
        self.workspaces.leave(run, self.run_work(run));
    }

    /// Removes the folders of runs that ended while no engine was there to do it.
    /// `is_open` says which have not.
    pub fn leave_ended_runs(&self, is_open: impl Fn(&RunId) -> bool) {
        let work = self.folders.all_work();
        let folders =
            match std::fs::read_dir(&work).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
                Ok(folders) => folders,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return,
                Err(error) => {
                    tracing::warn!(%error, dir = %work.display(), "workspaces are left");
                    return;
                }
            };
        for folder in folders {
            let name = folder.file_name();
            let of_run = name.to_str().filter(|name| !OTHERS.iter().any(|o| name.starts_with(o)));
            if of_run.and_then(|name| RunId::new(name).ok()).is_some_and(|run| !is_open(&run)) {
                remove_work(&folder.path());
            }
        }
    }

    /// The folder in which the jobs of a run work.
    fn run_work(&self, run: &RunId) -> PathBuf {
        self.folders.work(run.as_str())
    }

    /// The folder in which a service is built.
    fn build_work(&self, spec: &BuildSpec) -> PathBuf {
        self.folders.work(&format!("{BUILD}{}-{}", spec.plan, spec.service))
    }

    /// What the processes of an effect are found by.
    fn process_name(&self, effect: &EffectId) -> String {
        format!("{}/{effect}", self.project)
    }

    fn app(&self, env: &EnvName, service: &ServiceName) -> App {
        App { project: self.project.clone(), env: env.clone(), service: service.clone() }
    }
}

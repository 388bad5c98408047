//! A project on this machine: a repository, a store, a scripted target.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Program;
use std::sync::Arc;
use std::time::Duration;

use shipway_core::command::Command;
use shipway_core::deployment::Question;
use shipway_core::environment;
use shipway_core::ids::{DeploymentId, EnvName, PlanId, ProjectId, ServiceName};
use shipway_core::journal::{Actor, StreamId};
use shipway_core::plan::{self, End, Plan};
use shipway_runner::client::{WorkerCommand, Workers};
use shipway_server::engine::EngineError;
use shipway_server::folders::{Folders, UserEnv};
use shipway_server::follow::Views;
use shipway_server::git::Repository;
use shipway_server::inbox::{Request, submit};
use shipway_server::material::ProjectMaterial;
use shipway_server::planner::{PlanError, Ship, Shipping};
use shipway_server::{Engine, Performer};
use shipway_store::{InputId, Journal as _, Store};
use shipway_targets::fake::FakeTarget;
use shipway_targets::{App, Target};
use tempfile::TempDir;

/// Nothing here takes as long, unless it hangs.
const LONGEST: Duration = Duration::from_secs(20);

/// One service with every kind of step, in one environment. Commands write
/// their effect's name into `$SHIPWAY_DATA/ran`.
pub(crate) const SHOP: &str = "\
project: shop
services:
  api:
    run: ./api
    build: {run: cp source api, outputs: [api]}
    smoke: echo $SHIPWAY_EFFECT >> $SHIPWAY_DATA/ran
    migrations: {dir: ., apply: echo $SHIPWAY_EFFECT >> $SHIPWAY_DATA/ran, on_lost: retry}
workflows: {required: []}
environments:
  staging:
    branch: main
    rollout: {blue_green: {bake: 1ms}}
    guard: {no_evidence: accept}
";

pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) store: Arc<Store>,
    pub(crate) folders: Folders,
    pub(crate) target: Arc<FakeTarget>,
    performer: Arc<Performer>,
}

impl World {
    /// A project with this configuration, committed.
    pub(crate) fn new(config: &str) -> Self {
        Self::with_target(config, |fake| fake)
    }

    /// The same, with something between the engine and the scripted target.
    pub(crate) fn with_target(
        config: &str,
        around: impl FnOnce(Arc<FakeTarget>) -> Arc<dyn Target>,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let project = ProjectId::new("shop").unwrap();
        let env = UserEnv { home: Some(dir.path().join("home").into()), ..UserEnv::default() };
        let folders = Folders::for_user(&env, &project).unwrap();
        let store = Arc::new(Store::create(&folders.store()).unwrap());
        let target = Arc::new(FakeTarget::new());
        let performer = Arc::new(Performer {
            project,
            folders: folders.clone(),
            store: Arc::clone(&store),
            target: around(Arc::clone(&target)),
            material: Arc::new(ProjectMaterial::new(folders.clone(), Arc::clone(&store))),
            workers: Workers::new(WorkerCommand::new("/bin/false", &[]), "test"),
            secrets: HashMap::new(),
            live_output: None,
            workspaces: shipway_server::Workspaces::default(),
            told: shipway_server::ToldToAll::default(),
            on_failure: None,
            actions: shipway_runner::actions::Settings::new(dir.path().join("actions")),
            results: shipway_server::Results::default(),
        });
        let world = Self { dir, store, folders, target, performer };
        fs::create_dir(world.root()).unwrap();
        world.git(&["init", "--quiet", "--initial-branch=main"]);
        world.write("shipway.yaml", config);
        world.write("source", "1");
        world.commit("first");
        world
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path().join("repository")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.root(), arguments)
    }

    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
    }

    /// A commit that changes the service.
    pub(crate) fn change(&self, content: &str) {
        self.write("source", content);
        self.commit(content);
    }

    pub(crate) fn repository(&self) -> Repository {
        Repository::at(&self.root()).unwrap()
    }

    pub(crate) fn views(&self) -> Views {
        Views::load(&self.store).unwrap()
    }

    /// What follows from shipping `rev` as `branch`.
    pub(crate) fn shipping(&self, rev: &str, branch: &str) -> Result<Shipping, PlanError> {
        let repository = self.repository();
        let commit = repository.commit(rev).unwrap();
        let branch = branch.to_owned();
        let actions = self.performer.actions.clone();
        let wish = Ship { repository: &repository, commit, branch, to: None, actions, by: ann() };
        wish.plan(&self.views().live)
    }

    /// The plan that ships HEAD.
    pub(crate) fn plan(&self) -> Plan {
        plan_of(self.shipping("HEAD", "main"))
    }

    pub(crate) fn ask(&self, to: StreamId, command: Command) -> InputId {
        submit(&self.store, &ann(), &Request { to, command }).unwrap()
    }

    /// Asks for HEAD to be shipped.
    pub(crate) fn open(&self) -> PlanId {
        self.open_plan(self.plan())
    }

    pub(crate) fn open_plan(&self, plan: Plan) -> PlanId {
        let id = plan.id.clone();
        let open = plan::Command::Open { plan: Box::new(plan) };
        self.ask(StreamId::Plan(id.clone()), Command::Plan(open));
        id
    }

    pub(crate) fn tell_staging(&self, command: environment::Command) -> InputId {
        self.ask(StreamId::Env(staging()), Command::Env(command))
    }

    pub(crate) async fn engine(&self) -> Engine {
        self.try_engine().await.unwrap()
    }

    pub(crate) async fn try_engine(&self) -> Result<Engine, EngineError> {
        Engine::start(Arc::clone(&self.store), Arc::clone(&self.performer), "test").await
    }

    /// Ships HEAD to its end.
    pub(crate) async fn ship(&self) -> End {
        let id = self.open();
        self.see_through(&id).await
    }

    pub(crate) async fn see_through(&self, id: &PlanId) -> End {
        let mut engine = self.engine().await;
        until(&mut engine, |views| end(views, id).is_some() && !busy(views)).await;
        engine.stop().await.unwrap();
        end(&self.views(), id).unwrap()
    }

    /// What is left when an engine dies: the journal alone, with no word about
    /// what was under way.
    pub(crate) async fn die(&self, engine: Engine) {
        engine.stop().await.unwrap();
        self.store.journal().drop_snapshots().unwrap();
    }

    /// The deployment that serves in staging.
    pub(crate) fn serving(&self) -> Option<String> {
        serving(&self.views())
    }

    /// Who gets traffic, and how much.
    pub(crate) async fn traffic(&self) -> Vec<(String, u8)> {
        let seen = self.target.observe(&app(), false).await.unwrap();
        let serves = seen.weights.into_iter().filter(|(_, share)| *share > 0);
        serves.map(|(id, share)| (id.as_str().to_owned(), share)).collect()
    }

    /// The effects whose commands ran, in order.
    pub(crate) fn ran(&self) -> Vec<String> {
        let data = self.folders.service_data(&staging(), &api());
        let text = fs::read_to_string(data.join("ran")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

pub(crate) async fn until(engine: &mut Engine, enough: impl FnMut(&Views) -> bool) {
    let worked = tokio::time::timeout(LONGEST, engine.run(enough)).await;
    if worked.is_err() {
        panic!("it hangs: {:#?}", engine.views().live);
    }
    worked.unwrap().unwrap();
}

pub(crate) fn plan_of(shipping: Result<Shipping, PlanError>) -> Plan {
    match shipping.unwrap() {
        Shipping::Plan(plan) => *plan,
        other => panic!("no plan: {other:?}"),
    }
}

pub(crate) fn end(views: &Views, id: &PlanId) -> Option<End> {
    views.live.recent.iter().find(|plan| plan.id == *id).map(|plan| plan.end.clone())
}

pub(crate) fn busy(views: &Views) -> bool {
    views.live.streams().any(shipway_core::stream::Stream::is_busy)
}

pub(crate) fn environment(views: &Views) -> Option<&environment::Environment> {
    views.live.environments().find(|env| env.name == staging())
}

pub(crate) fn serving(views: &Views) -> Option<String> {
    Some(environment(views)?.current.as_ref()?.deployment.as_str().to_owned())
}

pub(crate) fn question(views: &Views) -> Option<&Question> {
    environment(views)?.active.as_ref()?.deployment.question.as_ref()
}

/// The one line that says why a plan failed.
pub(crate) fn why(end: &End) -> String {
    match end {
        End::Delivered => "delivered".to_owned(),
        End::Failed { failure } => format!("{:?}: {}", failure.code, failure.message),
    }
}

pub(crate) fn git(dir: &Path, arguments: &[&str]) -> String {
    let who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"];
    let made = Program::new("git").arg("-C").arg(dir).args(who).args(arguments).output().unwrap();
    assert!(made.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8_lossy(&made.stdout).trim_end().to_owned()
}

pub(crate) fn ann() -> Actor {
    Actor::Unverified { user: "ann".to_owned() }
}

pub(crate) fn staging() -> EnvName {
    EnvName::new("staging").unwrap()
}

pub(crate) fn api() -> ServiceName {
    ServiceName::new("api").unwrap()
}

pub(crate) fn app() -> App {
    App { project: ProjectId::new("shop").unwrap(), env: staging(), service: api() }
}

pub(crate) fn deployment(n: u32) -> DeploymentId {
    DeploymentId::new(format!("staging.{n}")).unwrap()
}

impl World {
    /// What watches noted.
    pub(crate) fn notes(&self) -> Vec<String> {
        use shipway_core::effect::{Done, Outcome};
        use shipway_core::stream::Record;
        let mut notes = Vec::new();
        let each = |_: &shipway_core::journal::Entry, record: Option<&Record>| {
            if let Some(Record::Ended { outcome: Outcome::Done { result }, .. }) = record
                && let Done::Watched(watched) = result
            {
                notes.extend(watched.notes.clone());
            }
        };
        Views::default().catch_up(&self.store, each).unwrap();
        notes
    }
}

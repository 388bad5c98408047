//! The host passes what every target has to pass, with the real daemons and
//! real processes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use shipway_core::config::{self, Facts, PathKind, SecretSource};
use shipway_core::deployment::ServiceVersion;
use shipway_core::digest::Digest;
use shipway_core::ids::{CommitId, DeploymentId, EnvName, ProjectId, ServiceName};
use shipway_core::release::Artifact;
use shipway_host::client::HostClient;
use shipway_host::paths::HostPaths;
use shipway_sim::sandbox::Sandbox;
use shipway_targets::conformance::{Subject, run};
use shipway_targets::{App, HostTarget, Material, MaterialError, Secret};

/// Every artifact is the same empty folder.
struct EmptyFolder(PathBuf);

impl Material for EmptyFolder {
    fn tree(&self, _: &Artifact) -> Result<PathBuf, MaterialError> {
        Ok(self.0.clone())
    }

    fn secret(&self, _: &str, _: &SecretSource) -> Result<Secret, MaterialError> {
        Ok(Secret::new(String::new()))
    }

    fn surroundings(&self, _: &App) -> Result<BTreeMap<String, String>, MaterialError> {
        Ok(BTreeMap::from([("PATH".to_owned(), std::env::var("PATH").unwrap_or_default())]))
    }
}

struct Anything;

impl Facts for Anything {
    fn at(&self, _: &str) -> Option<PathKind> {
        Some(PathKind::Folder)
    }

    fn expression(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn names_in(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

fn version(id: &str) -> ServiceVersion {
    let backend = shipway_sim::backend::executable().expect("the backend is built");
    let text = format!(
        "project: shop\nservices:\n  web:\n    run: {}\n    health: {{path: /health, interval: 50ms}}\n    \
         drain: 1s\n    env: {{VERSION: {id}}}\nenvironments:\n  staging: {{branch: main}}\n",
        backend.display()
    );
    let config = config::read("shipway.yaml", &text, &Anything).expect("right");
    let (name, env) = (ServiceName::new("web").unwrap(), EnvName::new("staging").unwrap());
    ServiceVersion {
        id: DeploymentId::new(id).unwrap(),
        artifact: Artifact::Tree { digest: Digest::of(id.as_bytes()), bytes: 1 },
        commit: CommitId::new("1".repeat(40)).unwrap(),
        config: config.services[&name].clone(),
        place: config.environments[&env].services[&name].clone(),
    }
}

#[tokio::test]
async fn the_host_conforms() {
    let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_shipway")).expect("a sandbox");
    let paths = HostPaths::at(sandbox.path().join("h"), None).expect("short enough");
    let folder = sandbox.path().join("release");
    std::fs::create_dir_all(&folder).expect("a folder");
    let executable = PathBuf::from(env!("CARGO_BIN_EXE_shipway"));
    let target = HostTarget::new(paths.clone(), executable, Arc::new(EmptyFolder(folder)));
    let subject = Subject {
        target: &target,
        app: App {
            project: ProjectId::new("shop").unwrap(),
            env: EnvName::new("staging").unwrap(),
            service: ServiceName::new("web").unwrap(),
        },
        old: version("staging.1"),
        new: version("staging.2"),
        patience: Duration::from_secs(30),
    };
    let conforms = run(&subject).await;
    let stopped = HostClient::connect(&paths).await.expect("it runs").stop().await;
    conforms.expect("it conforms");
    stopped.expect("it stops");
}

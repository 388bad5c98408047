//! The fake passes what every target has to pass.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::time::Duration;

use shipway_core::config::{self, Facts, PathKind};
use shipway_core::deployment::ServiceVersion;
use shipway_core::digest::Digest;
use shipway_core::ids::{CommitId, DeploymentId, EnvName, ProjectId, ServiceName};
use shipway_core::release::Artifact;
use shipway_targets::conformance::{Subject, run};
use shipway_targets::fake::FakeTarget;
use shipway_targets::{App, Target, TargetError};

const CONFIG: &str = "\
project: shop
services:
  web:
    run: ./web
environments:
  staging:
    branch: main
";

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

fn version(id: &str, content: &[u8]) -> ServiceVersion {
    let config = config::read("shipway.yaml", CONFIG, &Anything).expect("right");
    let (name, env) = (ServiceName::new("web").unwrap(), EnvName::new("staging").unwrap());
    ServiceVersion {
        id: DeploymentId::new(id).unwrap(),
        artifact: Artifact::Tree { digest: Digest::of(content), bytes: 1 },
        commit: CommitId::new("1".repeat(40)).unwrap(),
        config: config.services[&name].clone(),
        place: config.environments[&env].services[&name].clone(),
    }
}

fn app() -> App {
    App {
        project: ProjectId::new("shop").unwrap(),
        env: EnvName::new("staging").unwrap(),
        service: ServiceName::new("web").unwrap(),
    }
}

#[tokio::test]
async fn the_fake_conforms() {
    let fake = FakeTarget::new();
    let subject = Subject {
        target: &fake,
        app: app(),
        old: version("staging.1", b"old"),
        new: version("staging.2", b"new"),
        patience: Duration::from_secs(5),
    };
    run(&subject).await.expect("it conforms");
    let refused = fake.calls().iter().filter(|call| !call.done).count();
    assert_eq!(refused, 1, "the stale call is recorded as refused");
}

#[tokio::test]
async fn the_fake_fails_as_told() {
    let fake = FakeTarget::new();
    fake.fail_next("the cable is out");
    let failed = fake.observe(&app(), false).await;
    assert!(matches!(failed, Err(TargetError::Unreachable(why)) if why.contains("cable")));
    assert!(fake.observe(&app(), false).await.is_ok(), "only once");
}

/// The suite finds what a target does wrong.
#[tokio::test]
async fn the_suite_can_fail() {
    struct Forgetful(FakeTarget);
    impl Target for Forgetful {
        fn apply<'a>(
            &'a self,
            app: &'a App,
            effect: &'a shipway_core::effect::EffectId,
            change: &'a shipway_core::deployment::Change,
        ) -> shipway_targets::Doing<'a, shipway_targets::Observed> {
            // Accepts every generation: the fence is missing.
            let newest = self.0.calls().iter().map(|call| call.generation).max().unwrap_or(0);
            let generation = change.generation.max(newest);
            let change = shipway_core::deployment::Change { generation, ..change.clone() };
            Box::pin(async move { self.0.apply(app, effect, &change).await })
        }
        fn observe<'a>(
            &'a self,
            app: &'a App,
            renew: bool,
        ) -> shipway_targets::Doing<'a, shipway_targets::Observed> {
            self.0.observe(app, renew)
        }
        fn tail<'a>(
            &'a self,
            app: &'a App,
            version: &'a DeploymentId,
            lines: usize,
        ) -> shipway_targets::Doing<'a, Vec<String>> {
            self.0.tail(app, version, lines)
        }
    }
    let forgetful = Forgetful(FakeTarget::new());
    let subject = Subject {
        target: &forgetful,
        app: app(),
        old: version("staging.1", b"old"),
        new: version("staging.2", b"new"),
        patience: Duration::from_secs(5),
    };
    let found = run(&subject).await.expect_err("the missing fence is found");
    assert!(found.contains("stale generation"), "{found}");
}

//! Who owns the journal, and what becomes of what is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use shipway_core::deployment::Change;
use shipway_core::effect::EffectId;
use shipway_core::environment::Command;
use shipway_core::ids::DeploymentId;
use shipway_core::plan::End;
use shipway_server::engine::EngineError;
use shipway_server::inbox::answer;
use shipway_store::{AppendError, Input, InputId, Journal as _, OwnerError};
use shipway_targets::fake::FakeTarget;
use shipway_targets::{App, Doing, Observed, Target};

use crate::world::{SHOP, World, ann, busy, end, until, why};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_engine_is_refused_until_the_first_is_gone() {
    let world = World::new(SHOP);
    let first = world.engine().await;
    assert!(matches!(world.try_engine().await, Err(EngineError::Held(_))));
    first.stop().await.unwrap();
    world.engine().await.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_lost_the_journal_writes_nothing_more() {
    let world = World::new(SHOP);
    let id = world.open();
    let mut late = world.engine().await;
    let held = world.store.journal().owner().unwrap().unwrap();
    world.store.journal().release(held.epoch).unwrap();
    let mut next = world.engine().await;
    let stopped = late.run(|_| false).await;
    assert!(
        matches!(
            stopped,
            Err(EngineError::Owner(OwnerError::Lost(_)) | EngineError::Append(AppendError::Lost(_)))
        ),
        "{stopped:?}"
    );
    until(&mut next, |views| end(views, &id).is_some() && !busy(views)).await;
    assert_eq!(end(next.views(), &id), Some(End::Delivered));
    next.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_while_nobody_runs_is_answered_later() {
    let world = World::new(SHOP);
    world.ship().await;
    let pause = world.tell_staging(Command::Pause);
    let abort = world.tell_staging(Command::Abort);
    assert_eq!(answer(&world.store, &pause).unwrap(), None);
    let mut engine = world.engine().await;
    until(&mut engine, |_| answer(&world.store, &abort).unwrap().is_some()).await;
    engine.stop().await.unwrap();
    assert_eq!(answer(&world.store, &pause).unwrap(), Some(Ok(())));
    let refused = answer(&world.store, &abort).unwrap().unwrap().unwrap_err();
    assert!(refused.contains("nothing"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_another_version_is_refused_and_the_engine_goes_on() {
    let world = World::new(SHOP);
    let id = InputId::new("from-the-future").unwrap();
    let payload = r#"{"to":"env/staging","command":{"for":"env","command":{"command":"fly"}}}"#;
    let input =
        Input { id: id.clone(), at: Timestamp::now(), actor: ann(), payload: payload.to_owned() };
    world.store.journal().submit(&input).unwrap();
    assert_eq!(world.ship().await, End::Delivered);
    let refused = answer(&world.store, &id).unwrap().unwrap().unwrap_err();
    assert!(refused.starts_with("this version does not understand the request"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_of_one_moment_have_names_of_their_own() {
    let world = World::new(SHOP);
    let ids: std::collections::HashSet<_> =
        (0..100).map(|_| world.tell_staging(Command::Pause)).collect();
    assert_eq!(ids.len(), 100);
}

/// Panics once, when it is told something for the first time.
struct Broken {
    fake: Arc<FakeTarget>,
    whole: AtomicBool,
}

impl Target for Broken {
    fn apply<'a>(&'a self, app: &'a App, id: &'a EffectId, to: &'a Change) -> Doing<'a, Observed> {
        assert!(self.whole.swap(true, Ordering::SeqCst), "a mistake of ours");
        self.fake.apply(app, id, to)
    }

    fn observe<'a>(&'a self, app: &'a App, renew: bool) -> Doing<'a, Observed> {
        self.fake.observe(app, renew)
    }

    fn tail<'a>(
        &'a self,
        app: &'a App,
        version: &'a DeploymentId,
        lines: usize,
    ) -> Doing<'a, Vec<String>> {
        self.fake.tail(app, version, lines)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_of_ours_ends_the_deployment_and_not_the_engine() {
    let world =
        World::with_target(SHOP, |fake| Arc::new(Broken { fake, whole: AtomicBool::new(false) }));
    let failed = world.ship().await;
    assert!(why(&failed).starts_with("Lost: Shipway itself failed: "), "{}", why(&failed));
    assert_eq!(world.ship().await, End::Delivered);
}

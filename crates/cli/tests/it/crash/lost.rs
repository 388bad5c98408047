//! What happens once and is lost: its `on_lost` decides.

use shipway_core::effect::EffectKind;

use super::every::{Crash, Point};
use super::project::Rules;
use super::world::{RETRY, World};

/// What happens once in a deployment and declares what follows when it is
/// lost, at every point at which it can be.
fn losses() -> impl Iterator<Item = (EffectKind, Point)> {
    let points = [Point::AfterIntent, Point::During, Point::BeforeResult];
    let kinds = [EffectKind::Migrate, EffectKind::Smoke];
    kinds.into_iter().flat_map(move |kind| points.map(|point| (kind, point)))
}

#[test]
fn what_is_lost_and_shall_fail_turns_the_deployment_back() {
    let mut world = World::new();
    let before = world.serving();
    for (kind, point) in losses() {
        world.commit(Rules { on_lost: "fail", ..RETRY }, false);
        let crash = Crash::of(&mut world, point, kind, 1).expect("every deployment has one");
        let again = world.ship(None);
        crash.says(again.assert_code(1), "the engine ended in the middle of");
        assert_eq!(world.serving(), before, "{crash}: {again}");
        world.one_version_is_left();
        world.traffic_never_stopped();
        never_again(&mut world, &crash);
    }
    world.shipway(&["audit", "verify"], None).assert_code(0);
    world.end();
}

#[test]
fn what_is_lost_and_shall_be_asked_about_waits_for_a_person() {
    let mut world = World::new();
    for (kind, point) in losses() {
        let before = world.serving();
        let version = world.commit(Rules { on_lost: "ask", ..RETRY }, false);
        let crash = Crash::of(&mut world, point, kind, 1).expect("every deployment has one");
        crash.says(world.ship(None).assert_code(3), "shipway resume");
        never_again(&mut world, &crash);
        assert_eq!(world.serving(), before, "{crash}");
        // Half of the answers are no.
        if point == Point::During {
            let aborted = world.shipway(&["abort", "production"], None);
            assert!(matches!(aborted.code, Some(0 | 1)), "{crash}: {aborted}");
            assert_eq!(world.serving(), before, "{crash}: {aborted}");
        } else {
            let resumed = world.shipway(&["resume", "production"], None);
            resumed.assert_code(0);
            assert_eq!(world.serving(), version, "{crash}: {resumed}");
            let runs = world.new_runs();
            let times = runs.iter().filter(|(what, _)| what == kind.name()).count();
            assert_eq!(times, 1, "{crash}: once more, when a person wants it: {runs:?}");
        }
        world.one_version_is_left();
        world.traffic_never_stopped();
    }
    world.shipway(&["audit", "verify"], None).assert_code(0);
    world.end();
}

/// The command did not begin again.
fn never_again(world: &mut World, crash: &Crash) {
    let runs = world.new_runs();
    let times = runs.iter().filter(|(what, _)| what == crash.kind.name()).count();
    let begun = match crash.point {
        Point::BeforeIntent | Point::AfterIntent => 0..=0,
        Point::During => 0..=1,
        Point::BeforeResult => 1..=1,
    };
    assert!(begun.contains(&times), "{crash}: {runs:?}");
}

//! Users notice nothing: of switches, of upgrades, of an engine that dies; and
//! of daemons that die no more than what was inside.

mod latency;
mod scale;
mod world;

use std::time::{Duration, SystemTime};

use shipway_sim::traffic::{Failure, FailureKind, Report, Source, Span};
use shipway_sim::wait::wait_for;

use scale::Scale;
use world::World;

/// Clocks are read, and processes are scheduled, a little late.
const LATE: Duration = Duration::from_millis(250);

#[test]
fn no_request_is_dropped() {
    let scale = Scale::of_environment();
    let mut world = World::new(scale.drain);
    let load = world.load(&scale.load(world.address()));
    let mut upgrades = Vec::new();
    for switch in 0..scale.switches {
        let before = world.serving();
        if switch % 2 == 1 {
            world.run(&["rollback", "production"]).assert_code(0);
        } else if switch == scale.switches / 4 * 2 {
            ship_with_a_crash(&mut world);
        } else {
            world.commit();
            world.run(&["ship"]).assert_code(0);
        }
        assert_ne!(world.serving(), before, "switch {switch}");
        Drains::were_kept(&load.so_far(), &upgrades, scale.drain, &format!("switch {switch}"));
        if [1, scale.switches / 2 + 1].contains(&switch) {
            upgrades.push(SystemTime::now());
            upgrade(&world);
        }
        world.all_is_answered(&load);
    }
    let report = world.stop(load);
    Drains::were_kept(&report, &upgrades, scale.drain, "all of it");
    assert!(report.spans().len() > scale.switches, "every switch moved traffic: {report}");
    println!("{} switches, 2 upgrades, 1 engine killed: {report}", scale.switches);
}

/// The engine dies when traffic has moved and the new version is watched; the
/// next command goes on.
fn ship_with_a_crash(world: &mut World) {
    let before = world.serving();
    world.commit();
    let ship = world.start(&["ship"]);
    let moved = || (world.serving() != before).then_some(());
    wait_for("traffic to move", Duration::from_secs(60), moved).unwrap();
    let killed = ship.kill().unwrap();
    assert_eq!(killed.signal, Some(9), "it was through already: {killed}");
    world.run(&["ship"]).assert_code(0);
}

fn upgrade(world: &World) {
    let before = world.status();
    world.run(&["host", "upgrade"]).assert_code(0);
    let after = world.status();
    assert_ne!(before.proxy.pid, after.proxy.pid, "another proxy");
    assert_eq!(before.keeper.pid, after.keeper.pid, "the keeper is replaced in place");
    assert_eq!(after.problems, Vec::<String>::new());
}

/// When what is open may be cut off: a drain time after its version got no new
/// requests any more, or after its proxy was replaced.
struct Drains<'a> {
    spans: Vec<Span>,
    upgrades: &'a [SystemTime],
    drain: Duration,
}

impl Drains<'_> {
    /// Nothing failed, and what lasts without end (a socket, an event stream)
    /// was left alone until its deadline.
    fn were_kept(report: &Report, upgrades: &[SystemTime], drain: Duration, after: &str) {
        let drains = Drains { spans: report.spans(), upgrades, drain };
        let lasts = |failure: &Failure| {
            matches!(failure.source, Source::Sockets | Source::Events)
                && matches!(failure.kind, FailureKind::Truncated | FailureKind::Reset)
        };
        let early = report.failures_but(|failure| {
            let version = failure.version.as_deref();
            lasts(failure) && version.is_some_and(|v| drains.over(v, failure.sent, failure.seen))
        });
        assert!(early.is_empty(), "after {after}: {early:#?}\n{report}");
        for ending in &report.endings {
            let version = ending.version.as_deref().unwrap();
            assert!(drains.over(version, ending.opened, ending.ended), "{ending:?}: {report}");
        }
    }

    /// Whether what was opened on `version` then may have ended at `end`.
    fn over(&self, version: &str, opened: SystemTime, end: SystemTime) -> bool {
        let left = |span: &&Span| span.version == version && span.to >= opened;
        let moved = self.spans.iter().find(left).map_or(opened, |span| span.to);
        // A version that has all traffic to the end was never left.
        let last =
            self.spans.last().is_some_and(|last| last.version == version && last.to == moved);
        let moved = (!last).then_some(moved);
        let replaced = self.upgrades.iter().find(|at| **at + LATE >= opened).copied();
        let from = moved.into_iter().chain(replaced).min();
        from.is_some_and(|from| end + LATE >= from + self.drain)
    }
}

#[test]
fn a_killed_proxy_breaks_what_is_inside_it_and_refuses_nobody() {
    let scale = Scale::of_environment();
    let world = World::new(scale.drain);
    let load = world.load(&scale.load(world.address()));
    let proxy = world.status().proxy.pid;
    world.kill(proxy);
    let killed = SystemTime::now();
    world.until("another proxy", |status| status.proxy.pid != proxy);
    world.all_is_answered(&load);
    let report = world.stop(load);
    // Most of it is open all the time, so some of it has to break.
    assert!(report.failed() > 0, "nothing was inside: {report}");
    let inside =
        |failure: &Failure| failure.kind != FailureKind::Refused && failure.sent <= killed + LATE;
    let others = report.failures_but(inside);
    assert!(others.is_empty(), "not inside, or refused: {others:?}\n{report}");
    println!("a proxy killed: {report}");
}

#[test]
fn a_killed_keeper_costs_nothing_and_its_successor_adopts_the_releases() {
    let scale = Scale::of_environment();
    let world = World::new(scale.drain);
    let load = world.load(&scale.load(world.address()));
    let release = world.one_release_is_left();
    let keeper = world.status().keeper.pid;
    world.kill(keeper);
    world.until("another keeper", |status| status.keeper.pid != keeper);
    world.all_is_answered(&load);
    assert_eq!(world.one_release_is_left(), release);
    world.stop(load).assert_clean();

    // It is looked after: its death is noticed by a keeper that is not its
    // parent.
    world.kill(release);
    world.until("it to be started again", |status| {
        status.apps[0]
            .versions
            .values()
            .any(|version| version.restarts == 1 && version.healthy == 1)
    });
    assert_ne!(world.one_release_is_left(), release);
}

//! Every point of every effect.

use std::collections::BTreeMap;

use shipway_core::effect::{Class, EffectId, EffectKind};
use shipway_sim::sandbox::Finished;

use super::project::Rules;
use super::world::{RETRY, World};

/// `SIGKILL`.
const KILLED: Option<i32> = Some(9);

/// A place in an effect's life, as `SHIPWAY_FAILPOINT` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Point {
    BeforeIntent,
    AfterIntent,
    During,
    BeforeResult,
}

impl Point {
    const fn name(self) -> &'static str {
        match self {
            Self::BeforeIntent => "before_intent",
            Self::AfterIntent => "after_intent",
            Self::During => "during",
            Self::BeforeResult => "before_result",
        }
    }
}

#[test]
fn killed_before_the_intent() {
    at_every_effect(Point::BeforeIntent);
}

#[test]
fn killed_after_the_intent() {
    at_every_effect(Point::AfterIntent);
}

#[test]
fn killed_in_the_middle_of_the_effect() {
    at_every_effect(Point::During);
}

#[test]
fn killed_between_effect_and_result() {
    at_every_effect(Point::BeforeResult);
}

fn at_every_effect(point: Point) {
    let mut world = World::new();
    for kind in EffectKind::ALL {
        match scenario(kind) {
            Scenario::Good => {
                one_good(&mut world, point, kind, 1);
            }
            Scenario::EachOfSeveral => {
                let mut time = 1;
                while one_good(&mut world, point, kind, time) {
                    time += 1;
                }
                assert!(time > 4, "a deployment has {} of {}", time - 1, kind.name());
            }
            Scenario::Refused => one_refused(&mut world, point, kind),
        }
    }
    world.end();
}

/// What has to be shipped for an effect of this kind to happen.
enum Scenario {
    /// A version that is good.
    Good,
    /// A version that is good; the effect happens several times on its way.
    EachOfSeveral,
    /// A version that is found bad after the switch.
    Refused,
}

const fn scenario(kind: EffectKind) -> Scenario {
    match kind {
        EffectKind::Tell => Scenario::EachOfSeveral,
        EffectKind::RunJob
        | EffectKind::Build
        | EffectKind::Judge
        | EffectKind::Migrate
        | EffectKind::Start
        | EffectKind::Smoke
        | EffectKind::Shift
        | EffectKind::Watch
        | EffectKind::Finish => Scenario::Good,
        EffectKind::Return | EffectKind::Remove => Scenario::Refused,
    }
}

/// Ships a good version; false if it never came to the point for this time.
fn one_good(world: &mut World, point: Point, kind: EffectKind, time: u32) -> bool {
    let version = world.commit(RETRY, false);
    let crash = Crash::of(world, point, kind, time);
    let Some(crash) = crash else {
        assert_eq!(world.serving(), version);
        world.new_calls();
        world.new_runs();
        return false;
    };
    let again = world.ship(None);
    if crash.broke_off(EffectKind::RunJob) {
        // A job says nothing about being lost: it has failed, and whoever
        // ships again runs it again.
        crash.says(again.assert_code(1), "the engine ended while it ran");
        crash.says(world.ship(None).assert_code(0), "");
    } else {
        crash.says(again.assert_code(0), "");
    }
    assert_eq!(world.serving(), version, "{crash}: {again}");
    crash.is_settled(world);
    true
}

fn one_refused(world: &mut World, point: Point, kind: EffectKind) {
    let before = world.serving();
    world.commit(Rules { refuse_slow: true, ..RETRY }, true);
    let crash = Crash::of(world, point, kind, 1).expect("a refused version comes there");
    let again = world.ship(None);
    crash.says(again.assert_code(1), "refused: ");
    crash.says(&again, "p95");
    assert_eq!(world.serving(), before, "{crash}: {again}");
    crash.is_settled(world);
}

/// Its shell dies with the engine; what the shell started is killed by the
/// next engine, before anything else is begun.
const fn is_shell(kind: EffectKind) -> bool {
    matches!(kind, EffectKind::Build | EffectKind::Migrate | EffectKind::Smoke)
}

/// A death of the engine, and what the journal said then.
pub(super) struct Crash {
    pub(super) point: Point,
    pub(super) kind: EffectKind,
    /// What was under way: at least what it died at, unless it died before
    /// the intent. Then it is what ended just before, and was not noted.
    open: BTreeMap<EffectId, EffectKind>,
}

impl std::fmt::Display for Crash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "killed {} of {}", self.point.name(), self.kind.name())
    }
}

impl Crash {
    /// Ships, and sees the engine die. `None` if it came to its end instead.
    pub(super) fn of(world: &mut World, point: Point, kind: EffectKind, time: u32) -> Option<Self> {
        let failpoint = format!("{}:{}#{time}", point.name(), kind.name());
        world.stay(kind, point == Point::During);
        let first = world.ship(Some(&failpoint));
        world.stay(kind, false);
        if time > 1 && first.code == Some(0) {
            return None;
        }
        assert_eq!(first.signal, KILLED, "{failpoint}: {first}");
        if !is_shell(kind) {
            // At once, and not only when the next engine comes.
            world.only_the_host_is_left();
        }
        let open = world.intents().into_iter().filter(|(_, intent)| !intent.ended);
        let open: BTreeMap<_, _> = open.map(|(id, intent)| (id, intent.kind)).collect();
        let of_this_kind = open.values().filter(|open| **open == kind).count();
        let expected = usize::from(point != Point::BeforeIntent);
        assert!(
            of_this_kind == expected || kind == EffectKind::Tell,
            "{failpoint}: open then: {open:?}"
        );
        Some(Self { point, kind, open })
    }

    /// Something of this kind was under way.
    fn broke_off(&self, kind: EffectKind) -> bool {
        self.open.values().any(|open| *open == kind)
    }

    #[track_caller]
    pub(super) fn says(&self, finished: &Finished, text: &str) {
        assert!(finished.output().contains(text), "{self}: no `{text}`: {finished}");
    }

    /// Everything has ended, once, and nothing was lost or left behind.
    fn is_settled(&self, world: &mut World) {
        world.one_version_is_left();
        world.traffic_never_stopped();
        let intents = world.intents();
        // The last message of all was delivered: that it was is noted by the
        // next engine that has something to do.
        let noted_later = self.point == Point::BeforeResult && self.kind == EffectKind::Tell;
        let open = intents.iter().filter(|(_, intent)| !intent.ended);
        let open: Vec<_> =
            open.filter(|(id, _)| !(noted_later && self.open.contains_key(id))).collect();
        assert!(open.is_empty(), "{self}: never ended: {open:?}");
        self.calls_fit(world);
        self.runs_fit(world);
        world.shipway(&["audit", "verify"], None).assert_code(0);
    }

    /// What converges is told again if it was begun; all else once.
    fn calls_fit(&self, world: &mut World) {
        let calls = world.new_calls();
        assert!(!calls.is_empty(), "{self}: the host was told nothing");
        let open: BTreeMap<String, EffectKind> =
            self.open.iter().map(|(id, kind)| (id.to_string(), *kind)).collect();
        for (effect, times) in &calls {
            let expected = match (open.get(effect), self.point) {
                (Some(kind), Point::During | Point::BeforeResult) if *kind == self.kind => 2..=2,
                (Some(kind), _) if *kind == self.kind => 1..=1,
                (Some(_), _) => 1..=2,
                (None, _) => 1..=1,
            };
            assert!(expected.contains(times), "{self}: {effect} in {calls:?}");
        }
    }

    /// What happens once never begins twice under one name.
    fn runs_fit(&self, world: &mut World) {
        let runs = world.new_runs();
        let count = |kind: EffectKind| runs.iter().filter(|(what, _)| what == kind.name()).count();
        for run in &runs {
            let times = runs.iter().filter(|other| *other == run).count();
            // It converges: it is named by its commit, and may be done again.
            let may_repeat = run.0 == EffectKind::Build.name() && self.broke_off(EffectKind::Build);
            assert!(times == 1 || may_repeat, "{self}: {run:?} ran {times} times");
        }
        for kind in [EffectKind::RunJob, EffectKind::Build, EffectKind::Migrate, EffectKind::Smoke]
        {
            let begun = match (kind == self.kind, self.point) {
                (true, Point::AfterIntent) => 1..=1,
                (true, Point::BeforeResult) => 2..=2,
                _ if self.broke_off(kind) => 1..=2,
                _ => 1..=1,
            };
            assert!(begun.contains(&count(kind)), "{self}: {} ran so: {runs:?}", kind.name());
        }
        assert!(self.kind.class() == Class::Converge || !runs.is_empty(), "{self}");
    }
}

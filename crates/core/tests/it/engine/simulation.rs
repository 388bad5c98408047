//! Random commands, random ends, crashes: the invariants hold (the world
//! checks them at every entry), and once the chaos is over everything ends.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use shipway_core::command::Command as Any;
use shipway_core::config::Config;
use shipway_core::effect::EffectKind;
use shipway_core::environment::Command;
use shipway_core::gate::{Position, Verdict};
use shipway_core::journal::StreamId;
use shipway_core::plan;
use shipway_core::stream::Record;

use super::shop::{LEDGER, SHOP, config, env_stream, person, plan, plan_stream};
use super::world::{How, World};

#[derive(Debug, Clone)]
enum Op {
    /// A commit is shipped, perhaps one that was before.
    Ship { commit: u64, by: usize },
    /// Ask an environment for this.
    Ask { env: usize, what: Ask, by: usize },
    /// Call a plan off.
    Cancel { plan: usize },
    /// An effect ends.
    Finish { place: usize, how: How },
    /// A message is handed over, perhaps twice.
    HandOver { twice: bool },
    /// The engine dies.
    Crash { happened: bool },
    /// Time passes.
    Pass { seconds: i64 },
}

#[derive(Debug, Clone, Copy)]
enum Ask {
    Approve,
    Reject,
    Rollback,
    RollbackTo(usize),
    Pause,
    Resume,
    Abort,
    Judge { open: bool },
}

const ENVS: [&str; 2] = ["staging", "production"];
const PEOPLE: [&str; 3] = ["ann", "bob", "eve"];

fn how() -> impl Strategy<Value = How> {
    prop_oneof![
        12 => Just(How::Well),
        2 => any::<bool>().prop_map(|partly| How::Badly { partly }),
        1 => Just(How::Worse),
        1 => Just(How::Review),
        1 => Just(How::NotEnough),
        1 => Just(How::FellBack),
        6 => Just(How::CalledOff),
    ]
}

fn ask() -> impl Strategy<Value = Ask> {
    prop_oneof![
        4 => Just(Ask::Approve),
        1 => Just(Ask::Reject),
        2 => Just(Ask::Rollback),
        1 => (0..5_usize).prop_map(Ask::RollbackTo),
        1 => Just(Ask::Pause),
        2 => Just(Ask::Resume),
        1 => Just(Ask::Abort),
        1 => any::<bool>().prop_map(|open| Ask::Judge { open }),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (1..6_u64, 0..3_usize).prop_map(|(commit, by)| Op::Ship { commit, by }),
        8 => (0..2_usize, ask(), 0..3_usize).prop_map(|(env, what, by)| Op::Ask { env, what, by }),
        1 => (0..8_usize).prop_map(|plan| Op::Cancel { plan }),
        24 => (0..4_usize, how()).prop_map(|(place, how)| Op::Finish { place, how }),
        14 => any::<bool>().prop_map(|twice| Op::HandOver { twice }),
        1 => any::<bool>().prop_map(|happened| Op::Crash { happened }),
        2 => prop_oneof![Just(1), Just(60), Just(90_000)].prop_map(|seconds| Op::Pass { seconds }),
    ]
}

fn perform(world: &mut World, op: &Op, config: &Config, shipped: &mut usize) {
    // No two plans are of the same moment.
    world.pass(1);
    match op {
        Op::Ship { commit, by } => {
            *shipped += 1;
            let id = format!("p{shipped}");
            let plan = Box::new(plan(&id, *commit, config, PEOPLE[*by]));
            let open = Any::Plan(plan::Command::Open { plan });
            world.command(&plan_stream(&id), open, &person(PEOPLE[*by])).unwrap();
        }
        Op::Ask { env, what, by } => {
            // What is not to be done now is refused in words, not in panic.
            let to = env_stream(ENVS[*env]);
            if let Some(command) = command(world, &to, *what) {
                let _ = world.command(&to, Any::Env(command), &person(PEOPLE[*by]));
            }
        }
        Op::Cancel { plan } => {
            let to = plan_stream(&format!("p{}", plan + 1));
            let _ = world.command(&to, Any::Plan(plan::Command::Cancel), &person("ann"));
        }
        Op::Finish { place, how } => {
            world.finish_at(*place, *how);
        }
        Op::HandOver { twice } => {
            world.hand_over_one(*twice);
        }
        Op::Crash { happened } => world.crash(*happened),
        Op::Pass { seconds } => world.pass(*seconds),
    }
}

fn command(world: &World, to: &StreamId, what: Ask) -> Option<Command> {
    let stream = world.stream(to);
    let (_, env) = stream.env()?;
    let identity = env.waiting.as_ref().map(|waiting| waiting.identity);
    Some(match what {
        Ask::Approve => Command::Approve { identity: identity? },
        Ask::Reject => Command::Reject { identity: identity?, reason: String::new() },
        Ask::Rollback => Command::Rollback { to: None },
        Ask::RollbackTo(place) => {
            let known = env.current.iter().chain(&env.history).nth(place)?;
            Command::Rollback { to: Some(known.release) }
        }
        Ask::Pause => Command::Pause,
        Ask::Resume => Command::Resume,
        Ask::Abort => Command::Abort,
        Ask::Judge { open } => {
            let position = if open {
                Position::Open { evidence: vec!["looked".to_owned()] }
            } else {
                Position::shut("a freeze")
            };
            Command::Judge { verdict: Verdict::required("freeze", position) }
        }
    })
}

/// Nothing goes wrong any more: what is left waits for a person; and once
/// people have answered, nothing is left.
fn calm(world: &mut World) {
    world.settle();
    assert_eq!(world.orphans(), Vec::<String>::new(), "plans that nobody waits for");
    for _ in 0..20 {
        for name in ENVS {
            let to = env_stream(name);
            let Some((_, env)) = world.live.stream(&to).and_then(|s| s.env()) else { continue };
            let asks = env.active.as_ref().is_some_and(|a| a.deployment.question.is_some());
            let (paused, waiting) = (env.paused, env.waiting.as_ref().map(|w| w.identity));
            assert!(
                env.active.is_none() || paused || asks,
                "nobody waits for {:?}",
                env.active.as_ref().map(|a| &a.deployment.progress)
            );
            if asks || paused {
                world.ask(&to, Any::Env(Command::Resume), &person("ann")).unwrap();
            }
            if let Some(identity) = waiting {
                let reason = String::new();
                let no = Command::Reject { identity, reason };
                world.ask(&to, Any::Env(no), &person("ann")).unwrap();
            }
            world.settle();
        }
    }
    for env in world.live.environments() {
        assert!(env.active.is_none(), "{:?}", env.active);
        assert!(env.queued.is_none() && env.waiting.is_none() && env.rollback.is_none());
    }
    assert_eq!(world.live.open_plans().count(), 0);
    assert_eq!(world.rebuilt(), world.live);
}

fn simulate(yaml: &str, ops: &[Op]) -> World {
    let mut world = World::new();
    let config = config(yaml);
    let mut shipped = 0;
    for op in ops {
        perform(&mut world, op, &config, &mut shipped);
    }
    calm(&mut world);
    world
}

/// Chaos that never came to the interesting places would prove nothing.
#[test]
fn the_simulation_comes_to_every_event_and_every_effect() {
    let mut runner = TestRunner::deterministic();
    let ops = prop::collection::vec(op(), 160);
    let mut missing: BTreeSet<&str> = EVENTS.into_iter().collect();
    missing.extend(EffectKind::ALL.map(EffectKind::name));
    for _ in 0..200 {
        if missing.is_empty() {
            return;
        }
        let ops = ops.new_tree(&mut runner).unwrap().current();
        for record in simulate(SHOP, &ops).records {
            match &record {
                Record::Env(event) => {
                    let json = serde_json::to_value(event).unwrap();
                    missing.remove(json["event"].as_str().unwrap());
                }
                Record::Intent { effect } => {
                    missing.remove(effect.kind().name());
                }
                _ => {}
            }
        }
    }
    panic!("the simulation never comes to {missing:?}");
}

const EVENTS: [&str; 18] = [
    "proposed",
    "dropped",
    "already_there",
    "judged",
    "approved",
    "cleared",
    "started",
    "step_done",
    "step_repeated",
    "asked",
    "answered",
    "stopping",
    "turned_back",
    "back_step_done",
    "succeeded",
    "failed",
    "paused",
    "resumed",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 4000, ..ProptestConfig::default() })]

    #[test]
    fn two_environments_blue_green(ops in prop::collection::vec(op(), 1..200)) {
        simulate(SHOP, &ops);
    }

    #[test]
    fn one_environment_recreate(ops in prop::collection::vec(op(), 1..120)) {
        simulate(LEDGER, &ops);
    }
}

//! A power failure takes back what was not waited for, and no job is begun
//! twice for it.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use shipway_core::command::Command;
use shipway_core::plan;
use shipway_core::run::Event;
use shipway_core::stream::Record;

use super::shop::{self, SHOP, person, plan_stream};
use super::world::{How, World};

const JOBS: &str = "\
on: push
jobs:
  first:
    runs-on: ubuntu-latest
    steps: [{run: make}]
  parts:
    needs: first
    runs-on: ubuntu-latest
    strategy: {max-parallel: 2, matrix: {part: [a, b, c]}}
    steps: [{run: make}]
  beside:
    runs-on: ubuntu-latest
    steps: [{run: make}]
  last:
    needs: [parts, beside]
    runs-on: ubuntu-latest
    steps: [{run: make}]
";

/// A run that releases nothing, after `ends` ends of jobs.
fn run(ends: usize) -> World {
    let mut plan = shop::plan("p1", 1, &shop::config(SHOP), "ann");
    plan.runs[0].text = JOBS.to_owned().into();
    (plan.config, plan.services, plan.stages) = (None, IndexMap::new(), Vec::new());
    let mut world = World::new();
    let open = Command::Plan(plan::Command::Open { plan: Box::new(plan) });
    world.ask(&plan_stream("p1"), open, &person("ann")).unwrap();
    for _ in 0..ends {
        world.finish_at(0, How::Well);
        world.hand_over();
    }
    world
}

/// The instances of jobs that were begun from entry `from` on.
fn begun(world: &World, from: usize) -> BTreeSet<(String, usize)> {
    let began = |record: &Record| match record {
        Record::Run(Event::InstanceStarted { job, index }) => Some((job.to_string(), *index)),
        _ => None,
    };
    world.records[from..].iter().filter_map(began).collect()
}

#[test]
fn nothing_is_begun_twice_after_a_power_failure() {
    let mut taken_back = 0;
    for ends in 0..=6 {
        let World { commits, durable, .. } = run(ends);
        for at in commits.into_iter().filter(|at| *at >= durable) {
            let mut world = run(ends);
            let (before, entries) = (begun(&world, 0), world.journal.len());
            world.power_failure(at);
            world.hand_over();
            while world.finish_at(0, How::Well) {
                world.hand_over();
            }
            let again = begun(&world, at).intersection(&before).cloned().collect::<Vec<_>>();
            assert_eq!(again, [], "after {ends} ends, at entry {at} of {entries}");
            assert_eq!(world.live.open_plans().count(), 0, "it came to an end");
            taken_back += entries - at;
        }
    }
    assert!(taken_back > 20, "only {taken_back} entries were taken back");
}

#[test]
fn of_a_run_that_ends_or_that_something_is_released_after_everything_stays() {
    let ended = run(6);
    assert_eq!(ended.live.open_plans().count(), 0);
    assert_eq!(ended.durable, ended.journal.len());
    let mut world = World::new();
    let plan = shop::plan("p1", 1, &shop::config(SHOP), "ann");
    let open = Command::Plan(plan::Command::Open { plan: Box::new(plan) });
    world.ask(&plan_stream("p1"), open, &person("ann")).unwrap();
    while world.finish_at(0, How::Well) {
        assert_eq!(world.durable, world.journal.len());
        world.hand_over();
    }
}

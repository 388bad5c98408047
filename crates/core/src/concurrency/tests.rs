//! Every state of a group against everything that can be asked of it.

use jiff::Timestamp;

use super::{Command, Concurrency, Event, Group, Member, Queue};
use crate::command::Command as AnyCommand;
use crate::effect::Effect;
use crate::ids::{JobKey, RunId};
use crate::journal::Actor;
use crate::machine::{Decision, Input, Machine};
use crate::run::{self, Place};

fn member(run: &str) -> Member {
    let place = match run.split_once('/') {
        None => Place::Run,
        Some((_, job)) => Place::Job { job: JobKey::new(job).unwrap(), index: 0 },
    };
    let run = run.split_once('/').map_or(run, |(run, _)| run);
    Member { run: RunId::new(run).unwrap(), place }
}

fn enter(run: &str, cancel_in_progress: bool, queue: Queue) -> Command {
    let group = "Deploy".to_owned();
    Command::Enter {
        member: member(run),
        concurrency: Concurrency { group, cancel_in_progress, queue },
    }
}

fn leave(run: &str) -> Command {
    Command::Leave { member: member(run) }
}

/// What follows, a word for each decision; the events change the group.
fn ask(group: &mut Group, command: Command) -> String {
    let input = Input::Command { command, by: Actor::Engine };
    let decisions = group.decide(&input, Timestamp::UNIX_EPOCH).unwrap();
    let mut words = Vec::new();
    for decision in decisions {
        words.push(match decision {
            Decision::Event(event) => {
                group.evolve(&event, Timestamp::UNIX_EPOCH).unwrap();
                word(&event)
            }
            Decision::Do(Effect::Tell { to, command }) => match *command {
                AnyCommand::Run(run::Command::Passed { .. }) => format!("{to}: go"),
                AnyCommand::Run(run::Command::Refused { .. }) => format!("{to}: no"),
                AnyCommand::Run(run::Command::GiveWay { .. }) => format!("{to}: end"),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        });
    }
    words.join(", ")
}

fn word(event: &Event) -> String {
    match event {
        Event::Waits { member, .. } => format!("{} waits", member.run),
        Event::Begins { member } => format!("{} begins", member.run),
        Event::GivesWay { member } => format!("{} gives way", member.run),
        Event::CallsOff { member } => format!("{} is called off", member.run),
        Event::Left { member } => format!("{} left", member.run),
    }
}

fn group(states: &[&str]) -> Group {
    let mut group = Group::default();
    for run in states {
        ask(&mut group, enter(run, false, Queue::Max));
    }
    group
}

#[test]
fn each_state_and_each_command() {
    let states: [&[&str]; 3] = [&[], &["a"], &["a", "b"]];
    let commands = [
        ("c enters", enter("c", false, Queue::Single)),
        ("c enters and cancels", enter("c", true, Queue::Single)),
        ("c queues", enter("c", false, Queue::Max)),
        ("c queues and cancels", enter("c", true, Queue::Max)),
        ("a enters again", enter("a", true, Queue::Single)),
        ("a leaves", leave("a")),
        ("b leaves", leave("b")),
        ("x leaves", leave("x")),
    ];
    let mut lines = Vec::new();
    for state in states {
        for (name, command) in &commands {
            let mut group = group(state);
            let follows = ask(&mut group, command.clone());
            lines.push(format!("[{}] {name}: {follows}", state.join(" ")));
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @"
    [] c enters: c waits, c begins, run/c: go
    [] c enters and cancels: c waits, c begins, run/c: go
    [] c queues: c waits, c begins, run/c: go
    [] c queues and cancels: c waits, c begins, run/c: go
    [] a enters again: a waits, a begins, run/a: go
    [] a leaves: 
    [] b leaves: 
    [] x leaves: 
    [a] c enters: c waits
    [a] c enters and cancels: a is called off, run/a: end, c waits
    [a] c queues: c waits
    [a] c queues and cancels: a is called off, run/a: end, c waits
    [a] a enters again: 
    [a] a leaves: a left
    [a] b leaves: 
    [a] x leaves: 
    [a b] c enters: b gives way, run/b: no, c waits
    [a b] c enters and cancels: b gives way, run/b: no, a is called off, run/a: end, c waits
    [a b] c queues: c waits
    [a b] c queues and cancels: a is called off, run/a: end, c waits
    [a b] a enters again: 
    [a b] a leaves: a left, b begins, run/b: go
    [a b] b leaves: b left
    [a b] x leaves: 
    ");
}

#[test]
fn a_long_queue_is_full_one_day() {
    let mut group = group(&["first"]);
    for n in 0..super::MAX_WAITING {
        ask(&mut group, enter(&format!("r{n}"), false, Queue::Max));
    }
    assert_eq!(ask(&mut group, enter("late", false, Queue::Max)), "run/late: no");
    assert_eq!(ask(&mut group, leave("first")), "first left, r0 begins, run/r0: go");
}

#[test]
fn names_ignore_case_and_are_fit_for_streams() {
    let id = |group: &str| {
        let group = group.to_owned();
        let (cancel_in_progress, queue) = (false, Queue::Single);
        Concurrency { group, cancel_in_progress, queue }.id().unwrap()
    };
    assert_eq!(id("CI-refs/heads/Main"), id("ci-REFS/heads/main"));
    assert_ne!(id("a b"), id("a-b"));
    assert!(id("ci-refs/heads/main").as_str().starts_with("ci-refs-heads-main."));
    assert!(!id("¡…!").as_str().is_empty());
    assert!(id(&"x".repeat(500)).as_str().len() <= 63);
}

proptest::proptest! {
    /// Whatever comes: at most one has the turn, and it is nobody's only while
    /// nobody waits.
    #[test]
    fn one_at_a_time(steps in proptest::collection::vec((0..4u8, 0..5u8), 0..40)) {
        let mut group = Group::default();
        for (what, who) in steps {
            let run = format!("r{who}");
            let command = match what {
                0 => enter(&run, false, Queue::Single),
                1 => enter(&run, true, Queue::Single),
                2 => enter(&run, false, Queue::Max),
                _ => leave(&run),
            };
            ask(&mut group, command);
            proptest::prop_assert!(group.running.is_some() || group.waiting.is_empty());
            let all: Vec<_> = group.waiting.iter().chain(&group.running).collect();
            let unique: std::collections::HashSet<_> = all.iter().map(|m| &m.run).collect();
            proptest::prop_assert_eq!(unique.len(), all.len());
        }
    }
}

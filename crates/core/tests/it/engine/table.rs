//! Every state of an environment × everything it can be asked: what follows,
//! or why it is refused. And × every event: accepted or illegal, never a panic.

use std::collections::BTreeMap;

use shipway_core::command::Command as Any;
use shipway_core::effect::{EffectKind, Failure, FailureCode, Outcome};
use shipway_core::environment::{Command, Environment, Event};
use shipway_core::gate::{Position, Verdict};
use shipway_core::ids::PlanId;
use shipway_core::journal::{Actor, Cause, StreamId};
use shipway_core::machine::{Decision, Input, Machine};
use shipway_core::stream::Record;

use super::shop::{self, SHOP, person};
use super::story::Story;
use super::world::How;

/// One environment in each of its states, by name.
fn states() -> Vec<(&'static str, Story)> {
    let shipped = |n: u64| {
        let mut story = Story::new(SHOP);
        for n in 1..=n {
            story.ship(&format!("p{n}"), n).settle().approve("bob").settle();
        }
        story
    };
    let second = |kind: EffectKind| {
        let mut story = shipped(1);
        story.ship("p2", 2).settle().approve("bob").until("production", kind);
        story
    };
    let mut waiting = shipped(1);
    waiting.ship("p2", 2).settle();
    let mut queued = shipped(1);
    queued.ask("production", "bob", Command::Pause).ship("p2", 2).settle().approve("bob");
    let mut rested = shipped(1);
    rested.ship("p2", 2).settle().approve("bob").until("production", EffectKind::Migrate);
    rested.ask("production", "bob", Command::Pause).settle();
    let mut holding = second(EffectKind::Watch);
    holding.ask("production", "bob", Command::Pause).end(
        "production",
        EffectKind::Watch,
        How::Well,
    );
    let mut asked = second(EffectKind::Watch);
    asked.end("production", EffectKind::Watch, How::Review);
    let mut lost = second(EffectKind::Migrate);
    lost.world.crash(false);
    let mut stopping = second(EffectKind::Start);
    stopping.ask("production", "bob", Command::Abort);
    let mut back = second(EffectKind::Watch);
    back.end("production", EffectKind::Watch, How::Worse);
    let mut damaged = second(EffectKind::Watch);
    damaged.end("production", EffectKind::Watch, How::Worse);
    damaged.end("production", EffectKind::Return, How::Badly { partly: false }).settle();
    let mut rolling = shipped(2);
    rolling.ask("production", "bob", Command::Rollback { to: None });
    let mut behind = second(EffectKind::Finish);
    behind.ask("production", "bob", Command::Rollback { to: None });
    vec![
        ("serving", shipped(1)),
        ("waiting for approval", waiting),
        ("queued behind a pause", queued),
        ("migrating", second(EffectKind::Migrate)),
        ("resting in a pause", rested),
        ("watching", second(EffectKind::Watch)),
        ("watching in a pause", holding),
        ("a guard asked", asked),
        ("a lost command asked", lost),
        ("finishing", second(EffectKind::Finish)),
        ("stopping", stopping),
        ("going back", back),
        ("damaged", damaged),
        ("rolling back", rolling),
        ("rollback waits", behind),
    ]
}

fn commands(env: &Environment) -> Vec<(&'static str, Command)> {
    let zero = shipway_core::digest::Digest::from_bytes([0; 32]);
    let identity = env.waiting.as_ref().map_or(zero, |waiting| waiting.identity);
    let serving = env.current.as_ref().map(|current| current.release);
    let verdict = Verdict::required("freeze", Position::shut("a freeze"));
    vec![
        ("approve", Command::Approve { identity }),
        ("approve another", Command::Approve { identity: zero }),
        ("reject", Command::Reject { identity, reason: "no".to_owned() }),
        ("rollback", Command::Rollback { to: None }),
        ("rollback to what serves", Command::Rollback { to: serving }),
        ("pause", Command::Pause),
        ("resume", Command::Resume),
        ("abort", Command::Abort),
        ("gate shuts", Command::Judge { verdict }),
        ("withdraw", Command::Withdraw { plan: PlanId::new("p2").unwrap() }),
        ("withdraw another", Command::Withdraw { plan: PlanId::new("p9").unwrap() }),
    ]
}

#[test]
fn every_state_answers_every_command() {
    let mut table = String::new();
    for (name, story) in states() {
        table.push_str(&format!("{name}\n"));
        let env = story.env("production");
        let stream = story.world.stream(&shop::env_stream("production"));
        for (asked, command) in commands(env) {
            let cause = Cause("input".to_owned());
            let now = story.world.now;
            let decided = stream.command(&Any::Env(command), &person("bob"), &cause, now);
            let answer = match decided {
                Err(illegal) => format!("no: {illegal}"),
                Ok(decided) => {
                    let mut words: Vec<String> = decided.records.iter().map(word).collect();
                    words.extend(decided.cancel.iter().map(|_| "calls off".to_owned()));
                    if words.is_empty() { "nothing to do".to_owned() } else { words.join(", ") }
                }
            };
            table.push_str(&format!("  {asked}: {answer}\n"));
        }
    }
    insta::assert_snapshot!(table, @"
    serving
      approve: no: nothing waits for approval in `production`
      approve another: no: nothing waits for approval in `production`
      reject: no: nothing waits for approval in `production`
      rollback: no: nothing good was in `production` before: nothing to go back to
      rollback to what serves: proposed, started, > start
      pause: paused
      resume: no: `production` is not paused
      abort: no: nothing is under way in `production`
      gate shuts: judged
      withdraw: nothing to do
      withdraw another: nothing to do
    waiting for approval
      approve: approved, cleared, started, > migrate
      approve another: no: what waits in `production` is now 1797a67746a7 of commit 00000002, not what was asked about
      reject: dropped, > tell
      rollback: no: nothing good was in `production` before: nothing to go back to
      rollback to what serves: dropped, > tell, proposed, started, > start
      pause: paused
      resume: no: `production` is not paused
      abort: no: nothing is under way in `production`
      gate shuts: judged
      withdraw: dropped, > tell
      withdraw another: nothing to do
    queued behind a pause
      approve: no: nothing waits for approval in `production`
      approve another: no: nothing waits for approval in `production`
      reject: no: nothing waits for approval in `production`
      rollback: no: nothing good was in `production` before: nothing to go back to
      rollback to what serves: dropped, > tell, proposed, started, > start
      pause: no: it is paused already
      resume: resumed, started, > migrate
      abort: dropped, > tell
      gate shuts: judged
      withdraw: dropped, > tell
      withdraw another: nothing to do
    migrating
      approve: no: nothing waits for approval in `production`
      approve another: no: nothing waits for approval in `production`
      reject: no: nothing waits for approval in `production`
      rollback: stopping, calls off
      rollback to what serves: stopping, calls off
      pause: paused
      resume: no: `production` is not paused
      abort: stopping, calls off
      gate shuts: judged
      withdraw: stopping, calls off
      withdraw another: nothing to do
    resting in a pause
      approve: no: nothing waits for approval in `production`
      approve another: no: nothing waits for approval in `production`
      reject: no: nothing waits for approval in `production`
      rollback: turned_back, failed, > tell
      rollback to what serves: turned_back, failed, > tell
      pause: no: it is paused already
      resume: resumed, > start
      abort: turned_back, failed, > tell
      gate shuts: judged
      withdraw: turned_back, failed, > tell
      withdraw another: nothing to do
    watching
      approve: no: nothing waits for approval in `production`
      approve another: no: nothing waits for approval in `production`
      reject: no: nothing waits for approval in `production`
      rollback: stopping, calls off
      rollback to what serves: stopping, calls off
      pause: paused
      resume: no: `production` is not paused
      abort: stopping, calls off
      gate shuts: judged
      withdraw: stopping, calls off
      withdraw another: nothing to do
    watching in a pause
      approve: no: nothing waits for approval in `production`
      approve another: no: nothing waits for approval in `production`
      reject: no: nothing waits for approval in `production`
      rollback: stopping, calls off
      rollback to what serves: stopping, calls off
      pause: no: it is paused already
      resume: resumed, > finish, calls off
      abort: stopping, calls off
      gate shuts: judged
      withdraw: stopping, calls off
      withdraw another: nothing to do
    a guard asked
      approve: no: nothing waits for approval in `production`
      approve another: no: nothing waits for approval in `production`
      reject: no: nothing waits for approval in `production`
      rollback: stopping, calls off
      rollback to what serves: stopping, calls off
      pause: paused
      resume: answered, step_done, > finish, calls off
      abort: stopping, calls off
      gate shuts: judged
      withdraw: stopping, calls off
      withdraw another: nothing to do
    a lost command asked
      approve: no: nothing waits for approval in `production`
      approve another: no: nothing waits for approval in `production`
      reject: no: nothing waits for approval in `production`
      rollback: turned_back, failed, > tell
      rollback to what serves: turned_back, failed, > tell
      pause: paused
      resume: answered, > migrate
      abort: turned_back, failed, > tell
      gate shuts: judged
      withdraw: turned_back, failed, > tell
      withdraw another: nothing to do
    finishing
      approve: no: nothing waits for approval in `production`
      approve another: no: nothing waits for approval in `production`
      reject: no: nothing waits for approval in `production`
      rollback: proposed
      rollback to what serves: proposed
      pause: paused
      resume: no: `production` is not paused
      abort: no: the new version has taken over already; `shipway rollback` goes back
      gate shuts: judged
      withdraw: nothing to do
      withdraw another: nothing to do
    stopping
      approve: no: nothing waits for approval in `production`
      approve another: no: nothing waits for approval in `production`
      reject: no: nothing waits for approval in `production`
      rollback: nothing to do
      rollback to what serves: nothing to do
      pause: paused
      resume: no: `production` is not paused
      abort: no: `production` is going back already
      gate shuts: judged
      withdraw: nothing to do
      withdraw another: nothing to do
    going back
      approve: no: nothing waits for approval in `production`
      approve another: no: nothing waits for approval in `production`
      reject: no: nothing waits for approval in `production`
      rollback: nothing to do
      rollback to what serves: nothing to do
      pause: paused
      resume: no: `production` is not paused
      abort: no: `production` is going back already
      gate shuts: judged
      withdraw: nothing to do
      withdraw another: nothing to do
    damaged
      approve: no: nothing waits for approval in `production`
      approve another: no: nothing waits for approval in `production`
      reject: no: nothing waits for approval in `production`
      rollback: proposed, started, > start
      rollback to what serves: proposed, started, > start
      pause: paused
      resume: no: `production` is not paused
      abort: no: nothing is under way in `production`
      gate shuts: judged
      withdraw: nothing to do
      withdraw another: nothing to do
    rolling back
      approve: no: nothing waits for approval in `production`
      approve another: no: nothing waits for approval in `production`
      reject: no: nothing waits for approval in `production`
      rollback: no: `production` is being rolled back to 6d3a650024cb already
      rollback to what serves: stopping, calls off
      pause: paused
      resume: no: `production` is not paused
      abort: stopping, calls off
      gate shuts: judged
      withdraw: nothing to do
      withdraw another: nothing to do
    rollback waits
      approve: no: nothing waits for approval in `production`
      approve another: no: nothing waits for approval in `production`
      reject: no: nothing waits for approval in `production`
      rollback: proposed
      rollback to what serves: proposed
      pause: paused
      resume: no: `production` is not paused
      abort: no: the new version has taken over already; `shipway rollback` goes back
      gate shuts: judged
      withdraw: nothing to do
      withdraw another: nothing to do
    ");
}

#[test]
fn every_state_takes_every_end_of_its_effect() {
    let mut table = String::new();
    for (name, story) in states() {
        let stream = story.world.stream(&shop::env_stream("production"));
        let own = story.world.running.iter().find(|(id, _)| id.stream == stream.id);
        let Some((id, effect)) = own else { continue };
        table.push_str(&format!("{name} ({})\n", effect.kind().name()));
        let failure = Failure::new(FailureCode::Target, "it failed");
        let ends = [
            ("done", Outcome::DONE),
            ("failed", Outcome::Failed { failure }),
            ("lost", Outcome::Lost),
            ("cancelled", Outcome::Cancelled),
        ];
        for (end, outcome) in ends {
            let decided = stream.ended(id.version, outcome, story.world.now).unwrap();
            let words: Vec<String> = decided.records.iter().skip(1).map(word).collect();
            table.push_str(&format!("  {end}: {}\n", words.join(", ")));
        }
    }
    insta::assert_snapshot!(table, @"
    migrating (migrate)
      done: step_done, > start
      failed: turned_back, failed, > tell
      lost: asked
      cancelled: turned_back, failed, > tell
    watching (watch)
      done: step_done, > finish
      failed: turned_back, > return
      lost: step_repeated, > watch
      cancelled: turned_back, > return
    watching in a pause (watch)
      done: step_repeated, > watch
      failed: turned_back, > return
      lost: step_repeated, > watch
      cancelled: step_repeated, > watch
    a guard asked (watch)
      done: step_repeated, > watch
      failed: turned_back, > return
      lost: step_repeated, > watch
      cancelled: step_repeated, > watch
    finishing (finish)
      done: step_done, > finish
      failed: turned_back, > return
      lost: step_repeated, > finish
      cancelled: turned_back, > return
    stopping (start)
      done: turned_back, > remove
      failed: turned_back, > remove
      lost: turned_back, > remove
      cancelled: turned_back, > remove
    going back (return)
      done: back_step_done, > return
      failed: back_step_done, > return
      lost: step_repeated, > return
      cancelled: back_step_done, > return
    rolling back (start)
      done: step_done, > start
      failed: turned_back, > remove
      lost: step_repeated, > start
      cancelled: turned_back, > remove
    rollback waits (finish)
      done: step_done, > finish
      failed: turned_back, > return
      lost: step_repeated, > finish
      cancelled: turned_back, > return
    ");
}

#[test]
fn every_state_takes_or_refuses_every_event() {
    let states = states();
    let mut events: BTreeMap<String, Event> = BTreeMap::new();
    let mut answered = Story::new(SHOP);
    answered.ship("p1", 1).settle().ship("p2", 1).settle().approve("bob");
    answered.end("production", EffectKind::Watch, How::Review);
    answered.ask("production", "bob", Command::Pause).ask("production", "bob", Command::Resume);
    let all = states.iter().map(|(_, story)| story).chain([&answered]);
    for story in all {
        for record in &story.world.records {
            if let Record::Env(event) = record {
                events.insert(word(record), event.clone());
            }
        }
    }
    let mut table = format!("of: {}\n", events.keys().cloned().collect::<Vec<_>>().join(", "));
    for (name, story) in &states {
        let env = story.env("production");
        let now = story.world.now;
        let taken = events.iter().filter(|(_, event)| env.clone().evolve(event, now).is_ok());
        let taken: Vec<&str> = taken.map(|(word, _)| word.as_str()).collect();
        table.push_str(&format!("{name}: {}\n", taken.join(", ")));
    }
    insta::assert_snapshot!(table, @"
    of: already_there, answered, approved, asked, back_step_done, cleared, dropped, failed, paused, proposed, resumed, started, step_done, stopping, succeeded, turned_back
    serving: already_there, dropped, paused, proposed
    waiting for approval: already_there, dropped, paused, proposed
    queued behind a pause: already_there, dropped, proposed, resumed
    migrating: already_there, asked, dropped, paused, proposed, stopping, turned_back
    resting in a pause: already_there, asked, dropped, proposed, resumed, stopping, turned_back
    watching: already_there, asked, dropped, paused, proposed, step_done, stopping, turned_back
    watching in a pause: already_there, asked, dropped, proposed, resumed, stopping, turned_back
    a guard asked: already_there, answered, asked, dropped, paused, proposed, step_done, stopping, turned_back
    a lost command asked: already_there, answered, asked, dropped, paused, proposed, stopping, turned_back
    finishing: already_there, asked, dropped, paused, proposed, stopping, turned_back
    stopping: already_there, dropped, paused, proposed, turned_back
    going back: already_there, back_step_done, dropped, paused, proposed
    damaged: already_there, dropped, paused, proposed
    rolling back: already_there, asked, dropped, paused, proposed, stopping, turned_back
    rollback waits: already_there, asked, dropped, paused, proposed, stopping, turned_back
    ");
}

/// Every plan and run × everything it can be told, from all that stories say.
#[test]
fn plans_and_runs_answer_everything_they_can_be_told() {
    let stories = states();
    let mut told: Vec<Any> = vec![
        Any::Plan(shipway_core::plan::Command::Cancel),
        Any::Run(shipway_core::run::Command::Cancel),
    ];
    for (_, story) in &stories {
        for record in &story.world.records {
            match record {
                Record::Intent { effect: shipway_core::effect::Effect::Tell { command, .. } } => {
                    told.push((**command).clone());
                }
                Record::Plan(shipway_core::plan::Event::Opened { plan, .. }) => {
                    let plan = plan.clone();
                    told.push(Any::Plan(shipway_core::plan::Command::Open { plan }));
                }
                _ => {}
            }
        }
    }
    let (mut fine, mut refused) = (0, 0);
    for (_, story) in &stories {
        let ids: std::collections::BTreeSet<StreamId> =
            story.world.journal.iter().map(|entry| entry.stream.clone()).collect();
        for id in ids {
            let stream = story.world.stream(&id);
            for command in &told {
                let cause = Cause("input".to_owned());
                match stream.command(command, &Actor::Engine, &cause, story.world.now) {
                    Ok(decided) => {
                        // What is decided can happen.
                        let mut after = stream.clone();
                        for record in &decided.records {
                            after.evolve(record, Some(&cause), story.world.now).unwrap();
                        }
                        fine += 1;
                    }
                    Err(illegal) => {
                        assert!(!illegal.message.is_empty());
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(fine > 100 && refused > 100, "{fine} fine, {refused} refused");
}

fn word(record: &Record) -> String {
    let json = match record {
        Record::Env(event) => serde_json::to_value(event).unwrap(),
        Record::Group(event) => serde_json::to_value(event).unwrap(),
        Record::Gates(event) => serde_json::to_value(event).unwrap(),
        Record::Plan(event) => serde_json::to_value(event).unwrap(),
        Record::Run(event) => serde_json::to_value(event).unwrap(),
        Record::Intent { effect } => return format!("> {}", effect.kind().name()),
        Record::Ended { .. } => return "ended".to_owned(),
    };
    json["event"].as_str().unwrap().to_owned()
}

/// An effect that is not the environment's own changes nothing.
#[test]
fn the_end_of_an_unknown_effect_changes_nothing() {
    for (name, story) in states() {
        let env = story.env("production");
        let effect = shipway_core::effect::EffectId {
            stream: shop::env_stream("production"),
            version: shipway_core::journal::Version(9_999),
        };
        let input = Input::Ended { effect, outcome: Outcome::DONE };
        let decided: Vec<Decision<Event>> = env.decide(&input, story.world.now).unwrap();
        assert_eq!(decided, Vec::new(), "{name}");
    }
}

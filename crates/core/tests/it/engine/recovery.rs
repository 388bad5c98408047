//! A crash after every entry in turn: the journal alone is enough to go on.

use shipway_core::effect::EffectKind;

use super::shop::SHOP;
use super::story::Story;
use super::world::How;

/// Ships two commits, crashing once when the journal has `at` entries; says
/// how many entries there were in the end.
fn ship_with_a_crash(at: usize, happened: bool) -> usize {
    let mut story = Story::new(SHOP);
    let mut crashed = false;
    for n in [1, 2] {
        story.ship(&format!("p{n}"), n);
        for _ in 0..200 {
            if !crashed && story.world.journal.len() >= at {
                crashed = true;
                story.world.crash(happened);
            }
            let waiting = story.world.live.environments().any(|env| env.waiting.is_some());
            let asked = story.world.live.environments().any(|env| {
                env.active.as_ref().is_some_and(|active| active.deployment.question.is_some())
            });
            if waiting {
                story.approve("bob");
            } else if asked {
                for name in ["staging", "production"] {
                    let resume = shipway_core::environment::Command::Resume;
                    let _ = story.try_ask(name, "bob", resume);
                }
            } else if !story.world.hand_over_one(false) && !story.world.finish_at(0, How::Well) {
                break;
            }
        }
    }
    assert_eq!(story.world.live.open_plans().count(), 0);
    story.world.journal.len()
}

#[test]
fn a_crash_after_any_entry_ends_as_without() {
    let entries = ship_with_a_crash(usize::MAX, false);
    assert!(entries > 100, "{entries}");
    for at in 1..entries {
        ship_with_a_crash(at, false);
        ship_with_a_crash(at, true);
    }
}

#[test]
fn what_was_called_off_is_not_begun_again() {
    let mut story = Story::new(SHOP);
    story.ship("p1", 1).settle().approve("bob").settle();
    story.ship("p2", 2).settle().approve("bob");
    story.end("production", EffectKind::Watch, How::Review);
    story.ask("production", "bob", shipway_core::environment::Command::Abort);
    story.world.crash(false);
    let watches = story.world.running.values().filter(|e| e.kind() == EffectKind::Watch);
    assert_eq!(watches.count(), 0);
    story.settle();
    assert!(story.env("production").active.is_none());
}

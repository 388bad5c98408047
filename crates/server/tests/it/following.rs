//! Reading along: the same views, however they are come by.

use jiff::Timestamp;
use shipway_core::environment::Event;
use shipway_core::journal::{Actor, NewEntry, Seq, StreamId, Version};
use shipway_core::stream::Record;
use shipway_server::follow::{Follower, Views};
use shipway_store::{Batch, Durability, Holder, Journal as _, Snapshot};

use crate::world::{SHOP, World, staging};

fn anew(world: &World) -> Views {
    let mut views = Views::default();
    views.catch_up(&world.store, |_, _| {}).unwrap();
    views
}

/// Appends pauses and resumes: `count` entries.
fn fill(world: &World, count: usize) {
    let journal = world.store.journal();
    let held = std::time::Duration::from_secs(60);
    let epoch = journal.acquire(&Holder::this_process("fill"), held).unwrap();
    let entry = |n: usize| {
        let event = if n.is_multiple_of(2) { Event::Paused } else { Event::Resumed };
        let payload = serde_json::to_string(&Record::Env(event)).unwrap();
        NewEntry { at: Timestamp::now(), actor: Actor::Engine, cause: None, payload }
    };
    let entries = (0..count).map(entry).collect();
    let batch = Batch::of(StreamId::Env(staging()), Version(0), entries);
    journal.append(epoch, batch, Durability::Durable).unwrap();
    journal.release(epoch).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_views_and_what_came_since_are_the_views_folded_anew() {
    let world = World::new(SHOP);
    world.ship().await;
    world.change("2");
    world.ship().await;
    assert_eq!(world.views(), anew(&world));
    assert_eq!(world.views().history.lines.len(), 2);
}

#[test]
fn a_snapshot_that_cannot_be_read_is_folded_anew() {
    let world = World::new(SHOP);
    fill(&world, 10);
    for bytes in [&b"not json"[..], b"{\"live\":{}}", b""] {
        let (view, seq) = ("views".to_owned(), Seq(7));
        let snapshot = Snapshot { view, schema: 1, seq, bytes: bytes.to_vec() };
        world.store.journal().put_snapshot(&snapshot).unwrap();
        assert_eq!(world.views(), anew(&world));
    }
}

#[test]
fn a_journal_of_many_pages_is_read_to_its_end() {
    let world = World::new(SHOP);
    // Whole pages: the end is where nothing more comes.
    fill(&world, 3000);
    let views = anew(&world);
    assert_eq!(views.live.seq, Seq(3000));
    assert_eq!(world.views(), views, "and is kept");
    assert_eq!(world.views(), views);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_hears_what_others_read() {
    let world = World::new(SHOP);
    let id = world.open();
    let mut engine = world.engine().await;
    let mut follower = Follower::new(&world.store).unwrap();
    let begun = follower.views.live.seq.0;
    let mut news = engine.news();
    crate::world::until(&mut engine, |views| {
        crate::world::end(views, &id).is_some() && !crate::world::busy(views)
    })
    .await;
    let heard = follower.hear(&mut news).unwrap();
    engine.stop().await.unwrap();
    let mut reader = Follower::new(&world.store).unwrap();
    assert!(reader.look(&world.store).unwrap().is_empty(), "nothing comes later");
    assert_eq!(follower.views, reader.views);
    let read = world.store.journal().read(Seq(begun + 1), 1000).unwrap();
    let heard: Vec<_> = heard.into_iter().map(|(entry, _)| entry).collect();
    assert_eq!(heard, read);
    assert!(follower.hear(&mut news).unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_sees_every_entry_once() {
    let world = World::new(SHOP);
    let mut follower = Follower::new(&world.store).unwrap();
    let id = world.open();
    let mut engine = world.engine().await;
    let mut seen = Vec::new();
    crate::world::until(&mut engine, |views| {
        let news = follower.look(&world.store).unwrap();
        seen.extend(news.into_iter().map(|(entry, _)| entry.seq.0));
        crate::world::end(views, &id).is_some() && !crate::world::busy(views)
    })
    .await;
    engine.stop().await.unwrap();
    let news = follower.look(&world.store).unwrap();
    seen.extend(news.into_iter().map(|(entry, _)| entry.seq.0));
    assert_eq!(seen, (1..=world.views().live.seq.0).collect::<Vec<_>>());
    assert!(follower.look(&world.store).unwrap().is_empty());
    assert_eq!(follower.views, anew(&world));
}

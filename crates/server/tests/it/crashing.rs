//! The engine dies after every entry of a delivery, and another goes on.

use std::collections::{BTreeMap, BTreeSet};

use shipway_core::plan::End;

use crate::world::{SHOP, World, end, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_ends_wherever_the_engine_dies() {
    let world = World::new(SHOP);
    assert_eq!(world.ship().await, End::Delivered);
    let mut points = 0;
    for point in 1.. {
        world.change(&format!("change {point}"));
        let (from, told) = (world.views().live.seq.0, world.target.calls().len());
        let commands = world.ran().len();
        let id = world.open();
        let mut engine = world.engine().await;
        let there = |views: &shipway_server::follow::Views| views.live.seq.0 >= from + point;
        until(&mut engine, |views| there(views) || end(views, &id).is_some()).await;
        let over = end(engine.views(), &id).is_some();
        world.die(engine).await;
        assert_eq!(world.see_through(&id).await, End::Delivered, "dead at entry {point}");
        assert_eq!(world.traffic().await.len(), 1, "dead at entry {point}");

        let ran = &world.ran()[commands..];
        let effects: BTreeSet<_> = ran.iter().collect();
        assert_eq!(effects.len(), ran.len(), "once is once: {ran:?} (dead at entry {point})");
        assert!((2..=3).contains(&ran.len()), "one is lost at most: {ran:?}");

        let mut shares = BTreeMap::new();
        for call in &world.target.calls()[told..] {
            assert!(call.done, "{call:?}");
            assert_eq!(call.weights.iter().map(|w| w.1).sum::<u8>(), 100, "{call:?}");
            let first = shares.entry(call.effect.clone()).or_insert_with(|| call.weights.clone());
            assert_eq!(*first, call.weights, "the same effect asks for the same");
        }
        assert_eq!(shares.len(), 3, "start, shift, finish: {shares:?}");
        if over {
            break;
        }
        points += 1;
    }
    assert!(points >= 15, "the engine died at {points} points only");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_delivery_goes_back_wherever_the_engine_dies() {
    let world = World::new(SHOP);
    assert_eq!(world.ship().await, End::Delivered);
    let failing = SHOP.replace("smoke: echo", "smoke: exit 1; echo");
    world.write("shipway.yaml", &failing);
    for point in 1.. {
        world.change(&format!("change {point}"));
        let from = world.views().live.seq.0;
        let id = world.open();
        let mut engine = world.engine().await;
        let there = |views: &shipway_server::follow::Views| views.live.seq.0 >= from + point;
        until(&mut engine, |views| there(views) || end(views, &id).is_some()).await;
        let over = end(engine.views(), &id).is_some();
        world.die(engine).await;
        let end = world.see_through(&id).await;
        assert!(crate::world::why(&end).starts_with("Smoke: "), "{end:?} (entry {point})");
        assert_eq!(world.traffic().await, [("staging.1".to_owned(), 100)], "entry {point}");
        if over {
            return;
        }
    }
}

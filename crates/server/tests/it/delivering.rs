//! A delivery from the commit to the traffic.

use shipway_core::plan::End;
use shipway_server::planner::Shipping;

use crate::world::{SHOP, World, api, why};

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_is_built_tried_and_gets_the_traffic() {
    let world = World::new(SHOP);
    assert_eq!(world.ship().await, End::Delivered);
    assert_eq!(world.serving().as_deref(), Some("staging.1"));
    assert_eq!(world.traffic().await, [("staging.1".to_owned(), 100)]);
    assert_eq!(world.ran().len(), 2, "a migration and a smoke test: {:?}", world.ran());
    let nothing_left = std::fs::read_dir(world.folders.all_work()).unwrap().count();
    assert_eq!(nothing_left, 0, "workspaces");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_release_has_the_outputs_alone() {
    let world = World::new(SHOP);
    world.ship().await;
    let views = world.views();
    let release = views.live.recent[0].release.clone().unwrap().1;
    let folder = world.folders.release(release.services[&api()].digest());
    let files: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(files, ["api"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_ship_has_nothing_to_do_and_a_change_is_built() {
    let world = World::new(SHOP);
    world.ship().await;
    assert!(matches!(world.shipping("HEAD", "main").unwrap(), Shipping::AlreadyThere(_)));
    world.change("2");
    assert_eq!(world.ship().await, End::Delivered);
    assert_eq!(world.traffic().await, [("staging.2".to_owned(), 100)]);
    let moved = world.target.calls();
    let served = moved.iter().skip_while(|call| call.weights.is_empty());
    assert!(served.clone().all(|c| c.weights.iter().map(|w| w.1).sum::<u8>() == 100), "{moved:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_stay_within_their_folder_unless_they_say_otherwise() {
    let outputs = |outputs: &str| {
        SHOP.replace(
            "cp source api, outputs: [api]",
            &format!("mkdir d && touch a.x d/b.x, outputs: {outputs}"),
        )
    };
    for (given, expected) in [("['*.x']", 1), ("['**/*.x']", 2), ("[d]", 1), ("['./d/']", 1)] {
        let world = World::new(&outputs(given));
        assert_eq!(world.ship().await, End::Delivered, "{given}");
        let views = world.views();
        let release = views.live.recent[0].release.clone().unwrap().1;
        let blob = world.store.blobs().open_blob(&release.services[&api()].digest()).unwrap();
        assert_eq!(tar::Archive::new(blob).entries().unwrap().count(), expected, "{given}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_fails_or_leaves_nothing_says_so() {
    for (build, reason) in [
        ("echo no compiler; exit 3", "Build: the build of api failed: exit code 3"),
        ("'true'", "Build: api cannot be built: it left none of the files that `outputs` names"),
    ] {
        let world = World::new(&SHOP.replace("cp source api", build));
        assert_eq!(why(&world.ship().await), reason);
        assert_eq!(world.target.calls(), [], "the target was not asked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_takes_too_long_is_killed() {
    let build = "run: sleep 1000, timeout: 100ms";
    let world = World::new(&SHOP.replace("run: cp source api", build));
    assert_eq!(why(&world.ship().await), "Build: the build of api failed: not done within 100ms");
}

//! The built-in actions/cache and its halves.

use shipway_results::{CacheMode, Scope};
use shipway_runner::protocol::JobResult;

use crate::support::{Heard, Run};

const SAVE: &str =
    "- run: mkdir -p deps/bin; echo one > deps/a; echo two > deps/bin/b; chmod 750 deps/bin/b
- {id: c, uses: actions/cache@v4, with: {path: deps, key: 'deps-1', restore-keys: 'deps-'}}
- run: echo \"hit '${{ steps.c.outputs.cache-hit }}'\"";

fn restore(with: &str) -> String {
    format!(
        "- run: rm -rf deps
- {{id: c, uses: actions/cache/restore@v4, with: {{path: deps, {with}}}}}
- run: |
    echo \"hit '${{{{ steps.c.outputs.cache-hit }}}}' of '${{{{ steps.c.outputs.cache-matched-key }}}}'\"
    cat deps/a deps/bin/b 2>/dev/null && stat -c %a deps/bin/b || echo nothing"
    )
}

fn succeeded(heard: &Heard) -> String {
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
    heard.output()
}

#[tokio::test]
async fn a_cache_is_saved_at_the_end_and_restored_by_key_and_by_prefix() {
    let run = Run::new();
    let first = run.steps(SAVE).await;
    assert_eq!(succeeded(&first), "hit ''\n");
    assert!(first.log().contains("Cache not found for input keys: deps-1, deps-"));
    assert!(first.log().contains("Cache saved with key: deps-1"), "{}", first.log());
    let names: Vec<&str> = first.reports().iter().map(|report| report.name.as_str()).collect();
    assert_eq!(names.last(), Some(&"Post Run actions/cache@v4"));

    let content = "one\ntwo\n750\n";
    let exact = run.steps(&restore("key: deps-1")).await;
    assert_eq!(succeeded(&exact), format!("hit 'true' of 'deps-1'\n{content}"));
    let prefix = run.steps(&restore("key: deps-2, restore-keys: deps-")).await;
    assert_eq!(succeeded(&prefix), format!("hit 'false' of 'deps-1'\n{content}"));
    let miss = run.steps(&restore("key: other")).await;
    assert_eq!(succeeded(&miss), "hit '' of ''\nnothing\n");
    let look = run.steps(&restore("key: deps-1, lookup-only: true")).await;
    assert_eq!(succeeded(&look), "hit 'true' of 'deps-1'\nnothing\n");
    let required = run.steps(&restore("key: other, fail-on-cache-miss: true")).await;
    assert!(required.reason().contains("fail-on-cache-miss is set. Input key: other"));

    let again = run.steps(SAVE).await;
    assert_eq!(succeeded(&again), "hit 'true'\n");
    assert!(again.log().contains("Cache hit occurred on the primary key deps-1, not saving"));
}

#[tokio::test]
async fn a_job_that_failed_saves_nothing_at_its_end() {
    let run = Run::new();
    let failed = run.steps(&format!("{SAVE}\n- run: exit 1")).await;
    assert_eq!(failed.result(), JobResult::Failure);
    let miss = run.steps(&restore("key: deps-1")).await;
    assert_eq!(succeeded(&miss), "hit '' of ''\nnothing\n");
}

#[tokio::test]
async fn saving_is_a_step_of_its_own_and_never_fails_the_job() {
    let run = Run::new();
    let heard = run
        .steps(
            "- run: mkdir -p a/node_modules b/node_modules out; echo a > a/node_modules/x; echo b > b/node_modules/y
- {uses: actions/cache/save@v4, with: {path: '**/node_modules', key: k}}
- {uses: actions/cache/save@v4, with: {path: '**/node_modules', key: k}}
- {uses: actions/cache/save@v4, with: {path: none, key: none}}
- {uses: actions/cache/save@v4, with: {path: out, key: 'a,b'}}
- run: rm -r a b
- {uses: actions/cache/restore@v4, with: {path: '**/node_modules', key: k}}
- run: cat a/node_modules/x b/node_modules/y",
        )
        .await;
    assert_eq!(succeeded(&heard), "a\nb\n");
    assert!(heard.log().contains("Unable to reserve cache with key k"), "{}", heard.log());
    let warnings: Vec<&str> = heard.annotations().iter().map(|note| &*note.message).collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("do(es) not exist, hence no cache is being saved."));
    assert!(warnings[1].contains("cannot contain commas"));
}

#[tokio::test]
async fn caches_of_other_branches_are_not_seen() {
    let mut run = Run::new();
    let scope = |name: &str| Scope(format!("refs/heads/{name}"));
    succeeded(&run.steps(SAVE).await);
    run.scopes = vec![scope("topic"), scope("main")];
    let of_base = run.steps(&restore("key: deps-1")).await;
    assert!(succeeded(&of_base).starts_with("hit 'true'"));
    run.scopes = vec![scope("unrelated")];
    let of_nobody = run.steps(&restore("key: deps-1")).await;
    assert_eq!(succeeded(&of_nobody), "hit '' of ''\nnothing\n");
}

#[tokio::test]
async fn the_cache_mode_holds() {
    let mut run = Run::new();
    run.cache_mode = CacheMode::Read;
    let read = run.steps(SAVE).await;
    succeeded(&read);
    assert!(read.log().contains("Nothing is saved: the cache mode of this job is `read`"));
    run.cache_mode = CacheMode::WriteOnly;
    let write = run.steps(SAVE).await;
    succeeded(&write);
    assert!(write.log().contains("Cache saved with key: deps-1"), "{}", write.log());
    let again = run.steps(&restore("key: deps-1")).await;
    assert_eq!(succeeded(&again), "hit '' of ''\nnothing\n");
    assert!(again.log().contains("Nothing is restored: the cache mode"));
}

use super::{GitRef, TriggerEvent};
use crate::model::{Event, Workflow};

const JOBS: &str = "jobs: {a: {runs-on: x, steps: [{run: x}]}}\n";

fn matches(on: &str, event: &TriggerEvent) -> String {
    let text = format!("{on}\n{JOBS}");
    let workflow = Workflow::read("f.yml", &text).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(|p| p.render(&text)).collect::<String>())
    });
    let verdict = workflow.on.matches(event);
    format!("{}: {}", if verdict.is_yes() { "yes" } else { "no" }, verdict.why())
}

fn branch(name: &str, changed: &[&str]) -> TriggerEvent {
    let changed = changed.iter().map(|path| (*path).to_owned()).collect();
    TriggerEvent::push(GitRef::Branch(name.into()), Some(changed))
}

fn tag(name: &str) -> TriggerEvent {
    TriggerEvent::push(GitRef::Tag(name.into()), None)
}

#[test]
fn pushes() {
    let main = branch("main", &["src/a.rs"]);
    let on = "on: {push: {branches: [main, 'release/**', '!release/**-alpha', 'release/9-alpha']}}";
    let only_tags = "on: {push: {tags: ['v*']}}";
    let both = "on: {push: {branches: [main], tags: ['v*']}}";
    let ignore = "on: {push: {branches-ignore: ['wip/**']}}";
    let table = [
        matches("on: push", &main),
        matches("on: [pull_request]", &main),
        matches(on, &main),
        matches(on, &branch("release/1", &[])),
        matches(on, &branch("release/1-alpha", &[])),
        matches(on, &branch("release/9-alpha", &[])),
        matches(on, &branch("other", &[])),
        matches(on, &tag("v1")),
        matches(only_tags, &tag("v1")),
        matches(only_tags, &main),
        matches(both, &main),
        matches(both, &tag("v1")),
        matches(ignore, &branch("wip/x", &[])),
        matches(ignore, &main),
        matches(ignore, &tag("v1")),
    ];
    insta::assert_snapshot!(table.join("\n"), @r"
    yes: `push`
    no: it is not started by `push`
    yes: `push`, branch `main` fits `main`
    yes: `push`, branch `release/1` fits `release/**`
    no: branch `release/1-alpha` is excluded by `!release/**-alpha`
    yes: `push`, branch `release/9-alpha` fits `release/9-alpha`
    no: branch `other` fits none of: main, release/**, !release/**-alpha, release/9-alpha
    no: `v1` is a tag, and only branches start it
    yes: `push`, tag `v1` fits `v*`
    no: `main` is a branch, and only tags start it
    yes: `push`, branch `main` fits `main`
    yes: `push`, tag `v1` fits `v*`
    no: branch `wip/x` is ignored by `wip/**`
    yes: `push`, branch `main` is not ignored
    no: `v1` is a tag, and only branches start it
    ");
}

#[test]
fn changed_files() {
    let on = "on: {push: {paths: ['src/**', '!src/docs/**']}}";
    let ignore = "on: {push: {paths-ignore: ['docs/**', '**.md']}}";
    let unknown = TriggerEvent { changed: None, ..branch("main", &[]) };
    let table = [
        matches(on, &branch("main", &["README.md", "src/a.rs"])),
        matches(on, &branch("main", &["src/docs/a.md"])),
        matches(on, &branch("main", &[])),
        matches(on, &unknown),
        matches(on, &tag("v1")),
        matches(ignore, &branch("main", &["docs/a", "b.md"])),
        matches(ignore, &branch("main", &["docs/a", "b.rs"])),
        matches(ignore, &branch("main", &[])),
    ];
    insta::assert_snapshot!(table.join("\n"), @r"
    yes: `push`, `src/a.rs` changed
    no: no changed file fits: src/**, !src/docs/**
    no: no changed file fits: src/**, !src/docs/**
    yes: `push`, what changed is not known
    yes: `push`
    no: all changed files are ignored by: docs/**, **.md
    yes: `push`, `b.rs` changed
    yes: `push`, nothing changed that is ignored by: docs/**, **.md
    ");
}

#[test]
fn pull_requests_and_the_rest() {
    let pr = |activity: &str| TriggerEvent::pull_request("main", activity, None);
    let runs = |name: &str| TriggerEvent {
        workflow: Some(name.into()),
        activity: Some("completed".into()),
        git_ref: Some(GitRef::Branch("main".into())),
        ..TriggerEvent::new(Event::WorkflowRun)
    };
    let follows = "on: {workflow_run: {workflows: [CI], types: [completed], branches: [main]}}";
    let due =
        |cron: &str| TriggerEvent { cron: Some(cron.into()), ..TriggerEvent::new(Event::Schedule) };
    let schedule = "on: {schedule: [{cron: '0 5 * * 1'}]}";
    let table = [
        matches("on: pull_request", &pr("opened")),
        matches("on: pull_request", &pr("closed")),
        matches("on: {pull_request: {types: [closed]}}", &pr("closed")),
        matches("on: {pull_request: {branches: [main]}}", &pr("opened")),
        matches("on: {pull_request: {branches: ['release/*']}}", &pr("opened")),
        matches("on: workflow_dispatch", &TriggerEvent::new(Event::WorkflowDispatch)),
        matches(follows, &runs("CI")),
        matches(follows, &runs("Other")),
        matches(schedule, &due("0 5 * * 1")),
        matches(schedule, &due("0 6 * * 1")),
        matches("on: {release: {types: [published]}}", &TriggerEvent::new(Event::Release)),
    ];
    insta::assert_snapshot!(table.join("\n"), @r"
    yes: `pull_request`, type `opened`
    no: type `closed` is none of its types: opened, synchronize, reopened
    yes: `pull_request`, type `closed`
    yes: `pull_request`, type `opened`, branch `main` fits `main`
    no: branch `main` fits none of: release/*
    yes: `workflow_dispatch`
    yes: `workflow_run`, type `completed`, branch `main` fits `main`, workflow `CI`
    no: it does not follow the workflow `Other`
    yes: `schedule`, at `0 5 * * 1`
    no: `0 6 * * 1` is not in its schedule
    no: the event has no type, and its types are: published
    ");
}

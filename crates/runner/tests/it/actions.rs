//! Built-in actions: checkout and artifacts.

use shipway_runner::protocol::JobResult;

use crate::support::{Run, read};

#[tokio::test]
async fn checkout_is_the_commit_on_its_branch() {
    let run = Run::new();
    let old = run.commit("src/a.txt", "old\n");
    run.git(&["tag", "v1"]);
    run.git(&["branch", "feature"]);
    run.commit("src/a.txt", "new\n");
    std::fs::write(run.repository().join("src/a.txt"), "not committed").unwrap();
    let heard = run
        .steps(
            "- {uses: actions/checkout@v4, id: c}
- run: cat src/a.txt; git branch --show-current; git rev-list --count HEAD; git status --short
- run: '[ ${{ steps.c.outputs.commit }} = $GITHUB_SHA ] && echo same'
- {uses: Actions/Checkout@main, with: {ref: v1, path: other}}
- run: cat other/src/a.txt; git -C other rev-parse HEAD
- {uses: actions/checkout@v3, with: {ref: refs/heads/feature, path: third, fetch-depth: 0}}
- run: cat third/src/a.txt; git -C third tag; git -C third branch --remotes
- run: touch junk; echo changed > src/a.txt
- uses: actions/checkout@v4
- run: cat src/a.txt; ls -d junk other 2>/dev/null || echo clean
- {run: git push --quiet origin HEAD:refs/heads/stolen, continue-on-error: true}",
        )
        .await;
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
    let lines: Vec<String> = heard
        .output()
        .lines()
        .filter(|l| !l.starts_with("HEAD is now at"))
        .map(str::to_owned)
        .collect();
    let head = ["new", "main", "3", "same", "old", &old, "old", "v1"];
    assert_eq!(lines[..8], head, "{lines:?}");
    assert!(lines.iter().any(|line| line.trim() == "origin/feature"), "{lines:?}");
    assert!(lines.contains(&"clean".to_owned()), "{lines:?}");
    assert!(!run.git(&["branch"]).contains("stolen"));
    assert_eq!(read(run.repository().join("src/a.txt")), "not committed");
}

#[tokio::test]
async fn checkout_says_what_it_cannot_do() {
    let run = Run::new();
    for (with, message) in [
        ("{ref: no-such}", "exit code 1"),
        // Only the released action does it, and there is none here.
        ("{repository: other/repo}", "cannot get the action `actions/checkout@v4`"),
        ("{repository: '${{ 'other' }}/repo'}", "cannot get the action `actions/checkout@v4`"),
        ("{submodules: recursive}", "cannot get the action `actions/checkout@v4`"),
        ("{path: ../../out}", "is not under"),
    ] {
        let heard = run.steps(&format!("- {{uses: actions/checkout@v4, with: {with}}}")).await;
        assert_eq!(heard.result(), JobResult::Failure, "{with}");
        assert!(heard.reason().contains(message), "{with}: {}", heard.reason());
    }
}

const TWO_JOBS: &str = "
on: push
jobs:
  left:
    runs-on: x
    steps:
      - run: mkdir -p dist/deep; echo left > dist/a.txt; echo deep > dist/deep/b.txt; echo no > dist/c.log
      - {uses: actions/upload-artifact@v4, with: {name: left-files, path: \"dist\\n!dist/*.log\"}}
  right:
    runs-on: x
    steps:
      - run: printf '#!/bin/sh\\necho ran' > tool; chmod +x tool
      - {uses: actions/upload-artifact@v4, with: {name: right-tool, path: tool}, id: u}
      - run: echo ${{ steps.u.outputs.artifact-digest }} | grep -cE '^[0-9a-f]{64}$'
  after:
    runs-on: x
    steps:
      - {uses: actions/download-artifact@v4, with: {name: left-files, path: one}}
      - {uses: actions/download-artifact@v4}
      - {uses: actions/download-artifact@v4, with: {pattern: '*-*', merge-multiple: true, path: all}}
      - run: find . -type f | sort; one/../right-tool/tool
      - {uses: actions/download-artifact@v4, with: {name: nope}}
";

#[tokio::test]
async fn artifacts_go_from_parallel_jobs_to_a_later_one() {
    let run = Run::new();
    let (left, right) = tokio::join!(run.job("left", TWO_JOBS), run.job("right", TWO_JOBS));
    assert_eq!(left.result(), JobResult::Success, "{}", left.log());
    assert_eq!(right.result(), JobResult::Success, "{}", right.log());
    assert_eq!(right.output(), "1\n");
    let after = run.job("after", TWO_JOBS).await;
    assert_eq!(
        after.output(),
        "./all/a.txt\n./all/deep/b.txt\n./all/tool\n./left-files/a.txt\n./left-files/deep/b.txt\n\
         ./one/a.txt\n./one/deep/b.txt\n./right-tool/tool\nran\n",
        "{}",
        after.log()
    );
    assert!(
        after.reason().ends_with(
            "Artifact not found for name: nope. Artifacts of this run: left-files, right-tool"
        ),
        "{}",
        after.reason()
    );
}

#[tokio::test]
async fn what_matches_nothing_is_as_wanted() {
    let run = Run::new();
    let step = |with: &str| {
        format!("- {{uses: actions/upload-artifact@v4, with: {{path: none, {with}}}}}")
    };
    let heard = run.steps(&step("name: a")).await;
    assert_eq!(heard.result(), JobResult::Success);
    assert!(
        heard.annotations()[0]
            .message
            .starts_with("No files were found with the provided path: none")
    );
    assert_eq!(run.steps(&step("if-no-files-found: error")).await.result(), JobResult::Failure);
    assert!(run.steps(&step("if-no-files-found: ignore")).await.annotations().is_empty());
    let heard = run
        .steps(
            "- run: echo x > x
- {uses: actions/upload-artifact@v4, with: {path: x}}
- {uses: actions/upload-artifact@v4, with: {path: x, overwrite: true}}
- {uses: actions/upload-artifact@v4, with: {path: x}}",
        )
        .await;
    assert!(
        heard.reason().contains("an artifact with this name already exists"),
        "{}",
        heard.reason()
    );
    assert_eq!(heard.reports().len(), 4);
}

#[tokio::test]
async fn files_are_hashed_in_a_fixed_order() {
    let heard = Run::new()
        .steps(
            "- run: mkdir d; echo a > d/a.lock; echo b > d/b.lock
- run: echo ${{ hashFiles('**/*.lock') }} '${{ hashFiles('none') }}'
- run: (sha256sum < d/a.lock; sha256sum < d/b.lock) | cut -d' ' -f1 | xxd -r -p | sha256sum | cut -d' ' -f1",
        )
        .await;
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
    let output = heard.output();
    let lines: Vec<&str> = output.lines().map(str::trim).collect();
    assert_eq!(lines[0], lines[1]);
}

//! Built-in actions: checkout.

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
        (
            "{repository: '${{ github.actor }}other/repo'}",
            "cannot get the action `actions/checkout@v4`",
        ),
        ("{submodules: recursive}", "cannot get the action `actions/checkout@v4`"),
        ("{path: ../../out}", "is not under"),
    ] {
        let heard = run.steps(&format!("- {{uses: actions/checkout@v4, with: {with}}}")).await;
        assert_eq!(heard.result(), JobResult::Failure, "{with}");
        assert!(heard.reason().contains(message), "{with}: {}", heard.reason());
    }
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

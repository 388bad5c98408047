//! The built-in actions/upload-artifact and actions/download-artifact.

use shipway_runner::protocol::JobResult;

use crate::support::Run;

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
      - run: printf '#!/bin/sh\\necho ran' > tool; chmod 700 tool; ln -s tool link; ln -s nowhere broken
      - {uses: actions/upload-artifact@v4, with: {name: right-tool, path: \"tool\\nlink\\nbroken\"}, id: u}
      - run: echo ${{ steps.u.outputs.artifact-digest }} | grep -cE '^[0-9a-f]{64}$'
      - run: echo ${{ steps.u.outputs.artifact-url }} | grep -c \"/acme/shop/actions/runs/7/artifacts/${{ steps.u.outputs.artifact-id }}$\"
  after:
    runs-on: x
    steps:
      - {uses: actions/download-artifact@v4, with: {name: left-files, path: one}, id: one}
      - {uses: actions/download-artifact@v4}
      - {uses: actions/download-artifact@v4, with: {pattern: '*-*', merge-multiple: true, path: all}}
      - run: find . -type f -printf '%p %m\\n' | sort
      - run: '[ \"${{ steps.one.outputs.download-path }}\" = \"$PWD/one\" ] && cat right-tool/link'
      - {uses: actions/download-artifact@v4, with: {name: nope}}
";

#[tokio::test]
async fn artifacts_go_from_parallel_jobs_to_a_later_one() {
    let run = Run::new();
    let (left, right) = tokio::join!(run.job("left", TWO_JOBS), run.job("right", TWO_JOBS));
    assert_eq!(left.result(), JobResult::Success, "{}", left.log());
    assert_eq!(right.result(), JobResult::Success, "{}", right.log());
    assert_eq!(right.output(), "1\n1\n");
    let after = run.job("after", TWO_JOBS).await;
    let files = [
        "./all/a.txt 644",
        "./all/deep/b.txt 644",
        "./all/link 644",
        "./all/tool 644",
        "./left-files/a.txt 644",
        "./left-files/deep/b.txt 644",
        "./one/a.txt 644",
        "./one/deep/b.txt 644",
        "./right-tool/link 644",
        "./right-tool/tool 644",
        "#!/bin/sh",
        "echo ran",
    ];
    assert_eq!(after.output().lines().collect::<Vec<_>>(), files, "{}", after.log());
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
}

#[tokio::test]
async fn an_artifact_is_never_changed_but_replaced_when_asked() {
    let heard = Run::new()
        .steps(
            "- run: echo 1 > x
- {uses: actions/upload-artifact@v4, with: {path: x}}
- run: echo 2 > x
- {uses: actions/upload-artifact@v4, with: {path: x, overwrite: true}}
- {uses: actions/download-artifact@v4, with: {name: artifact, path: got}}
- run: cat got/x
- {uses: actions/upload-artifact@v4, with: {path: x}}",
        )
        .await;
    assert_eq!(heard.output(), "2\n");
    let exists = "Failed to CreateArtifact: an artifact with this name already exists on the \
                  workflow run: artifact. Choose another name, or set `overwrite: true`";
    assert!(heard.reason().ends_with(exists), "{}", heard.reason());
    assert_eq!(heard.reports().len(), 7);
}

#[tokio::test]
async fn inputs_mean_what_the_released_action_says() {
    let heard = Run::new()
        .steps(
            "- run: mkdir -p d/.hidden real; echo a > d/a; echo h > d/.hidden/h; echo l > real/l; ln -s ../real d/linked
- {uses: actions/upload-artifact@v4, with: {name: plain, path: d, compression-level: 0}}
- {uses: actions/upload-artifact@v4, with: {name: hidden, path: d, include-hidden-files: true, compression-level: 9}}
- {uses: actions/upload-artifact@v4, with: {name: unused, path: d/a, archive: false, retention-days: 1}, id: raw}
- {uses: actions/download-artifact@v4, with: {name: plain, path: plain}}
- {uses: actions/download-artifact@v4, with: {name: hidden, path: hidden}}
- {uses: actions/download-artifact@v5, with: {artifact-ids: '${{ steps.raw.outputs.artifact-id }}', path: raw}}
- run: find plain hidden raw -type f | sort; cat raw/a",
        )
        .await;
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
    assert_eq!(
        heard.output(),
        "hidden/.hidden/h\nhidden/a\nhidden/linked/l\nplain/a\nplain/linked/l\nraw/a\na\n"
    );
    for (with, message) in [
        ("{name: a/b, path: x}", "the artifact name is not valid"),
        ("{path: x, compression-level: 10}", "Invalid compression-level"),
        ("{path: x, retention-days: -1}", "Invalid retention-days"),
        ("{path: x, if-no-files-found: maybe}", "Unrecognized if-no-files-found input"),
        ("{path: '*', archive: false}", "only a single file can be uploaded"),
        ("{path: ''}", "Input required and not supplied: path"),
    ] {
        let steps =
            format!("- run: touch x y\n- {{uses: actions/upload-artifact@v4, with: {with}}}");
        let heard = Run::new().steps(&steps).await;
        assert!(heard.reason().contains(message), "{with}: {}", heard.reason());
    }
}

#[tokio::test]
async fn a_job_without_the_service_is_told() {
    let run = Run::new();
    let (send, events) = tokio::sync::mpsc::channel(16);
    let steps = "- run: touch x\n- {uses: actions/upload-artifact@v4, with: {path: x}}";
    let message = run.message("j", &crate::support::workflow(steps));
    let cancel = tokio_util::sync::CancellationToken::new();
    let worker = crate::support::worker();
    let job = shipway_runner::client::run_job(&worker, message, send, cancel);
    let (outcome, events) = tokio::join!(job, crate::support::collect(events));
    let heard = crate::support::Heard { outcome, events };
    assert!(heard.reason().contains("this job has no service for artifacts and caches"));
}

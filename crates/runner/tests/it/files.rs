//! File commands, workflow commands and masking, through a real worker.

use shipway_runner::protocol::{Event, JobResult, Level, Secret};

use crate::support::Run;

#[tokio::test]
async fn variables_paths_and_summaries_for_later_steps() {
    let heard = Run::new()
        .steps(
            "- run: |
    echo 'A=1' >> $GITHUB_ENV
    printf 'B<<E\\none\\ntwo\\nE\\n' >> $GITHUB_ENV
    echo 'NODE_OPTIONS=x' >> $GITHUB_ENV
    mkdir -p bin; printf '#!/bin/sh\\necho tool' > bin/tool; chmod +x bin/tool
    echo \"$PWD/bin\" >> $GITHUB_PATH
    echo '# Done' >> $GITHUB_STEP_SUMMARY
- run: echo \"$A $B ${NODE_OPTIONS:-none} ${{ env.A }}\"; tool; echo \"${PATH%%:*}\" | grep -c bin$",
        )
        .await;
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
    assert_eq!(heard.output(), "1 one\ntwo none 1\ntool\n1\n");
    let summaries: Vec<&str> = heard
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Summary { markdown, .. } => Some(markdown.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(summaries, ["# Done\n"]);
    assert_eq!(
        heard.annotations()[0].message,
        "`NODE_OPTIONS` cannot be set by way of $GITHUB_ENV"
    );
}

#[tokio::test]
async fn a_wrong_file_fails_its_step() {
    let heard = Run::new().steps("- run: echo 'A<<E' >> $GITHUB_OUTPUT").await;
    assert_eq!(heard.result(), JobResult::Failure);
    assert_eq!(
        heard.reason(),
        "step `Run echo 'A<<E' >> $GITHUB_OUTPUT` failed: What the step wrote to $GITHUB_OUTPUT is \
         wrong: the value of `A`, from line 1, does not end: no line is `E`"
    );
}

#[tokio::test]
async fn a_file_that_is_too_long_is_not_read_into_memory() {
    let run = Run::new();
    let write = |variable: &str| format!("- run: head -c 9437184 /dev/zero > ${variable}");
    let heard = run.steps(&write("GITHUB_OUTPUT")).await;
    assert_eq!(heard.result(), JobResult::Failure);
    let message = "the file has 9216 KiB; at most 8192 KiB are read";
    assert!(heard.reason().ends_with(message), "{}", heard.reason());
    // A summary is for people: it fails nothing.
    let heard = run.steps(&write("GITHUB_STEP_SUMMARY")).await;
    assert_eq!(heard.result(), JobResult::Success);
    let message = &heard.annotations()[0].message;
    assert!(
        message.ends_with("the summary has 9216 KiB and is left out: a step's may have 1024 KiB"),
        "{message}"
    );
}

#[tokio::test]
async fn commands_become_annotations_and_groups() {
    let heard = Run::new()
        .steps(
            "- run: |
    echo '::group::G'
    echo '::warning file=a.rs,line=3,title=T::careful'
    echo '::endgroup::'
    echo '::debug::hidden'
    echo '::stop-commands::tok'
    echo '::error::only text'
    echo '::tok::'
    echo '::error::real' >&2",
        )
        .await;
    assert_eq!(heard.result(), JobResult::Success);
    let found: Vec<_> = heard
        .annotations()
        .iter()
        .map(|a| (a.level, a.file.clone(), a.line, a.title.clone(), a.message.as_str()))
        .collect();
    let place = (Some("a.rs".to_owned()), Some(3), Some("T".to_owned()));
    assert_eq!(
        found,
        [
            (Level::Warning, place.0, place.1, place.2, "careful"),
            (Level::Error, None, None, None, "real")
        ]
    );
    let log = heard.log();
    for line in
        ["##[group]G", "##[warning]careful", "##[endgroup]", "::error::only text", "##[error]real"]
    {
        assert!(log.lines().any(|l| l == line), "{line} in {log}");
    }
    assert!(!log.lines().any(|line| line.contains("debug]hidden")), "{log}");
}

#[tokio::test]
async fn a_carriage_return_ends_a_line() {
    let heard = Run::new()
        .steps(
            r#"- run: |
    printf '100%%\r::error::boom\n'
    printf '::error::cut\rshort\r\n'
    printf '::notice::two'; sleep 0.05; printf 'parts\r'; sleep 0.05; printf '\nnext\n'
    printf '1\r::add-mask::hunter2\n'; echo hunter2
- run: |
    echo '{"problemMatcher": [{"owner": "o", "pattern": [{"regexp": "^error: (.*)$", "message": 1}]}]}' > m.json
    echo "::add-matcher::m.json"
- run: |
    printf '10%%\r20%%\rerror: no\r'"#,
        )
        .await;
    let messages: Vec<_> = heard.annotations().iter().map(|a| a.message.as_str()).collect();
    assert_eq!(messages, ["boom", "cut", "twoparts", "no"]);
    let log = heard.log();
    for part in [
        "100%\r\n##[error]boom\n##[error]cut\nshort\r\n##[notice]twoparts\nnext\n1\r***\n",
        "10%\r20%\r\n##[error]error: no\n",
    ] {
        assert!(log.contains(part), "{part:?} in {log:?}");
    }
}

#[tokio::test]
async fn a_disabled_command_fails_its_step() {
    let heard = Run::new().steps("- run: echo '::set-env name=A::1'").await;
    assert_eq!(heard.result(), JobResult::Failure);
    assert!(heard.reason().contains("`set-env` command is disabled"), "{}", heard.reason());
}

#[tokio::test]
async fn a_variable_that_must_not_be_set_fails_nothing() {
    let heard = Run::new()
        .steps(
            "- run: 'echo \"::set-env name=NODE_OPTIONS::x\"'
  env: {ACTIONS_ALLOW_UNSECURE_COMMANDS: true}
- run: echo \"[$NODE_OPTIONS]\"",
        )
        .await;
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
    assert_eq!(heard.annotations()[0].message, "`NODE_OPTIONS` cannot be set by way of `set-env`");
    assert!(heard.output().ends_with("[]\n"), "{}", heard.output());
}

#[tokio::test]
async fn matchers_see_commands_that_are_paused() {
    let heard = Run::new()
        .steps(
            r#"- run: |
    echo '{"problemMatcher": [{"owner": "o", "pattern": [{"regexp": "^::error::(.*)$", "message": 1}]}]}' > m.json
    echo "::add-matcher::m.json"
    echo "::stop-commands::a-token"
    echo "::error::found"
    echo "::a-token::""#,
        )
        .await;
    let messages: Vec<_> = heard.annotations().iter().map(|a| a.message.as_str()).collect();
    assert_eq!(messages, ["found"]);
}

#[tokio::test]
async fn the_first_matcher_of_a_file_looks_first_in_later_steps() {
    let heard = Run::new()
        .steps(
            r#"- run: |
    pattern='"pattern": [{"regexp": "^(x+)$", "message": 1}]'
    echo "{\"problemMatcher\": [{\"owner\": \"a\", \"severity\": \"notice\", $pattern}, {\"owner\": \"b\", $pattern}]}" > m.json
    echo "::add-matcher::m.json"
    echo x
- run: echo xx"#,
        )
        .await;
    let found: Vec<_> = heard.annotations().iter().map(|a| (a.level, a.message.as_str())).collect();
    assert_eq!(found, [(Level::Error, "x"), (Level::Notice, "xx")]);
}

#[tokio::test]
async fn an_annotation_keeps_4096_units_of_its_message() {
    let heard = Run::new().steps("- run: printf '::notice::%5000s😀\\n' | tr ' ' x").await;
    assert_eq!(heard.annotations()[0].message, "x".repeat(4096));
    assert!(heard.log().contains(&"x".repeat(5000)), "all of it is in the log");
}

#[tokio::test]
async fn bytes_that_are_no_text_are_replaced() {
    let heard = Run::new()
        .steps(
            r#"- run: |
    printf 'A=caf\xe9\n' >> "$GITHUB_ENV"
    printf '\xff\xfeo\0=\0u\0' >> "$GITHUB_OUTPUT"
  id: s
- run: echo "$A ${{ steps.s.outputs.o }}""#,
        )
        .await;
    assert_eq!(heard.result(), JobResult::Success, "{}", heard.log());
    assert!(heard.output().ends_with("caf\u{fffd} u\n"), "{}", heard.output());
}

#[tokio::test]
async fn no_secret_reaches_the_engine() {
    let mut run = Run::new();
    let secret = "s3cr3t/with \"quotes\"\nsecond-line-of-it";
    run.secrets.insert("KEY".to_owned(), Secret::new(secret));
    let heard = run
        .steps(
            "- name: named ${{ env.X }}
  env: {KEY: '${{ secrets.KEY }}', X: plain}
  run: |
    echo \"$KEY\"
    printf %s \"$KEY\" | base64 -w0; echo
    printf 'user:%s' \"$KEY\" | base64 -w0; echo
    python3 -c 'import os, json, urllib.parse as u; k = os.environ[\"KEY\"]; print(json.dumps(k)); print(u.quote(k)); print(u.quote_plus(k))'
    for c in x; do printf 's3cr'; sleep 0.05; printf '3t/with \"quo'; sleep 0.05; echo 'tes\"'; done
    L=$(printf 'later-%s' secret)
    echo \"::add-mask::$L\"
    echo \"a $L b\" >&2
    echo \"::error::$KEY\"
    echo \"::notice title=$L::x\"
    echo \"summary $L\" >> $GITHUB_STEP_SUMMARY
    echo \"out=second-line-of-it\" >> $GITHUB_OUTPUT
    exit 1
- if: always()
  name: second-line-of-it
  run: |
    echo ${{ secrets.KEY == '' }} second-line-of-it",
        )
        .await;
    let everything = format!("{:?} {:?}", heard.events, heard.outcome);
    assert!(heard.log().contains("a *** b"), "{}", heard.log());
    let encoded =
        ["czNjcjN0", "second-line", "later-secret", "s3cr3t/with", "s3cr3t%2Fwith", "quotes"];
    for form in encoded {
        assert!(!everything.contains(form), "{form} in {everything}");
    }
}

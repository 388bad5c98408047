use proptest::prelude::*;

use super::{Dynamic, JobKind, StepKind, Workflow};
use crate::expr::{Object, Value, Variables};

fn problems(text: &str) -> String {
    match Workflow::read("ci.yml", text) {
        Ok(_) => String::new(),
        Err(problems) => problems.iter().map(|problem| problem.render(text)).collect(),
    }
}

fn lines(text: &str) -> String {
    let problems = Workflow::read("ci.yml", text).err().unwrap_or_default();
    let line = |p: &crate::Diagnostic| {
        let help = p.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{p}{help}")
    };
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn variables(json: &str) -> Variables {
    let contexts: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).unwrap();
    Variables::new(contexts.into_iter().collect::<Object>())
}

const FULL: &str = r#"
name: CI
run-name: by ${{ github.actor }}
on:
  push: {branches: [main]}
  workflow_dispatch:
    inputs:
      level: {type: choice, options: [low, high], default: low}
      dry: {type: boolean, default: false}
permissions: {contents: read, id-token: write}
concurrency: {group: "${{ github.ref }}", cancel-in-progress: true}
defaults: {run: {shell: bash}}
env: {A: 1.10, B: "${{ github.ref }}", C: }
jobs:
  build:
    strategy:
      fail-fast: false
      max-parallel: 2
      matrix: {os: [linux, mac], version: "${{ fromJSON(vars.versions) }}"}
    runs-on: [self-hosted, "${{ matrix.os }}"]
    timeout-minutes: 1.5
    outputs: {digest: "${{ steps.b.outputs.digest }}"}
    container: {image: "node:${{ matrix.version }}", ports: [80], env: {X: y}}
    services: {db: {image: postgres, options: --health-cmd pg_isready}}
    steps:
      - uses: actions/checkout@v4
        with: {fetch-depth: 0}
      - id: b
        run: make
        working-directory: src
        continue-on-error: ${{ matrix.os == 'mac' }}
      - if: failure()
        run: echo failed
  deploy:
    needs: Build
    if: github.ref == 'refs/heads/main'
    environment: {name: production, url: "https://${{ steps.u.outputs.host }}"}
    runs-on: {group: big, labels: [gpu]}
    steps: [{run: ./deploy, env: {DIGEST: "${{ needs.build.outputs.digest }}"}}]
  call:
    uses: ./.github/workflows/other.yml
    with: {level: high}
    secrets: inherit
"#;

/// GitHub: "Unexpected value '10'", also where the text is a number.
#[test]
fn a_text_is_no_number_and_no_boolean() {
    let context = variables(
        r#"{"vars": {"T": "10", "B": "true", "S": "{fail-fast: 'true'}", "M": "{max-parallel: '2'}"}}"#,
    );
    let evaluated = |strategy: &str, minutes: &str, may_fail: &str| {
        let text = format!(
            "on: push\njobs: {{a: {{runs-on: x, strategy: {strategy}, timeout-minutes: {minutes}, \
             continue-on-error: {may_fail}}}}}\n"
        );
        let workflow =
            Workflow::read("ci.yml", &text).unwrap_or_else(|_| panic!("{}", problems(&text)));
        let job = &workflow.jobs["a"];
        let plan = job.strategy.as_ref().unwrap().evaluate(&context);
        let JobKind::Steps(steps) = &job.kind else { panic!("{job:?}") };
        (
            plan.map(|plan| (plan.fail_fast, plan.max_parallel)).map_err(|error| error.message),
            steps
                .timeout_minutes
                .as_ref()
                .unwrap()
                .evaluate(&context)
                .map_err(|error| error.message),
            steps
                .continue_on_error
                .as_ref()
                .unwrap()
                .evaluate(&context)
                .map_err(|error| error.message),
        )
    };
    let made = |text: &str| format!("\"${{{{ fromJSON(vars.{text}) }}}}\"");
    assert_eq!(
        evaluated(&format!("{{max-parallel: {}}}", made("T")), &made("T"), &made("B")),
        (Ok((true, Some(10))), Ok(Some(10.0)), Ok(true))
    );
    // 0 and less are no limit.
    assert_eq!(
        evaluated("{max-parallel: 0}", "0", "false"),
        (Ok((true, None)), Ok(None), Ok(false))
    );
    assert_eq!(
        evaluated("{max-parallel: 0.9}", "-1", "true"),
        (Ok((true, None)), Ok(None), Ok(true))
    );
    let (plan, minutes, may_fail) =
        evaluated("{fail-fast: \"${{ vars.B }}\"}", "\"${{ vars.T }}\"", "\"${{ vars.none }}\"");
    insta::assert_snapshot!(plan.unwrap_err(), @"`true` or `false` was expected here, not the text `true`; `fromJSON(…)` makes a value of a text");
    insta::assert_snapshot!(minutes.unwrap_err(), @"a number was expected here, not the text `10`; `fromJSON(…)` makes a value of a text");
    insta::assert_snapshot!(may_fail.unwrap_err(), @"`true` or `false` was expected here, not null");
    assert!(evaluated(&made("S"), "1", "true").0.is_err());
    assert!(evaluated(&made("M"), "1", "true").0.is_err());
}

#[test]
fn items_of_a_matrix_that_is_written_out() {
    let text = "\
on: push
jobs:
  a:
    runs-on: x
    strategy:
      matrix:
        os: [x, y]
        include: [{}, {extra: 1}]
        exclude: [{OS: x, arch: z}, {}]
  b:
    runs-on: x
    strategy: {matrix: {os: ['${{ vars.os }}'], exclude: [{arch: z}, {}]}}
";
    insta::assert_snapshot!(lines(text), @r"
    ci.yml:8:19: error[SW0304]: an item of `include` of `matrix` has no values
    ci.yml:9:27: error[SW0301]: `exclude` names `arch`, and the matrix has no such row (rows: os)
    ci.yml:9:37: error[SW0304]: an item of `exclude` of `matrix` has no values
    ");
}

#[test]
fn a_whole_workflow() {
    let workflow = Workflow::read("ci.yml", FULL).unwrap_or_else(|_| panic!("{}", problems(FULL)));
    let context = variables(
        r#"{"github": {"ref": "refs/heads/main"}, "vars": {"versions": "[20, 22]"},
            "matrix": {"os": "mac", "version": 20}}"#,
    );
    let env = workflow.env.render(&context).unwrap();
    let env: Vec<String> = env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(env, ["A=1.1", "B=refs/heads/main", "C="]);
    assert_eq!(workflow.jobs["deploy"].needs[0].value, "build", "spelled as it is defined");
    let build = &workflow.jobs["build"];
    let plan = build.strategy.as_ref().unwrap().evaluate(&context).unwrap();
    let names: Vec<String> = plan.combinations.iter().map(|c| c.display_name("build")).collect();
    assert_eq!(
        names,
        ["build (linux, 20)", "build (linux, 22)", "build (mac, 20)", "build (mac, 22)"]
    );
    assert_eq!((plan.fail_fast, plan.max_parallel), (false, Some(2)));
    let JobKind::Steps(job) = &build.kind else { panic!("{build:?}") };
    assert_eq!(job.runs_on.evaluate(&context).unwrap().labels, ["self-hosted", "mac"]);
    assert_eq!(job.timeout_minutes.as_ref().unwrap().evaluate(&context), Ok(Some(1.5)));
    let container = job.container.as_ref().unwrap().evaluate(&context).unwrap().unwrap();
    assert_eq!((container.image.as_str(), container.ports), ("node:20", vec!["80".to_owned()]));
    let step = &job.steps[1];
    let Some(Dynamic::Computed(_)) = &step.continue_on_error else { panic!("{step:?}") };
    assert_eq!(step.continue_on_error.as_ref().unwrap().evaluate(&context), Ok(true));
    let StepKind::Run { script, .. } = &step.kind else { panic!("{step:?}") };
    assert_eq!(script.text(), "make");
    let JobKind::Call(_) = &workflow.jobs["call"].kind else { panic!() };
}

#[test]
fn jobs_are_shown_by_name_and_matrix() {
    let text = "\
on: push
jobs:
  a: {runs-on: x, strategy: {matrix: {v: [1]}}, steps: []}
  b: {runs-on: x, name: Build, strategy: {matrix: {v: [1]}}, steps: []}
  c: {runs-on: x, name: 'On ${{ matrix.v }}', strategy: {matrix: {v: [1]}}, steps: []}
  d: {runs-on: x, steps: []}
  e: {runs-on: x, name: '${{ matrix.none }}', strategy: {matrix: {v: [1]}}, steps: []}
";
    let workflow = Workflow::read("f", text).unwrap();
    let context = variables(r#"{"matrix": {"v": 1}}"#);
    let name = |job: &str| {
        let job = &workflow.jobs[job];
        let plan = job.strategy.as_ref().map(|s| s.evaluate(&context).unwrap()).unwrap_or_default();
        job.display_name(&plan.combinations[0], &context).unwrap()
    };
    let names = ["a", "b", "c", "d", "e"].map(name);
    assert_eq!(names, ["a (1)", "Build (1)", "On 1", "d", "e (1)"]);
}

#[test]
fn byte_order_marks_and_windows_line_ends() {
    let text = format!("\u{feff}{}", FULL.trim_start().replace('\n', "\r\n"));
    let workflow = Workflow::read("f", &text).unwrap_or_else(|_| panic!("{}", problems(&text)));
    let plain = Workflow::read("f", FULL.trim_start()).unwrap();
    assert_eq!(workflow.jobs["build"].needs, plain.jobs["build"].needs);
    let wrong = text.replace("make", "make ${{ nope }}");
    let problems = Workflow::read("f", &wrong).unwrap_err();
    assert_eq!(problems[0].span.slice(&wrong), Some("nope"));
}

#[test]
fn a_wrong_name_is_found_however_it_is_quoted() {
    for key in ["${{ nopeҌ }}: 1", "'é''s ${{ nopeҌ }}': 1", "\"\\u00e9\\t ${{ nopeҌ }}\": 1"] {
        let text =
            format!("on: push\nenv:\n  {key}\njobs:\n  a:\n    runs-on: x\n    steps: [run: x]\n");
        let problems = Workflow::read("f", &text).unwrap_err();
        let found: Vec<_> = problems.iter().map(|problem| problem.span.slice(&text)).collect();
        assert_eq!(found, [Some("nopeҌ")], "{key}");
    }
}

#[test]
fn aliases_and_computed_names() {
    let text = "\
on: push
env: &env
  A: 1
  '${{ github.ref }}_X': b
jobs:
  one: &job
    runs-on: &runner x
    env: *env
    steps:
      - &step {run: 'echo ${{ github.ref }}'}
      - *step
  two: *job
";
    let workflow = Workflow::read("f", text).unwrap_or_else(|_| panic!("{}", problems(text)));
    let context = variables(r#"{"github": {"ref": "main"}}"#);
    let JobKind::Steps(job) = &workflow.jobs["two"].kind else { panic!() };
    let env = job.env.render(&context).unwrap();
    assert_eq!(env.keys().collect::<Vec<_>>(), ["A", "main_X"]);
    assert_eq!(job.steps.len(), 2);
    let wrong = text.replace("github.ref }}'}", "nope }}'}");
    let found = lines(&wrong);
    assert!(found.starts_with("ci.yml:10:31: error[SW0201]"), "{found}");
    assert_eq!(found.lines().count(), 1, "once, though it is read four times");
}

#[test]
fn objects_are_inserted_among_names() {
    let text = "\
on: push
env: {A: 1, '${{ insert }}': '${{ fromJSON(vars.more) }}', D: 4}
jobs: {a: {runs-on: x, steps: []}}
";
    let workflow = Workflow::read("f", text).unwrap_or_else(|_| panic!("{}", problems(text)));
    let env = |more: &str| {
        let vars: Object = [("more", more)].into_iter().collect();
        let contexts: Object = [("vars", vars)].into_iter().collect();
        let env = workflow.env.render(&Variables::new(contexts)).map_err(|error| error.message)?;
        Ok::<_, String>(
            env.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>(),
        )
    };
    assert_eq!(env("{B: 2, C: true}").unwrap(), ["A=1", "B=2", "C=true", "D=4"]);
    assert_eq!(env("{}").unwrap(), ["A=1", "D=4"]);
    insta::assert_snapshot!(env("{a: 2}").unwrap_err(), @"`a` is already defined");
    insta::assert_snapshot!(env("null").unwrap_err(), @"an object was expected here, not null");
    let text = "on: push\nenv: {'${{ insert }}': text}\njobs: {a: {runs-on: x, env: {'${{insert}}': {A: b}}}}\n";
    insta::assert_snapshot!(lines(text), @r"
    ci.yml:2:24: error[SW0303]: the value of `${{ insert }}` must be an expression, not a string
    ci.yml:3:45: error[SW0303]: `${{insert}}` in `env` must be a string, not a mapping
    ");
}

#[test]
fn runs_on_from_an_expression() {
    let text = "on: push\njobs: {a: {runs-on: '${{ fromJSON(vars.r) }}', steps: []}}\n";
    let workflow = Workflow::read("f", text).unwrap();
    let JobKind::Steps(job) = &workflow.jobs["a"].kind else { panic!() };
    let runner = |json: &str| {
        let mut vars = Object::new();
        vars.insert("r", json);
        let mut contexts = Object::new();
        contexts.insert("vars", Value::from(vars));
        job.runs_on.evaluate(&Variables::new(contexts)).map_err(|e| e.to_string())
    };
    assert_eq!(runner(r#"["a", "b"]"#).unwrap().labels, ["a", "b"]);
    let grouped = runner(r#"{"group": "g", "labels": "l"}"#).unwrap();
    assert_eq!((grouped.group.as_deref(), grouped.labels), (Some("g"), vec!["l".to_owned()]));
    assert_eq!(runner("null").unwrap_err(), "`runs-on` names no runner");
}

#[test]
fn every_problem_at_once_with_its_place() {
    let text = "\
name: CI
on:
  push:
    brnaches: [main]
  pull_requests:
jobs:
  build:
    runs-on: ubuntu-latest
    needs: tset
    steps:
      - run: echo ${{ secret.TOKEN }}
      - name: nothing
      - run: |
          first
          second ${{ github.ref == }}
  test:
    runs_on: ubuntu-latest
    steps: []
";
    insta::assert_snapshot!(problems(text), @r"
    error[SW0301]: unknown key `brnaches` in `push`
     --> ci.yml:4:5
      |
    4 |     brnaches: [main]
      |     ^^^^^^^^
      = help: did you mean `branches`?
    error[SW0305]: GitHub has no event `pull_requests`
     --> ci.yml:5:3
      |
    5 |   pull_requests:
      |   ^^^^^^^^^^^^^
      = help: did you mean `pull_request`?
    error[SW0309]: job `build` needs `tset`, which does not exist
     --> ci.yml:9:12
      |
    9 |     needs: tset
      |            ^^^^
      = help: did you mean `test`?
    error[SW0201]: Unrecognized named-value: 'secret'. Located at position 1 within expression: secret.TOKEN
      --> ci.yml:11:23
       |
    11 |       - run: echo ${{ secret.TOKEN }}
       |                       ^^^^^^
       = help: did you mean `secrets`?
    error[SW0302]: the step says neither `run` nor `uses`, so there is nothing to do
      --> ci.yml:12:9
       |
    12 |       - name: nothing
       |         ^^^^
    error[SW0201]: Unexpected end of expression: '=='. Located at position 12 within expression: github.ref ==
      --> ci.yml:15:33
       |
    15 |           second ${{ github.ref == }}
       |                                 ^^
    error[SW0302]: job `test` has no `runs-on`, which is required
      --> ci.yml:16:3
       |
    16 |   test:
       |   ^^^^
    error[SW0301]: unknown key `runs_on` in job `test`
      --> ci.yml:17:5
       |
    17 |     runs_on: ubuntu-latest
       |     ^^^^^^^
       = help: did you mean `runs-on`?
    ");
}

#[test]
fn needs_that_are_unknown_or_circular() {
    let jobs = |needs: &str| {
        let mut text = String::from("on: push\njobs:\n");
        for job in needs.split(' ') {
            let (id, needs) = job.split_once('<').unwrap_or((job, ""));
            text.push_str(&format!("  {id}: {{runs-on: x, needs: [{needs}], steps: []}}\n"));
        }
        lines(&text)
    };
    let table = [jobs("a<b b<c c<a d<a"), jobs("a<a"), jobs("build test<bulid"), jobs("a<zzz")];
    insta::assert_snapshot!(table.join("\n"), @r"
    ci.yml:3:27: error[SW0310]: jobs need each other in a circle: a needs b needs c needs a
    ci.yml:3:27: error[SW0310]: jobs need each other in a circle: a needs a
    ci.yml:4:30: error[SW0309]: job `test` needs `bulid`, which does not exist (did you mean `build`?)
    ci.yml:3:27: error[SW0309]: job `a` needs `zzz`, which does not exist (jobs of this file: a)
    ");
}

/// Work that grows with the cube of the jobs would take days.
#[test]
fn thousands_of_jobs_in_a_row() {
    let job = |number: usize| {
        let needs = number.checked_sub(1).map(|before| format!("needs: j{before}, "));
        format!("  j{number}: {{{}runs-on: x, steps: [{{run: a}}]}}\n", needs.unwrap_or_default())
    };
    let jobs: String = (0..5_000).map(job).collect();
    let text = format!("on: push\njobs:\n{jobs}");
    assert_eq!(Workflow::read("ci.yml", &text).unwrap().jobs.len(), 5_000);
    let circle = text.replace("  j0: {", "  j0: {needs: J4999, ");
    let problems = Workflow::read("ci.yml", &circle).unwrap_err();
    assert!(problems[0].message.starts_with("jobs need each other in a circle: j0 needs j4999 "));
}

#[test]
fn ids_and_keys_that_are_wrong() {
    let text = "\
on: push
jobs:
  1st: {runs-on: x, steps: []}
  Twice: {runs-on: x, steps: []}
  twice: {runs-on: x, steps: []}
  ok:
    runs-on: x
    with: {a: b}
    steps:
      - {id: a b, run: x}
      - {id: one, run: x}
      - {id: ONE, run: x}
      - {run: x, uses: a/b@v1}
      - {uses: nothing}
      - {run: x, if: true, timeout-minutes: soon}
      - {wait: later}
      - <<: {run: x}
        run: y
    timeout-minutes: .inf
    container: {ports: [1]}
    permissions: {contents: all, content: read}
    environment: {url: x}
    strategy: {matrix: {a: 1, include: [x]}}
";
    insta::assert_snapshot!(lines(text), @r"
    ci.yml:3:3: error[SW0307]: `1st` is no id for a job (an id has letters, digits, `-` and `_`, and starts with a letter or `_`)
    ci.yml:5:3: error[SW0102]: key `twice` is already defined in another case
    ci.yml:8:5: error[SW0313]: `with` cannot stand without `uses` in job `ok`
    ci.yml:10:14: error[SW0307]: `a b` is no id for a step (an id has letters, digits, `-` and `_`, and starts with a letter or `_`)
    ci.yml:12:14: error[SW0308]: step id `ONE` is already used in this job
    ci.yml:13:18: error[SW0313]: `uses` cannot stand beside `run` in a step
    ci.yml:14:16: error[SW0311]: `nothing` names no action (write owner/name@ref, owner/name/path@ref, ./path or docker://image)
    ci.yml:15:45: error[SW0303]: `timeout-minutes` must be a number, not a string
    ci.yml:16:16: error[SW0312]: no step before this one has the id `later`
    ci.yml:17:9: error[SW0301]: unknown key `<<` in a step (GitHub has anchors and aliases, but no merge keys; repeat the keys)
    ci.yml:19:22: error[SW0304]: `timeout-minutes` must be a finite number
    ci.yml:20:17: error[SW0302]: `container` has no `image`, which is required
    ci.yml:21:29: error[SW0304]: `all` is no level for `contents` (one of: none, read, write)
    ci.yml:21:34: error[SW0301]: unknown key `content` in `permissions` (did you mean `contents`?)
    ci.yml:22:19: error[SW0302]: `environment` has no `name`, which is required
    ci.yml:23:28: error[SW0303]: `a` of `matrix` must be a list, not a number
    ci.yml:23:41: error[SW0303]: each item of `include` of `matrix` must be a mapping, not a string
    ");
}

#[test]
fn triggers_that_are_wrong() {
    let text = "\
on:
  push: {branches: [a], branches-ignore: [b], tags: ['v[9-1]']}
  create: {tags: [x]}
  schedule: [{cron: '60 * * * *'}, {corn: x}]
  issues: {types: [opend]}
  workflow_dispatch:
    inputs:
      a: {type: choice}
      b: {type: text}
      c: {type: boolean, default: 'yes'}
      d: {type: string, options: [x]}
      e: {type: choice, options: [x, y], default: z}
  workflow_call: {inputs: {a: {required: true}}, outputs: {o: {description: x}}}
jobs: {}
";
    insta::assert_snapshot!(lines(text), @r"
    ci.yml:2:25: error[SW0306]: `branches` and `branches-ignore` exclude each other (keep `branches`, and negate patterns in it with `!`)
    ci.yml:2:54: error[SW0306]: `v[9-1]` is no filter pattern: the range `9-1` is backwards
    ci.yml:3:11: error[SW0301]: event `create` takes no filters
    ci.yml:4:21: error[SW0304]: `60 * * * *` is no time for `cron`: `60` is no minute
    ci.yml:4:37: error[SW0301]: unknown key `corn` in an item of `schedule` (did you mean `cron`?)
    ci.yml:4:37: error[SW0302]: an item of `schedule` has no `cron`, which is required
    ci.yml:5:20: error[SW0304]: `opend` is no activity type of `issues` (did you mean `opened`?)
    ci.yml:8:7: error[SW0302]: input `a` is a choice without `options`
    ci.yml:9:17: error[SW0304]: `text` is no type of an input (one of: boolean, choice, environment, number, string)
    ci.yml:10:35: error[SW0303]: the default of this input must be `true` or `false`, not a string
    ci.yml:11:34: error[SW0313]: `options` belong to an input of type `choice` only
    ci.yml:12:51: error[SW0304]: `z` is no option of this input (one of: x, y)
    ci.yml:13:28: error[SW0302]: input `a` has no `type`, which is required
    ci.yml:13:64: error[SW0302]: output `o` has no `value`, which is required
    ci.yml:14:7: error[SW0302]: `jobs` has no job
    ");
}

#[test]
fn files_that_are_no_workflows() {
    let table = ["", "[]", "just text", "on: push", "on:\njobs:\n", "{}", "on: [\n"].map(lines);
    insta::assert_snapshot!(table.join("\n"), @r"
    ci.yml:1:1: error[SW0302]: the workflow is empty
    ci.yml:1:1: error[SW0303]: the workflow must be a mapping, not a list
    ci.yml:1:1: error[SW0303]: the workflow must be a mapping, not a string
    ci.yml:1:1: error[SW0302]: the workflow has no `jobs`, which is required
    ci.yml:1:3: error[SW0304]: an event must not be empty
    ci.yml:2:5: error[SW0303]: `jobs` must be a mapping, not nothing
    ci.yml:1:1: error[SW0302]: the workflow has no `on`, which is required
    ci.yml:1:1: error[SW0302]: the workflow has no `jobs`, which is required
    ci.yml:1:5: error[SW0101]: unclosed bracket '['
    ");
}

proptest! {
    /// A valid file with some bytes changed is read or refused, and every place is in the text.
    #[test]
    fn no_file_panics(at in 0..FULL.len(), cut in 0usize..40, put in "[-a-z:{}\\[\\]$'\"#!&*|>\n ]{0,6}") {
        let mut text = FULL.to_owned();
        text.replace_range(at..(at + cut).min(FULL.len()), &put);
        for problem in Workflow::read("f", &text).err().unwrap_or_default() {
            prop_assert!(problem.span.slice(&text).is_some(), "{problem:?}");
            prop_assert!(problem.render(&text).contains(&problem.message));
        }
    }
}

/// A fork's pull request gets no secrets, and GitHub takes no empty credentials.
#[test]
fn credentials_must_not_be_empty() {
    let text = "\
on: push
jobs:
  a:
    runs-on: x
    container:
      image: i
      credentials: {username: me, password: '${{ secrets.P }}'}
    services: '${{ fromJSON(vars.s) }}'
    steps: []
";
    let workflow = Workflow::read("f", text).unwrap_or_else(|_| panic!("{}", problems(text)));
    let JobKind::Steps(job) = &workflow.jobs["a"].kind else { panic!() };
    let container = job.container.as_ref().unwrap();
    let spec = |password: &str| {
        let context = variables(&format!(r#"{{"secrets": {{"P": "{password}"}}}}"#));
        container.evaluate(&context).map_err(|error| (error.message, error.span.start.line))
    };
    let given = spec("p").unwrap().unwrap().credentials;
    assert_eq!(given, Some(("me".to_owned(), "p".to_owned())));
    let message = "`password` of `credentials` must not be empty".to_owned();
    assert_eq!(spec("").unwrap_err(), (message, 7));
    let context = variables(
        r#"{"vars": {"s": "{s: {image: 'i', credentials: {username: '', password: 'p'}}}"}}"#,
    );
    let error = job.services.evaluate(&context).unwrap_err();
    assert_eq!(error.message, "`username` of `credentials` must not be empty");
}

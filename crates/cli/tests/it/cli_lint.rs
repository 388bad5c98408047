//! `shipway lint` and `shipway expr` as people call them.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use shipway_sim::sandbox::Sandbox;

fn sandbox(files: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_shipway")).unwrap();
    for (name, text) in files {
        let path = sandbox.path().join("repository").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::create_dir_all(sandbox.path().join("repository/.git")).unwrap();
    sandbox
}

/// The exit code and standard output of a call in the repository.
fn call(sandbox: &Sandbox, arguments: &[&str]) -> (Option<i32>, String, String) {
    let root = sandbox.path().join("repository");
    let output = sandbox.shipway(&root, arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

const CLEAN: &str = "\
on: push
permissions: {}
jobs:
  a:
    runs-on: ubuntu-latest
    steps: [{run: 'true'}]
";
const WARNS: &str = "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}}\n";

#[test]
fn the_exit_code_says_how_bad_it_is() {
    let clean = sandbox(&[(".github/workflows/a.yml", CLEAN)]);
    let (code, out, _) = call(&clean, &["lint"]);
    assert_eq!((code, out.as_str()), (Some(0), "nothing found in 1 file\n"));

    let warns = sandbox(&[(".github/workflows/a.yaml", WARNS)]);
    assert_eq!(call(&warns, &["lint"]).0, Some(0));
    assert_eq!(call(&warns, &["lint", "--deny", "warnings"]).0, Some(1));

    let (code, _, error) = call(&sandbox(&[("README", "")]), &["lint"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("there are no workflows"), "{error}");
    assert_eq!(call(&clean, &["lint", "--format", "nonsense"]).0, Some(2));
}

#[test]
fn what_cannot_be_read_stops_nothing_else() {
    let place = sandbox(&[
        (".github/workflows/a.yml", "on: [push\n"),
        (".github/workflows/c.yml", "on: push\njobs: {a: {}}\n"),
    ]);
    fs::write(place.path().join("repository/.github/workflows/b.yml"), b"\xff\xfe").unwrap();
    let (code, out, _) = call(&place, &["lint", "--format", "json"]);
    assert_eq!(code, Some(1));
    let found: Value = serde_json::from_str(&out).unwrap();
    let found: Vec<(&str, &str)> = found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| (finding["file"].as_str().unwrap(), finding["rule"].as_str().unwrap()))
        .collect();
    assert_eq!(found[0], (".github/workflows/a.yml", "SW0101"));
    assert!(found.contains(&(".github/workflows/b.yml", "unreadable-file")), "{found:?}");
    assert!(found.contains(&(".github/workflows/c.yml", "SW0302")), "{found:?}");

    let (code, out, _) = call(&place, &["lint", "gone.yml"]);
    assert_eq!(code, Some(1));
    assert!(out.contains("unreadable-file"), "{out}");
}

#[test]
fn the_repository_around_is_known() {
    let place = sandbox(&[
        (
            ".github/workflows/a.yml",
            "on: {schedule: [{cron: '0 1 * * *', timezone: Asia/Somewhere}]}\npermissions: {}\njobs:\n  a:\n    \
             runs-on: ubuntu-latest\n    steps:\n      - {id: b, uses: ./.github/actions/b}\n      - run: echo \
             '${{ steps.b.outputs.nope }}'\n      - uses: ./missing\n  c: {uses: ./.github/workflows/none.yml}\n",
        ),
        (
            ".github/actions/b/action.yml",
            "name: b\ndescription: b\nruns: {using: node24, main: gone.js}\n",
        ),
    ]);
    let (code, out, _) = call(&place, &["lint", "--format", "github", "--no-shellcheck"]);
    assert_eq!(code, Some(1));
    for rule in ["action-metadata", "missing-action", "workflow-call", "unknown-time-zone"] {
        assert!(out.contains(&format!("title={rule}::")), "{rule}\n{out}");
    }
}

#[test]
fn shellcheck_is_asked_where_it_is_installed() {
    let installed = Command::new("shellcheck").arg("--version").output().is_ok();
    let text = CLEAN.replace(
        "steps: [{run: 'true'}]",
        "steps:\n      - run: |\n          true\n          echo $X ${{ github.sha }}",
    );
    let place = sandbox(&[(".github/workflows/a.yml", &text)]);
    let (code, out, _) = call(&place, &["lint"]);
    assert_eq!(code, Some(0));
    assert_eq!(out.contains("a.yml:9:16") && out.contains("SC2086"), installed, "{out}");
    let (_, out, _) = call(&place, &["lint", "--no-shellcheck"]);
    assert_eq!(out, "nothing found in 1 file\n");
}

#[test]
fn sarif_is_whole() {
    let place = sandbox(&[(".github/workflows/a.yml", WARNS)]);
    let (_, out, _) = call(&place, &["lint", "--format", "sarif"]);
    let sarif: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "missing-permissions");
}

/// Shipway's own workflows, actions and configurations.
#[test]
fn our_own_files_are_clean() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_shipway")).unwrap();
    let output = sandbox.shipway(&root, &["lint", "--deny", "notes"]).output().unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{out}");
    assert!(out.starts_with("nothing found in "), "{out}");
}

#[test]
fn expressions_are_printed_as_workflows_print_them() {
    let place = sandbox(&[
        ("c.json", r#"{"github": {"ref": "main", "event": {"n": [1, {"a": null}]}}}"#),
        ("c.yaml", "env: {A: 1.10, B: yes}\n"),
    ]);
    let value = |arguments: &[&str]| {
        let (code, out, error) = call(&place, &[&["expr"], arguments].concat());
        assert_eq!(code, Some(0), "{error}");
        out.trim_end().to_owned()
    };
    assert_eq!(value(&["github.ref == 'MAIN'", "-c", "c.json"]), "true");
    assert_eq!(value(&["a ${{ github.ref }} ${{ 1e15 }}", "-c", "c.json"]), "a main 1E+15");
    assert_eq!(value(&["github.event", "-c", "c.json"]), "Object");
    assert_eq!(value(&["github.event.n", "-c", "c.json", "--type"]), "array");
    assert_eq!(value(&["format('{0}{1}', env.A, env.B)", "-c", "c.yaml"]), "1.1yes");
    assert_eq!(value(&["toJSON(github.nothing)"]), "null");
    assert_eq!(value(&["-1"]), "-1");
    assert_eq!(value(&["--json", "-1 < 2"]), "true");
    let json: Value =
        serde_json::from_str(&value(&["github.event.n", "-c", "c.json", "--json"])).unwrap();
    assert_eq!(json, serde_json::json!([1, {"a": null}]));
}

#[test]
fn expressions_that_are_none_show_where() {
    let place = sandbox(&[("list.json", "[1]"), ("c.json", r#"{"github": {}}"#)]);
    let (code, _, error) = call(&place, &["expr", "1 == (2"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("expression:1:") && error.contains("1 == (2"), "{error}");
    let (code, _, error) = call(&place, &["expr", "fromJSON('{')"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("SW0203"), "{error}");
    let (code, _, error) = call(&place, &["expr", "githb.ref"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("did you mean `github`?"), "{error}");
    let (code, _, error) = call(&place, &["expr", "nothing", "-c", "c.json"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("github, env, vars") && !error.contains("github, github"), "{error}");
    let (code, _, error) = call(&place, &["expr", "1", "-c", "list.json"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("not an object"), "{error}");
}

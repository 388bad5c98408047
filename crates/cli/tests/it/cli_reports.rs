//! `shipway check report`, `coverage` and `duplication` as people call them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use shipway_sim::sandbox::Sandbox;

/// A repository with a file on `main`, and a branch `topic` that is checked out.
fn repository() -> Sandbox {
    let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_shipway")).unwrap();
    write(
        &sandbox,
        "api/src/price.py",
        "def total(a):\n    return a\n\n\ndef label(a):\n    return a\n",
    );
    write(&sandbox, ".gitignore", "*.info\n*.xml\n");
    git(&sandbox, &["init", "-q", "-b", "main"]);
    git(&sandbox, &["add", "."]);
    git(&sandbox, &["commit", "-q", "-m", "one"]);
    git(&sandbox, &["checkout", "-q", "-b", "topic"]);
    sandbox
}

fn write(sandbox: &Sandbox, name: &str, text: &str) {
    let path = sandbox.path().join("repository").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn git(sandbox: &Sandbox, arguments: &[&str]) {
    let who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"];
    let root = sandbox.path().join("repository");
    let out = Command::new("git").arg("-C").arg(root).args(who).args(arguments).output().unwrap();
    assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
}

/// The exit code and standard output of a call in the repository.
fn call(sandbox: &Sandbox, arguments: &[&str]) -> (Option<i32>, String) {
    let root = sandbox.path().join("repository");
    let output = sandbox.shipway(&root, arguments).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    (output.status.code(), String::from_utf8(output.stdout).unwrap() + &error)
}

const JUNIT: &str = "<testsuite><testcase name=\"adds up\"/><testcase name=\"rounds\">\
                     <failure message=\"50 is not 51\"/></testcase></testsuite>";

#[test]
fn reports_are_recognised_and_what_is_none_is_no_evidence() {
    let place = repository();
    write(&place, "results.txt", JUNIT);
    let (code, out) = call(&place, &["check", "report", "results.txt"]);
    assert_eq!(code, Some(0), "{out}");
    insta::assert_snapshot!(out, @r"
    results.txt: JUnit: 1 passed, 1 failed
    results.txt:1:1: high: rounds failed [failed-test]
        50 is not 51
    1 report: 1 high
    ");
    assert_eq!(call(&place, &["check", "report", "results.txt", "--fail-on", "high"]).0, Some(1));

    write(&place, "cut.txt", &JUNIT[..60]);
    write(&place, "bomb.txt", "<!DOCTYPE a [<!ENTITY b \"c\">]><testsuite name=\"&b;\"/>");
    let all = ["check", "report", "results.txt", "cut.txt", "bomb.txt", ".gitignore", "gone.txt"];
    let (code, out) = call(&place, &all);
    assert_eq!(code, Some(1), "{out}");
    for line in [
        "cut.txt:1:61: not analysed: no evidence: it ends in the middle",
        "bomb.txt:1:31: not analysed: no evidence: it has a DTD [no-evidence]",
        ".gitignore:1:1: not analysed: no evidence: it is of no format that is known here",
        "gone.txt:1:1: not analysed: no evidence: it cannot be read",
        "5 reports: 1 high, 4 not analysed",
    ] {
        assert!(out.contains(line), "{line}\n{out}");
    }
}

#[test]
fn reports_are_told_to_programs() {
    let place = repository();
    write(&place, "results.txt", JUNIT);
    let (code, out) = call(&place, &["check", "report", "results.txt", "--json"]);
    assert_eq!(code, Some(0));
    let reports: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(reports[0]["format"], "JUnit");
    assert_eq!(reports[0]["figures"]["tests.failed"], 1.0);
    assert_eq!(reports[0]["findings"][0]["rule"], "failed-test");
    let sarif = call(&place, &["check", "report", "results.txt", "--format", "sarif"]).1;
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "failed-test");
    let github = call(&place, &["check", "report", "results.txt", "--format", "github"]).1;
    assert!(github.starts_with("::error file=results.txt"), "{github}");
}

/// A report as a tool in another folder writes it.
fn lcov(lines: &[(u32, u32)]) -> String {
    let mut text = "TN:\nSF:/build/api/src/price.py\n".to_owned();
    for (line, hits) in lines {
        writeln!(text, "DA:{line},{hits}").unwrap();
    }
    text + "end_of_record\nSF:/usr/lib/python3/yaml.py\nDA:1,1\nend_of_record\n"
}

#[test]
fn coverage_is_of_all_lines_and_of_those_that_changed() {
    let place = repository();
    let grown = "def total(a):\n    return a\n\n\ndef label(a):\n    if a:\n        return 1\n    return a\n";
    write(&place, "api/src/price.py", grown);
    write(&place, "before.info", &lcov(&[(1, 1), (2, 1), (5, 1), (6, 1)]));
    write(&place, "lcov.info", &lcov(&[(1, 1), (2, 1), (5, 1), (6, 1), (7, 0), (8, 1)]));
    let command = ["check", "coverage", "lcov.info", "--before", "before.info", "--service", "api"];
    let (code, out) = call(&place, &command);
    assert_eq!(code, Some(0), "{out}");
    insta::assert_snapshot!(out, @r"
    all lines: 83.3% (5 of 6 lines), -16.7 points
    api: 83.3% (5 of 6 lines)
    changed lines: 50.0% (1 of 2 lines)
      not covered: api/src/price.py:7
    not counted: /usr/lib/python3/yaml.py is no file of the repository
    ");
    let limited = ["check", "coverage", "lcov.info", "--total", "80%", "--changed", "80%"];
    let (code, out) = call(&place, &limited);
    assert_eq!(code, Some(1));
    assert!(out.ends_with("shut: less than 80% of the changed lines is covered\n"), "{out}");
    let (code, out) = call(&place, &["check", "coverage", "lcov.info", "--total", "84%", "--json"]);
    assert_eq!(code, Some(1));
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(answer["changed"]["missed"]["api/src/price.py"], serde_json::json!([7]));
    assert_eq!(answer["shut"][0], "less than 84% of all lines is covered");
}

#[test]
fn coverage_that_is_missing_does_not_pass() {
    let place = repository();
    write(&place, "lcov.info", &lcov(&[(1, 1), (2, 1), (5, 1), (6, 1)]));
    // Nothing that could run was changed.
    write(&place, "README.md", "# Shop\n");
    let command = ["check", "coverage", "lcov.info", "--changed", "80%"];
    let (code, out) = call(&place, &command);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("changed lines: nothing to cover"), "{out}");
    // A new file that no report speaks of.
    write(&place, "api/src/cart.py", "def cart():\n    return 1\n");
    let (code, out) = call(&place, &command);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("shut: api/src/cart.py changed, and no report speaks of it"), "{out}");
    let excluded = [&command[..], &["--exclude", "**/cart.py"]].concat();
    assert_eq!(call(&place, &excluded).0, Some(0));
    // An empty report, one of something else, and one of other files.
    write(&place, "empty.info", "");
    write(&place, "tests.xml", JUNIT);
    write(&place, "other.info", "SF:/usr/lib/a.py\nDA:1,1\nend_of_record\n");
    for (file, why) in [
        ("empty.info", "nothing stands in it"),
        ("tests.xml", "no report of coverage"),
        ("other.info", "no line of the repository is in any report"),
    ] {
        let (code, out) = call(&place, &["check", "coverage", file]);
        assert_eq!(code, Some(1), "{file}");
        assert!(out.contains(why), "{file}: {out}");
    }
}

#[test]
fn code_that_stands_twice_is_found_where_git_would_look() {
    let place = repository();
    let mut code = String::new();
    for line in 0..20 {
        writeln!(code, "    price_{line} = call({line}, \"{line}\", other[{line}]);").unwrap();
    }
    for name in ["a.js", "src/b.js", "src/b.test.js", "ignored.js"] {
        write(&place, name, &format!("// {name}\nfunction f() {{\n{code}}}\n"));
    }
    write(&place, ".gitignore", "ignored.js\n");
    let (code, out) = call(&place, &["check", "duplication", "--max", "3%"]);
    assert_eq!(code, Some(1), "{out}");
    insta::assert_snapshot!(out, @r"
    src/b.js:2:1: low: 22 lines stand in a.js:2-23, too [duplicated-code]
      help: say it once, and use it in both places
    84.6% of 52 lines (44) stand twice, more than 3%: 1 low
    ");
    let excluded = ["check", "duplication", "--max", "3%", "--exclude", "src/**"];
    assert_eq!(call(&place, &excluded).0, Some(0));
    assert_eq!(call(&place, &["check", "duplication", "src", "--max", "3%"]).0, Some(0));
    assert!(Path::new(&place.path().join("repository/ignored.js")).exists());
}

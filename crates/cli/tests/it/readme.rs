//! What the README and the guide tell people to type works as it stands: every
//! block marked as `console` is run, in order, in a sandbox of its own.
//!
//! A line that begins with `$ ` is a command; `[exit N]` after it is the exit
//! code that it ends with, 0 if none is written. A changed folder stays changed
//! for the lines and blocks that follow. Other lines show what is printed, and
//! are not compared.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use shipway_sim::sandbox::Sandbox;

/// A command of a document.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    line: usize,
    command: String,
    exit: i32,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if !inside {
        } else if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step { line: number + 1, command: command.to_owned(), exit: 0 });
        } else if let Some(code) = line.strip_prefix("[exit ").and_then(|l| l.strip_suffix(']')) {
            let step = steps.last_mut().expect("`[exit N]` comes after a command");
            step.exit = code.parse().expect("`[exit N]` has a number");
        }
    }
    steps
}

/// Runs what a document says.
fn follow(document: &Path) {
    let steps = steps(&fs::read_to_string(document).unwrap());
    let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_shipway")).unwrap();
    let bin = sandbox.path().join("bin");
    fs::create_dir(&bin).unwrap();
    symlink(env!("CARGO_BIN_EXE_shipway"), bin.join("shipway")).unwrap();
    let user =
        "[user]\n\tname = Reader\n\temail = reader@example.org\n[init]\n\tdefaultBranch = main\n";
    fs::write(sandbox.home().join(".gitconfig"), user).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let place = sandbox.path().join("place");
    let mut folder = sandbox.home();
    for Step { line, command, exit } in steps {
        // Where it leaves the shell is where the next one begins.
        let script = format!("{command}\ncode=$?; pwd > {}; exit $code", place.display());
        let mut shell = sandbox.command("bash");
        shell.args(["-c", &script]).current_dir(&folder).env("PATH", &path);
        let output = shell.output().unwrap();
        let printed = [output.stdout, output.stderr].concat();
        assert!(
            output.status.code() == Some(exit),
            "{}:{line}: `{command}` ended with {}, not {exit}:\n{}",
            document.display(),
            output.status,
            String::from_utf8_lossy(&printed)
        );
        folder = fs::read_to_string(&place).unwrap().trim_end().into();
    }
}

#[test]
fn commands_are_found() {
    let text = "$ no\n```sh\n$ no\n```\n```console\n$ one\nshown\n$ two\n[exit 1]\n```\n$ no\n";
    let step = |line, command: &str, exit| Step { line, command: command.to_owned(), exit };
    assert_eq!(steps(text), [step(6, "one", 0), step(8, "two", 1)]);
}

#[test]
fn the_readme_works() {
    let readme = root().join("README.md");
    assert!(steps(&fs::read_to_string(&readme).unwrap()).len() > 5, "nothing is run");
    follow(&readme);
}

#[test]
fn the_guide_works() {
    let guide = root().join("docs/guide");
    // Each in a thread of its own: they have nothing to do with one another.
    std::thread::scope(|scope| {
        for entry in fs::read_dir(&guide).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "md") {
                scope.spawn(move || follow(&path));
            }
        }
    });
}

//! Runs a case: its repository, its commands.

use std::io::Write as _;
use std::process::Command as Program;

use serde_json::Value;
use shipway_sim::dockerd::Dockerd;
use shipway_sim::repo::Repo;
use shipway_sim::sandbox::{Finished, Sandbox};

use super::case::Case;
use super::compare;
use super::expected::{Command, Requirement};

/// What is not as expected.
pub(crate) fn case(case: &Case) -> Vec<String> {
    let missing = case.expected.requires.iter().find(|requirement| !requirement.is_here());
    if let Some(missing) = missing {
        let line =
            format!("passed over: {} needs {missing:?}, which is not on this machine\n", case.name);
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return Vec::new();
    }
    let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_shipway")).unwrap();
    let repo = Repo::from_folder(sandbox.path().join("repository"), &case.folder).unwrap();
    let mut differences = script(&sandbox, &repo, case, case.expected.setup.as_deref());
    for (index, command) in case.expected.commands.iter().enumerate() {
        differences.extend(script(&sandbox, &repo, case, command.before.as_deref()));
        let finished = start(&sandbox, &repo, case, command);
        let found = compare::command(command, &finished);
        if !found.is_empty() {
            let which = format!("command {}: shipway {}", index + 1, command.shipway.join(" "));
            differences.push(which);
            differences.extend(found.into_iter().map(|line| format!("  {line}")));
            differences.push(format!("  it printed:\n{}", indented(&printed(&finished))));
        }
        if !differences.is_empty() {
            break;
        }
    }
    differences
}

fn start(sandbox: &Sandbox, repo: &Repo, case: &Case, command: &Command) -> Finished {
    let mut arguments: Vec<&str> = command.shipway.iter().map(String::as_str).collect();
    // What came of a run is read as JSON; a case may ask for it itself.
    if command.jobs.is_some() && !arguments.contains(&"--json") {
        arguments.push("--json");
    }
    let mut program = sandbox.shipway(repo.path(), &arguments);
    prepare(&mut program, case);
    sandbox.begin(program).unwrap().wait(std::time::Duration::from_secs(120)).unwrap()
}

fn script(sandbox: &Sandbox, repo: &Repo, case: &Case, script: Option<&str>) -> Vec<String> {
    let Some(script) = script else { return Vec::new() };
    let mut shell = sandbox.command("bash");
    shell.args(["-euo", "pipefail", "-c", script]).current_dir(repo.path());
    prepare(&mut shell, case);
    let output = shell.output().unwrap();
    if output.status.success() {
        return Vec::new();
    }
    let said = [output.stdout, output.stderr].concat();
    vec![format!("its script failed: {}", String::from_utf8_lossy(&said))]
}

fn prepare(program: &mut Program, case: &Case) {
    for name in ["GIT_AUTHOR", "GIT_COMMITTER"] {
        program.env(format!("{name}_NAME"), "Octo Cat");
        program.env(format!("{name}_EMAIL"), "octo@example.org");
    }
    if case.expected.requires.contains(&Requirement::Docker)
        && let Some(dockerd) = Dockerd::get()
    {
        program.env("DOCKER_HOST", dockerd.host());
    }
    program.env("USER", "octocat").env("GIT_CONFIG_NOSYSTEM", "1").envs(&case.expected.env);
}

/// JSON is for programs: the jobs' logs say more.
fn printed(finished: &Finished) -> String {
    let answer = serde_json::from_str::<Value>(&finished.stdout);
    let logs = answer.ok().map(|answer| {
        let jobs = compare::jobs(&answer);
        let log = |(name, job): &(String, Value)| format!("[{name}]\n{}", compare::log(job));
        jobs.iter().map(log).collect::<Vec<_>>().join("\n")
    });
    format!("{}{}", finished.stderr, logs.unwrap_or_else(|| finished.stdout.clone()))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("      {line}")).collect::<Vec<_>>().join("\n")
}

impl Requirement {
    fn is_here(self) -> bool {
        let (program, arguments) = match self {
            Self::Docker => return Dockerd::get().is_some(),
            Self::Node => ("node", vec!["--version"]),
            Self::Pwsh => ("pwsh", vec!["-Version"]),
            Self::Python => ("python3", vec!["--version"]),
            Self::Shellcheck => ("shellcheck", vec!["--version"]),
        };
        Program::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
    }
}

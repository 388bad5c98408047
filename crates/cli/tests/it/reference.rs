//! `docs/reference` says what the program says: `SHIPWAY_BLESS=1` writes
//! `commands.md` anew.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use shipway_sim::sandbox::Sandbox;

/// Where help is wrapped, whatever terminal the test runs in.
const COLUMNS: &str = "96";

#[test]
fn commands_md_is_what_the_help_says() {
    let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_shipway")).unwrap();
    let mut text = String::from(
        "# Commands\n\nMade from the program's own `--help`; a test compares. What the exit codes \
         mean is in\n[exit-codes.md](exit-codes.md).\n",
    );
    describe(&sandbox, &mut Vec::new(), &mut text);

    let path = reference("commands.md");
    if std::env::var_os("SHIPWAY_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "docs/reference/commands.md is not what `shipway --help` says: run `SHIPWAY_BLESS=1 cargo \
         test -p shipway-cli reference` and commit it"
    );
}

#[test]
fn exit_codes_md_has_every_code_of_the_help() {
    let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_shipway")).unwrap();
    let help = help(&sandbox, &[]).split_whitespace().collect::<Vec<_>>().join(" ");
    let (_, codes) = help.split_once("Exit codes: ").unwrap();
    let codes: Vec<_> = codes.trim_end_matches('.').split("; ").collect();
    let document = fs::read_to_string(reference("exit-codes.md")).unwrap();
    let rows: Vec<_> = document.lines().filter(|line| line.starts_with("| `")).collect();
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            let mut cells =
                row.trim_matches('|').split('|').map(|cell| cell.trim_matches([' ', '`']));
            format!("{} {}", cells.next().unwrap(), cells.next().unwrap())
        })
        .take(codes.len())
        .collect();
    assert_eq!(told, codes);
}

/// The command's section, and those of its subcommands.
fn describe(sandbox: &Sandbox, command: &mut Vec<String>, text: &mut String) {
    let help = help(sandbox, command);
    let depth = if command.is_empty() { "##" } else { "###" };
    write!(text, "\n{depth} `shipway{}`\n\n```text\n", spaced(command)).unwrap();
    writeln!(text, "{}\n```", help.trim_end()).unwrap();
    for name in subcommands(&help) {
        command.push(name);
        describe(sandbox, command, text);
        command.pop();
    }
}

fn help(sandbox: &Sandbox, command: &[String]) -> String {
    let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
    arguments.push("--help");
    let mut shipway = sandbox.shipway(sandbox.path(), &arguments);
    let output = shipway.env("COLUMNS", COLUMNS).output().unwrap();
    assert!(output.status.success(), "{shipway:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The names in the list of commands, but `help` itself.
fn subcommands(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = lines.take_while(|line| !line.is_empty());
    // A line that goes on is indented further.
    let names = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned);
    names.filter(|name| name != "help").collect()
}

fn spaced(command: &[String]) -> String {
    command.iter().map(|name| format!(" {name}")).collect()
}

fn reference(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name)
}

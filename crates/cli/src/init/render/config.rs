//! `shipway.yaml`.

use std::fmt::Write as _;

use shipway_core::config::scalar;

use super::super::{Detected, Found};
use super::comment;

const INDENT: &str = "    ";

/// A `shipway.yaml` with what was found, and with comments for what was not.
pub(in super::super) fn config(detected: &Detected) -> String {
    let mut text = String::from(
        "# How this repository goes to production. Written by `shipway init` from what it\n\
         # looks like: read it once. `shipway config check` says what is wrong with it,\n\
         # `shipway config show` prints it with every default.\n",
    );
    // Writing to a String cannot fail, here and below.
    let _ = write!(text, "project: {}\n\nservices:\n", scalar(&detected.project));
    for (index, found) in detected.services.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        service(&mut text, found);
    }
    environments(&mut text, &detected.branch);
    text
}

fn service(text: &mut String, found: &Found) {
    let _ = writeln!(text, "  {}:", scalar(&found.name));
    text.push_str(&comment(INDENT, &format!("Found: {}.", found.what)));
    for note in &found.notes {
        text.push_str(&comment(INDENT, note));
    }
    if found.path != "." {
        let _ = writeln!(text, "{INDENT}path: {}", scalar(&found.path));
    }
    if !found.uses.is_empty() {
        let _ = writeln!(text, "{INDENT}uses:");
        items(text, "      ", &found.uses);
    }
    if let Some(build) = &found.build {
        let _ = writeln!(text, "{INDENT}build:\n      run: {}", scalar(&build.run));
        if !build.outputs.is_empty() {
            text.push_str("      outputs:\n");
            items(text, "        ", &build.outputs);
        }
    }
    run(text, found);
    health(text, found);
    if found.listens {
        text.push_str(&comment(
            INDENT,
            "Fill in a command that tries the new version at $URL before any user does:",
        ));
        let _ = writeln!(text, "{INDENT}# smoke: ./smoke-test");
    }
    migrations(text, found);
}

fn items(text: &mut String, indent: &str, items: &[String]) {
    for item in items {
        let _ = writeln!(text, "{indent}- {}", scalar(item));
    }
}

fn run(text: &mut String, found: &Found) {
    match &found.run {
        Some(run) if found.listens && !run.contains("$PORT") => {
            let listen = "Gets $PORT in its environment and has to listen there, on 127.0.0.1.";
            text.push_str(&comment(INDENT, listen));
            let _ = writeln!(text, "{INDENT}run: {}", scalar(run));
        }
        Some(run) => {
            let _ = writeln!(text, "{INDENT}run: {}", scalar(run));
        }
        None => {
            text.push_str(&comment(INDENT, "Fill in the command that starts it; it gets $PORT:"));
            let placeholder = "sh -c 'echo shipway.yaml does not say what to run >&2; exit 1'";
            let _ = writeln!(text, "{INDENT}run: {}", scalar(placeholder));
        }
    }
    if !found.listens {
        let _ = writeln!(text, "{INDENT}port: false");
    }
}

fn health(text: &mut String, found: &Found) {
    match found.health {
        Some(path) => {
            let _ = writeln!(text, "{INDENT}health: {}", scalar(path));
        }
        None if found.listens => {
            text.push_str(&comment(
                INDENT,
                "Fill in a path that answers 200 once it is ready; until then, an accepted \
                 connection counts:",
            ));
            let _ = writeln!(text, "{INDENT}# health: /health/ready");
        }
        None => {}
    }
}

fn migrations(text: &mut String, found: &Found) {
    match &found.migrations {
        Some((dir, Some(apply))) => {
            let (dir, apply) = (scalar(dir), scalar(apply));
            let _ = writeln!(text, "{INDENT}migrations:\n      dir: {dir}\n      apply: {apply}");
            if found.build.as_ref().is_some_and(|build| !build.outputs.is_empty()) {
                let note = "What they need has to be among the outputs of the build.";
                text.push_str(&comment("      ", note));
            }
        }
        Some((dir, None)) => {
            text.push_str(&comment(INDENT, "Fill in the command that applies the migrations:"));
            let _ = writeln!(text, "{INDENT}# migrations: {{dir: {dir}, apply: ./migrate}}");
        }
        None => {}
    }
}

fn environments(text: &mut String, branch: &str) {
    let _ = write!(
        text,
        "
environments:
  staging:
    branch: {}                        # every commit of it, by itself

  production:
    from: staging                       # what was proven there
    approval:
      required: 1
      # For one person on one machine: who ships may approve, and a login name is
      # enough. For a team, name who may: `by: [alice, bob]`, and `self: false`.
      self: true
      unverified: true
    # The new version starts beside the old one and takes over at once; the old
    # one stays ready for so long, and comes back by itself when the new one ends,
    # or answers more than 5 % of requests with errors.
    rollout:
      blue_green: {{bake: 30s}}
    guard:
      error_rate: {{over: 5%, then: rollback}}
",
        scalar(branch)
    );
}

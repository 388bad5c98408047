//! `--shell-on-failure`: a shell where a step has failed.

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use shipway_core::run::JobSpec;
use shipway_server::OnFailure;

use crate::carry::Curtain;
use crate::error::CliError;
use crate::print;

/// A shell is for a person.
pub(super) fn needs_terminal() -> Result<(), CliError> {
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        return Ok(());
    }
    Err(CliError::usage("--shell-on-failure needs a terminal"))
}

/// Opens shells, one at a time; what others write waits for their end.
pub(super) fn on_failure(curtain: Curtain) -> OnFailure {
    let terminal = Mutex::new(());
    Arc::new(move |job, step, script| {
        let _mine = terminal.lock().unwrap_or_else(PoisonError::into_inner);
        curtain.draw();
        open(job, step, script);
        curtain.open();
    })
}

fn open(job: &JobSpec, step: &str, script: &Path) {
    print::aside(format!(
        "\n✗ {}: `{step}` has failed; this is a shell where it was, `exit` goes on",
        job.name
    ));
    // The step's variables, and nothing of this process but what a terminal
    // needs.
    let kept = ["TERM", "COLORTERM", "LANG", "PATH", "HOME"];
    let kept = kept.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    let shell = Command::new("sh").arg(script).env_clear().envs(kept).status();
    if let Err(error) = shell {
        print::aside(format!("no shell can be opened: {error}"));
    }
}

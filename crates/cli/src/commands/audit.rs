//! `shipway audit verify`.

use serde::Serialize;
use shipway_store::{Checkpoints, verify as verify_journal};

use crate::args::Report;
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;
use crate::project::Project;

/// What was found.
#[derive(Serialize)]
struct Answer {
    entries: u64,
    erased: usize,
    vouched_for: Option<u64>,
    findings: Vec<String>,
    public_key: String,
}

pub(super) fn verify(args: &Report) -> Result<Exit, CliError> {
    let project = Project::open()?;
    let checkpoints = Checkpoints::open(&project.folders.checkpoints())?;
    let report = verify_journal(project.store.journal(), &checkpoints.read()?)?;
    let exit = if report.is_clean() { Exit::Ok } else { Exit::Failed };
    let answer = Answer {
        entries: report.entries,
        erased: report.erased.len(),
        vouched_for: report.vouched.as_ref().map(|checkpoint| checkpoint.seq.0),
        findings: report.findings.iter().map(ToString::to_string).collect(),
        public_key: checkpoints.public_key(),
    };
    if args.json {
        print::json(&answer)?;
        return Ok(exit);
    }
    answer.findings.iter().for_each(print::line);
    let vouched = answer.vouched_for.map_or_else(
        || "no signed checkpoint vouches for them".to_owned(),
        |seq| format!("a signed checkpoint vouches for those up to {seq}"),
    );
    print::line(match answer.findings.len() {
        0 => format!("{} entries, all as they were written; {vouched}", answer.entries),
        n => format!("{} entries, {n} findings; {vouched}", answer.entries),
    });
    Ok(exit)
}

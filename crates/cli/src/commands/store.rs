//! `shipway backup` and `shipway restore`.

use jiff::Timestamp;
use serde_json::json;
use shipway_store::{Checkpoints, backup as back_up, restore as put_back};

use crate::args::{Backup, Restore};
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;
use crate::project::Project;

pub(super) fn backup(args: &Backup) -> Result<Exit, CliError> {
    let project = Project::open()?;
    let checkpoints = Checkpoints::open(&project.folders.checkpoints())?;
    let report = back_up(&project.store, Some(&checkpoints), &args.to)?;
    let findings: Vec<String> = report.journal.findings.iter().map(ToString::to_string).collect();
    if args.json {
        print::json(&json!({
            "entries": report.journal.entries,
            "blobs": report.blobs,
            "blob_bytes": report.blob_bytes,
            "findings": findings,
        }))?;
    } else {
        findings.iter().for_each(print::line);
        print::line(format!(
            "{} entries and {} blobs ({} bytes) are in {}",
            report.journal.entries,
            report.blobs,
            report.blob_bytes,
            args.to.display()
        ));
    }
    Ok(if findings.is_empty() { Exit::Ok } else { Exit::Failed })
}

pub(super) fn restore(args: &Restore) -> Result<Exit, CliError> {
    let project = Project::open()?;
    let checkpoints = Checkpoints::open(&project.folders.checkpoints())?;
    let to = project.folders.store();
    // The store that is there is not to be open while it is replaced.
    drop(project);
    let now = Timestamp::now();
    let report = put_back(&args.from, &to, Some(&checkpoints), args.force, now)?;
    if args.json {
        print::json(&json!({
            "entries": report.journal.entries,
            "blobs": report.blobs,
            "replaced": report.replaced,
        }))?;
        return Ok(Exit::Ok);
    }
    print::line(format!(
        "{} entries and {} blobs are back in place",
        report.journal.entries, report.blobs
    ));
    if let Some(replaced) = report.replaced {
        print::line(format!("what was there before is in {}", replaced.display()));
    }
    Ok(Exit::Ok)
}

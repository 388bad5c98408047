//! `shipway check duplication`.

use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use shipway_checks::Sink as _;
use shipway_checks::render::{Report, Tool};
use shipway_checks::reports::duplication::{DUPLICATED, Duplication};
use shipway_evidence::duplication::{DuplicationError, look_at};
use shipway_evidence::git;

use super::excluded::Excluded;
use crate::args::CheckDuplication;
use crate::error::CliError;
use crate::exit::Exit;

pub(super) fn run(args: &CheckDuplication) -> Result<Exit, CliError> {
    let here = std::env::current_dir()
        .map_err(|error| CliError::usage(format!("the current folder cannot be used: {error}")))?;
    let root = git::work_tree(&here)?.unwrap_or_else(|| here.clone());
    let excluded = Excluded::of(&args.exclude)?;
    let from_root = |path: &PathBuf| {
        let full = here.join(path);
        full.strip_prefix(&root).map(Path::to_path_buf).unwrap_or(full)
    };
    let paths: Vec<PathBuf> = match &args.paths[..] {
        [] => vec![PathBuf::new()],
        named => named.iter().map(from_root).collect(),
    };
    let found = look_at(&root, &paths, &|file| excluded.has(file))?;
    let Some(percent) = found.percent() else {
        return Err(CliError::usage("there is no source code to look at".to_owned()));
    };
    let is_too_much = args.max.is_some_and(|max| max.is_exceeded_by(found.duplicated, found.of));
    let Duplication { of: lines, duplicated, places, .. } = found;
    let tool = Tool {
        name: "shipway check duplication",
        version: env!("CARGO_PKG_VERSION"),
        rules: &[&DUPLICATED],
    };
    let out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    let mut report = Report::new(out, super::format(args.format, args.json), &tool);
    places.into_iter().for_each(|place| report.finding(place));
    let said = format!("{percent:.1}% of {lines} lines ({duplicated}) stand twice");
    let said = match args.max {
        Some(max) if is_too_much => format!("{said}, more than {max}"),
        _ => said,
    };
    match report.finish(&said) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CliError::trouble(format!("the findings cannot be written: {error}")))
        }
        _ if is_too_much => Ok(Exit::Failed),
        _ => Ok(Exit::Ok),
    }
}

impl From<DuplicationError> for CliError {
    fn from(error: DuplicationError) -> Self {
        Self::usage(error.to_string())
    }
}

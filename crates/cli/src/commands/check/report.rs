//! `shipway check report`.

use std::fs::File;
use std::io::{self, BufReader, BufWriter};
use std::path::Path;

use serde::Serialize;
use shipway_checks::render::{Format, Report, Tool};
use shipway_checks::reports::{
    NoEvidence, Recognised, analysis, policy_results, read, said, vulnerabilities,
};
use shipway_checks::{Check, Finding, Rule, Sink as _};

use crate::args::CheckReport;
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;

/// Reads a report of this name.
pub(super) fn opened(path: &Path) -> Result<Recognised, NoEvidence> {
    let name = path.to_string_lossy();
    match File::open(path) {
        Ok(file) => read(&name, &mut BufReader::with_capacity(64 * 1024, file)),
        Err(error) => Err(NoEvidence::unreadable(&name, &error)),
    }
}

pub(super) fn run(args: &CheckReport) -> Result<Exit, CliError> {
    let read: Vec<_> = args.files.iter().map(|path| Read::of(path)).collect();
    let shuts = read.iter().any(|one| {
        let tally = one.check.tally;
        tally.undecided > 0 || args.fail_on.is_some_and(|severity| tally.shuts(severity))
    });
    match super::format(args.format, args.json) {
        Format::Json => print::json(&read)?,
        format => tell(&read, format)?,
    }
    Ok(if shuts { Exit::Failed } else { Exit::Ok })
}

/// A report, and what it says.
#[derive(Serialize)]
struct Read {
    /// Its format; nothing if it is no evidence.
    format: Option<&'static str>,
    /// In words.
    says: Option<String>,
    #[serde(flatten)]
    check: Check,
}

impl Read {
    fn of(path: &Path) -> Self {
        let name = path.to_string_lossy();
        match opened(path) {
            Ok(recognised) => Self {
                format: Some(recognised.format),
                says: Some(recognised.report.words()),
                check: recognised.check(&name),
            },
            Err(error) => {
                let mut check = Check::new(name);
                check.finding(error.finding());
                Self { format: None, says: None, check }
            }
        }
    }
}

fn tell(read: &[Read], format: Format) -> Result<(), CliError> {
    if format == Format::Text {
        for Read { format, says, check } in read {
            if let (Some(format), Some(says)) = (format, says) {
                print::line(format!("{}: {format}: {says}", check.name));
            }
        }
    }
    let rules = rules();
    let version = env!("CARGO_PKG_VERSION");
    let tool = Tool { name: "shipway check report", version, rules: &rules };
    let out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    let mut report = Report::new(out, format, &tool);
    let findings: Vec<&Finding> = read.iter().flat_map(|one| &one.check.findings).collect();
    findings.into_iter().for_each(|finding| report.finding(finding.clone()));
    match report.finish(&print::counted(read.len(), "report")) {
        // A reader who is gone (`| head`) has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CliError::trouble(format!("the findings cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Every rule that a finding may be of, but those of the tools themselves.
fn rules() -> Vec<&'static Rule> {
    let mut rules = said::rules::ALL.to_vec();
    rules.extend(analysis::rules::ALL);
    rules.extend(vulnerabilities::rules::ALL);
    rules.extend(policy_results::rules::ALL);
    rules
}

//! `shipway check secrets`.

use std::fs;
use std::io::{self, BufWriter};
use std::path::Path;

use shipway_checks::render::{Report, Tool};
use shipway_checks::secrets::{Baseline, Rules};
use shipway_checks::{Check, Severity, Sink as _};
use shipway_evidence::git::{self, GitError, Since};
use shipway_evidence::secrets::{Scope, SearchError, search};

use crate::args::CheckSecrets;
use crate::error::CliError;
use crate::exit::Exit;

pub(super) fn run(args: &CheckSecrets) -> Result<Exit, CliError> {
    let here = std::env::current_dir()
        .map_err(|error| CliError::usage(format!("the current folder cannot be used: {error}")))?;
    let root = git::work_tree(&here)?.unwrap_or_else(|| here.clone());
    let since = match &args.since {
        Some(base) => git::since(&root, Some(base))?,
        None => None,
    };
    // What is judged does not choose its judge: a change is judged by the rules and the baseline
    // that were there before it.
    let given = Given { root: &root, since: since.as_ref() };
    let rules = match &args.rules {
        Some(path) => Rules::read(path, &given.text(path)?)
            .map_err(|error| CliError::usage(error.to_string()))?,
        None => Rules::built_in(),
    };
    let baseline = given.baseline(args.baseline.as_deref())?;
    let scope = match since.clone() {
        Some(since) => Scope::Since(since),
        None if args.history => Scope::History,
        None if args.paths.is_empty() => Scope::Tree,
        None => Scope::Paths(args.paths.iter().map(|path| here.join(path)).collect()),
    };
    let mut found = search(&root, &scope, &rules)?;
    found.findings.iter_mut().for_each(|finding| baseline.apply(finding));
    if args.write_baseline {
        let open = found.findings.iter().filter(|finding| finding.allowed.is_none());
        open.for_each(|finding| crate::print::line(Baseline::line(finding)));
        return Ok(Exit::Ok);
    }
    report(args, &rules, found)
}

/// Where rules and baseline come from.
struct Given<'g> {
    root: &'g Path,
    since: Option<&'g Since>,
}

impl Given<'_> {
    fn text(&self, path: &str) -> Result<String, CliError> {
        let missing = |why: String| CliError::usage(format!("{path} cannot be read: {why}"));
        match self.since {
            Some(since) => match git::content_at(self.root, &since.base, path)? {
                Some(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
                None => Err(missing("it was not there before this change".to_owned())),
            },
            None => fs::read_to_string(self.root.join(path)).map_err(|e| missing(e.to_string())),
        }
    }

    /// The one that is named, or the usual one if it is there.
    fn baseline(&self, named: Option<&str>) -> Result<Baseline, CliError> {
        const USUAL: &str = ".shipway/secrets-baseline";
        let text = match (named, self.text(named.unwrap_or(USUAL))) {
            (_, Ok(text)) => text,
            (Some(_), Err(error)) => return Err(error),
            (None, Err(_)) => return Ok(Baseline::default()),
        };
        let read = Baseline::read(named.unwrap_or(USUAL), &text);
        read.map_err(|error| CliError::usage(error.to_string()))
    }
}

fn report(args: &CheckSecrets, rules: &Rules, found: Check) -> Result<Exit, CliError> {
    let known: Vec<_> = rules.rules().collect();
    let known: Vec<_> = known.iter().collect();
    let version = env!("CARGO_PKG_VERSION");
    let tool = Tool { name: "shipway check secrets", version, rules: &known };
    let out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    let mut report = Report::new(out, super::format(args.format, args.json), &tool);
    let files = if args.history { "blob" } else { "file" };
    let looked =
        crate::print::counted(usize::try_from(found.looked_at).unwrap_or(usize::MAX), files);
    found.findings.into_iter().for_each(|finding| report.finding(finding));
    let tally = report.tally();
    let open = tally.total() - tally.allowed;
    let said = format!("{looked} searched: {open} found, {} allowed", tally.allowed);
    super::ended(report.finish(&said), Severity::Low)
}

impl From<SearchError> for CliError {
    fn from(error: SearchError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<GitError> for CliError {
    fn from(error: GitError) -> Self {
        Self::usage(error.to_string())
    }
}

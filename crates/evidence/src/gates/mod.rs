//! What a commit shows to the gates on its way: reports that its workflows uploaded, and what is
//! found by looking at it.

mod changed;
mod checklist;
mod coverage;
mod findings;
mod reports;
mod scans;
mod services;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use shipway_checks::policy::shown::{PullRequest, Shown, Source};
use shipway_core::config::{GateSet, Gates};
use shipway_core::gate::{Destination, FirstSeen, Ledger};

use crate::duplication::DuplicationError;
use crate::git::{self, GitError};
use crate::migrations::GatherError;
use crate::secrets::SearchError;

pub use services::{Folders, Services};

/// What is looked at.
pub struct Look<'l> {
    /// The commit's work tree, clean.
    pub root: &'l Path,
    /// The commit that it is compared with; nothing: everything counts as new.
    pub base: Option<&'l str>,
    /// The commit where what judges is read; nothing: the commit itself.
    pub judge: Option<&'l str>,
    /// Where it is on the way to.
    pub to: &'l Destination,
    /// What the gates ask for.
    pub asked: &'l GateSet,
    /// The gates as the judge has them, and as the commit has them.
    pub gates: Versions<'l>,
    /// The same of the services' folders.
    pub services: Services<'l>,
    /// What the commit's workflows uploaded.
    pub reports: &'l [ReportFile],
    /// What the base's workflows uploaded, if they are known: what was there before.
    pub before: &'l [ReportFile],
    /// What the project's gates have seen.
    pub ledger: &'l Ledger,
    /// The whole coverage as it was last on this way, in percent.
    pub coverage_before: Option<f64>,
    /// What the pull request says, if there is one.
    pub pull_request: Option<PullRequest>,
    /// The time of judging.
    pub now: Timestamp,
}

#[cfg(test)]
static NO_FOLDERS: Folders = Folders::new();

#[cfg(test)]
impl<'l> Look<'l> {
    /// One on the way of a pull request, at nothing yet.
    fn at_nothing(asked: &'l GateSet, gates: Versions<'l>, ledger: &'l Ledger) -> Self {
        Self {
            root: Path::new("."),
            base: None,
            judge: None,
            to: &Destination::PullRequest,
            asked,
            gates,
            services: Services { before: &NO_FOLDERS, after: &NO_FOLDERS },
            reports: &[],
            before: &[],
            ledger,
            coverage_before: None,
            pull_request: None,
            now: Timestamp::UNIX_EPOCH,
        }
    }
}

/// The gates before and after a change.
#[derive(Clone, Copy)]
pub struct Versions<'l> {
    /// As the judge has them.
    pub before: Option<&'l Gates>,
    /// As the commit has them.
    pub after: &'l Gates,
}

/// A file that may be a report.
#[derive(Debug, Clone)]
pub struct ReportFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it is called, and where it comes from.
    pub source: Source,
    /// The artifact that it is in; nothing if somebody handed it in.
    pub artifact: Option<String>,
    /// The service that it is about.
    pub service: Option<String>,
    /// What its coverage is told apart by.
    pub flag: Option<String>,
    /// Whether somebody named it as a report: one of no known format is told then.
    pub named: bool,
}

/// What was seen.
#[derive(Debug)]
pub struct Looked {
    /// For the gates.
    pub shown: Shown,
    /// Since when each vulnerability is known, for the next time.
    pub seen: Vec<FirstSeen>,
    /// Figures for the trend.
    pub figures: BTreeMap<String, f64>,
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// Git did not answer.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The migrations cannot be gathered.
    #[error(transparent)]
    Migrations(#[from] GatherError),
    /// Not everything can be searched for secrets.
    #[error(transparent)]
    Secrets(#[from] SearchError),
    /// Not everything can be looked at for what stands twice.
    #[error(transparent)]
    Duplication(#[from] DuplicationError),
    /// A file that gates are judged by is wrong.
    #[error("{0}")]
    Judge(String),
    /// The work tree cannot be read.
    #[error("{path}: {error}", path = path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

impl Look<'_> {
    /// Looks at everything that the gates ask for.
    ///
    /// # Errors
    /// When something could not be looked at: it is no evidence then, and no gate opens.
    pub fn look(&self) -> Result<Looked, LookError> {
        let since = match self.base {
            Some(base) => git::since(self.root, Some(base))?,
            None => None,
        };
        let pieces = reports::read(self.reports);
        let others = checklist::others(self, &pieces)?;
        let mut shown = Shown {
            coverage: coverage::seen(self, since.as_ref(), &pieces)?,
            tests: reports::tests(others.iter().copied()),
            analysis: reports::analysis(self, &pieces),
            load: reports::load(&pieces),
            sonarqube: reports::quality(&pieces),
            policies: reports::policies(others.iter().copied()),
            secrets: scans::secrets(self, since.as_ref())?,
            migrations: scans::migrations(self)?,
            duplication: scans::duplication(self, &pieces)?,
            checklist: checklist::items(self, &pieces)?,
            gates_changed: changed::gates(self)?,
            ..Shown::default()
        };
        let waivers = self.waivers()?;
        let registered = reports::vulnerabilities(self, &pieces, &waivers);
        shown.vulnerabilities = registered.dependencies;
        shown.images = registered.images;
        shown.licences = reports::licences(self, &pieces, &waivers)?;
        let figures = figures(&shown);
        Ok(Looked { shown, seen: registered.seen, figures })
    }

    /// A file that gates are judged by, as the judge has it; without one, as it is.
    fn judge_file(&self, path: &str) -> Result<Option<String>, LookError> {
        let bytes = match self.judge {
            Some(judge) => git::content_at(self.root, judge, path)?,
            None => self.own_file(path)?,
        };
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// A file of the commit.
    fn own_file(&self, path: &str) -> Result<Option<Vec<u8>>, LookError> {
        let full = self.root.join(path);
        match std::fs::read(&full) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LookError::File { path: full, error }),
        }
    }

    /// A source that is this look itself.
    fn own(&self, what: String, tool: &str) -> Source {
        let from = match self.base {
            Some(base) => format!("since {}", base.get(..12).unwrap_or(base)),
            None => "the whole tree".to_owned(),
        };
        Source { file: what, tool: tool.to_owned(), from, at: Some(self.now), digest: None }
    }
}

/// The figures that a trend is told by.
fn figures(shown: &Shown) -> BTreeMap<String, f64> {
    let all = shipway_checks::policy::figures(shown);
    let named =
        all.as_object().into_iter().flatten().flat_map(|(name, members)| {
            members.as_object().into_iter().flatten().filter_map(move |(member, value)| {
                Some((format!("{name}.{member}"), value.as_f64()?))
            })
        });
    named.collect()
}

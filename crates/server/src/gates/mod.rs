//! Judges the gates of a commit on its way: gathers what it shows, asks the policy, and lets
//! through what a person let through.

mod artifacts;
mod ask;
mod pull_request;
mod versions;

use std::path::Path;

use jiff::Timestamp;
use shipway_checks::policy;
use shipway_checks::policy::shown::{Shown, Source};
use shipway_core::config::{GateSet, Gates, People};
use shipway_core::digest::Digest;
use shipway_core::gate::{Destination, Judged, Ledger, Position, Role, Verdict};
use shipway_core::ids::{CommitId, RunId};
use shipway_core::run::RunResult;
use shipway_core::view::Live;
use shipway_evidence::gates::{Look, LookError, Looked, ReportFile, Services, Versions};

use crate::bundle;
use crate::folders::Folders;
use crate::git::{self, GitError, Repository};
use crate::planner::PlanError;

pub use ask::{AskError, Asking};
pub use pull_request::{BadPayload, ToldPullRequest};
pub(crate) use versions::left_trunk;

/// What work folders begin with.
pub(crate) const WORK: &str = "gates-";

/// What is judged.
pub struct Judging<'j> {
    /// The repository.
    pub repository: &'j Repository,
    /// The commit.
    pub commit: &'j CommitId,
    /// Where it wants to go.
    pub to: &'j Destination,
    /// What is where.
    pub live: &'j Live,
    /// The runs whose artifacts are evidence.
    pub runs: &'j [RunId],
    /// Workflows that did not pass, by file.
    pub failed: &'j [String],
    /// Reports that a person hands in beside them.
    pub given: &'j [ReportFile],
    /// What the pull request says.
    pub pull_request: Option<&'j ToldPullRequest>,
    /// The project's folders.
    pub folders: &'j Folders,
    /// A name for the work folder, unique among what runs at a time.
    pub name: &'j str,
    /// The time of judging.
    pub now: Timestamp,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// For the journal.
    pub judged: Judged,
    /// What was shown.
    pub shown: Shown,
    /// The gates it was judged by.
    pub gates: Gates,
}

/// Why nothing could be judged.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] PlanError),
    /// Git did not answer.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The gates that a pull request is judged by are not here.
    #[error("the base of the pull request, {}, is not here: `git fetch origin` brings it", .0.short())]
    NoBase(CommitId),
    /// The same of a change whose base nobody names.
    #[error(
        "the branch that this change goes to is not here, or not known: `git fetch origin` brings \
         it where all branches are fetched, and `git remote set-head origin --auto` tells which it is"
    )]
    NoTrunk,
    /// What it shows could not be looked at.
    #[error(transparent)]
    Look(#[from] LookError),
    /// The artifacts cannot be read.
    #[error("the artifacts of {run} cannot be read: {why}")]
    Artifacts {
        /// The run.
        run: RunId,
        /// Why.
        why: String,
    },
    /// The look did not come to an end.
    #[error("{0}")]
    Broken(String),
}

impl Judging<'_> {
    /// Judges it. It blocks: git, files.
    ///
    /// # Errors
    /// When something could not be looked at. No gate opens then.
    pub fn judge(&self) -> Result<Outcome, GateError> {
        let versions = versions::of(self)?;
        let ledger = self.ledger();
        let asked = versions.asked(self.to);
        if asked == Default::default() && versions.before.is_none_or_unsaid() {
            return Ok(self.outcome(versions, &ledger, Shown::default(), Vec::new(), Vec::new()));
        }
        let work = self.folders.work(&format!("{WORK}{}", self.name));
        let looked = self.look(&work, &versions, &asked, &ledger);
        let removed = bundle::remove(&work);
        let Looked { shown, seen, figures } = looked?;
        removed.map_err(|error| GateError::Broken(error.to_string()))?;
        let verdicts = policy::judge(&asked, &shown, self.now);
        let mut outcome = self.outcome(versions, &ledger, shown, verdicts, seen);
        outcome.judged.figures = figures;
        Ok(outcome)
    }

    fn look(
        &self,
        work: &Path,
        versions: &versions::Found,
        asked: &GateSet,
        ledger: &Ledger,
    ) -> Result<Looked, GateError> {
        bundle::remove(work).map_err(|error| GateError::Broken(error.to_string()))?;
        let tree = work.join("tree");
        git::checkout(self.repository.root(), self.commit, &tree)?;
        let mut reports = self.given.to_vec();
        reports.extend(artifacts::files(
            self,
            self.runs,
            &versions.gates().reports,
            &work.join("reports"),
        )?);
        let sources = &versions.gates().reports;
        let base_runs = versions.base.as_ref().map(|base| runs(self.live, base).all);
        let before = base_runs.unwrap_or_default();
        let before = artifacts::files(self, &before, sources, &work.join("before"))?;
        let folders = versions::folders(&versions.config);
        let last = ledger.judged.get(self.to);
        let last = last.filter(|judged| versions.base.as_ref() == Some(&judged.commit));
        let look = Look {
            root: &tree,
            base: versions.base.as_ref().map(CommitId::as_str),
            judge: versions.judge.as_ref().map(CommitId::as_str),
            to: self.to,
            asked,
            gates: Versions { before: versions.before.gates(), after: &versions.config.gates },
            services: Services { before: &versions.folders_before, after: &folders },
            reports: &reports,
            before: &before,
            ledger,
            coverage_before: last.and_then(|of| of.figures.get("coverage.total").copied()),
            pull_request: self.pull_request.map(ToldPullRequest::said),
            now: self.now,
        };
        Ok(look.look()?)
    }

    fn ledger(&self) -> Ledger {
        self.live.gates().cloned().unwrap_or_default()
    }

    fn outcome(
        &self,
        versions: versions::Found,
        ledger: &Ledger,
        shown: Shown,
        mut verdicts: Vec<Verdict>,
        seen: Vec<shipway_core::gate::FirstSeen>,
    ) -> Outcome {
        if *self.to == Destination::PullRequest {
            verdicts.insert(0, self.workflows(versions.requires_no_workflow()));
        }
        let gates = versions.gates().clone();
        for verdict in &mut verdicts {
            self.overridden(ledger, gates.overrides.as_ref(), verdict);
        }
        let judged = Judged {
            to: self.to.clone(),
            commit: self.commit.clone(),
            base: versions.base.clone(),
            at: self.now,
            verdicts,
            figures: std::collections::BTreeMap::new(),
            seen,
        };
        Outcome { judged, shown, gates }
    }

    /// A pull request's workflows. On the way to an environment the plan itself has this gate.
    fn workflows(&self, none: bool) -> Verdict {
        let position = if none {
            Position::Open { evidence: vec!["shipway.yaml requires no workflow".to_owned()] }
        } else if !self.failed.is_empty() {
            Position::Shut {
                reason: format!("failed: {}", self.failed.join(", ")),
                opens: Some("mend what failed; `shipway run` runs it again".to_owned()),
                evidence: Vec::new(),
            }
        } else if self.runs.is_empty() {
            Position::Shut {
                reason: "no workflow passed for this commit".to_owned(),
                opens: Some("`shipway run` runs them".to_owned()),
                evidence: Vec::new(),
            }
        } else {
            Position::Open { evidence: self.runs.iter().map(|run| format!("run {run}")).collect() }
        };
        Verdict { wanted: "all pass".to_owned(), ..Verdict::required("workflows", position) }
    }

    /// Lets through what one of the people who may has let through.
    fn overridden(&self, ledger: &Ledger, allowed: Option<&People>, verdict: &mut Verdict) {
        let (Some(allowed), Position::Shut { reason, .. }) = (allowed, &verdict.position) else {
            return;
        };
        if let Some(of) = ledger.override_of(&verdict.gate, self.to, self.commit, allowed) {
            verdict.position = Position::Overridden {
                by: of.by.clone(),
                at: of.at,
                reason: of.reason.clone(),
                shut: reason.clone(),
            };
        }
    }
}

impl Outcome {
    /// What somebody would agree to as `role`: the subjects, and what they are; and who may.
    /// Nothing if there is nothing to agree to.
    #[must_use]
    pub fn to_agree(&self, role: Role) -> Option<(Vec<Digest>, String, People)> {
        match role {
            Role::Dba => {
                let approval = self.gates.on_the_way_to(&self.judged.to).migrations.as_ref();
                let approval = approval.and_then(|gate| gate.approval.as_ref())?;
                let statements = &self.shown.migrations.what.as_ref()?.statements;
                let subjects: Vec<Digest> = statements.iter().map(|of| of.subject).collect();
                let what: Vec<&str> = statements.iter().map(|of| of.what.as_str()).collect();
                let people = People { by: approval.by.clone(), unverified: approval.unverified };
                (!subjects.is_empty()).then(|| (subjects, what.join("; "), people))
            }
            Role::Gatekeeper => {
                let changed = self.shown.gates_changed.as_ref()?;
                let people = self.gates.changes.clone();
                Some((vec![changed.subject], changed.what.join(", "), people))
            }
        }
    }
}

/// The runs of a commit.
#[derive(Debug, Default)]
pub struct Runs {
    /// Those that have the artifacts.
    pub all: Vec<RunId>,
    /// Workflows that did not pass, by file.
    pub failed: Vec<String>,
}

/// The newest run of each workflow that ran for a commit, or for the merge of its pull request.
#[must_use]
pub fn runs(live: &Live, commit: &CommitId) -> Runs {
    let mut runs = Runs::default();
    let mut seen: Vec<&str> = Vec::new();
    let of = live.recent.iter();
    let of = of.filter(|plan| plan.commit == *commit || plan.head.as_ref() == Some(commit));
    for ran in of.flat_map(|plan| &plan.ran) {
        if seen.contains(&ran.path.as_str()) {
            continue;
        }
        seen.push(&ran.path);
        runs.all.push(ran.artifacts.clone());
        if !matches!(ran.result, RunResult::Success | RunResult::Skipped) {
            runs.failed.push(ran.path.clone());
        }
    }
    runs
}

/// A report that a person hands in.
#[must_use]
pub fn given(path: &Path, now: Timestamp) -> ReportFile {
    let source = Source {
        file: path.display().to_string(),
        tool: String::new(),
        from: "handed in".to_owned(),
        at: Some(now),
        digest: None,
    };
    let path = path.to_owned();
    ReportFile { path, source, artifact: None, service: None, flag: None, named: true }
}

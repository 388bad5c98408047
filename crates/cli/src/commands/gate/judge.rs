//! Judging this commit, as it stands here.

use std::path::Path;

use jiff::Timestamp;
use shipway_core::config::{Config, Follows};
use shipway_core::gate::Destination;
use shipway_core::view::Live;
use shipway_server::follow::Views;
use shipway_server::gates::{GateError, Judging, Outcome, PullRequestFile, Runs, given, runs};
use shipway_server::planner::at_commit;

use crate::args::Gate;
use crate::error::CliError;
use crate::print;
use crate::project::Project;

/// What the gates say of this commit.
pub(super) struct Judgement {
    pub(super) outcome: Outcome,
    pub(super) config: Config,
    pub(super) live: Live,
}

impl Judgement {
    /// As the command line asks.
    pub(super) fn of(project: &Project, args: &Gate) -> Result<Self, CliError> {
        let to = destination(project, args.destination.as_deref())?;
        let text = |path: &Path| {
            std::fs::read_to_string(path)
                .map_err(|error| CliError::usage(format!("{}: {error}", path.display())))
        };
        let pull_request = match &args.event {
            None => None,
            Some(event) => {
                let reviews = args.reviews.as_deref().map(text).transpose()?;
                let read = PullRequestFile::read(&text(event)?, reviews.as_deref());
                let wrong = |error| CliError::usage(format!("{}: {error}", event.display()));
                Some(read.map_err(wrong)?)
            }
        };
        if to != Destination::PullRequest && pull_request.is_some() {
            return Err(CliError::usage("a pull request goes to no environment")
                .hint("leave out the destination, or `--event`"));
        }
        let now = Timestamp::now();
        let reports: Vec<_> = args.report.iter().map(|path| given(path, now)).collect();
        judge(project, to, pull_request.as_ref(), &reports, now)
    }

    /// With what is known without a person's help.
    pub(super) fn plainly(project: &Project, to: Destination) -> Result<Self, CliError> {
        judge(project, to, None, &[], Timestamp::now())
    }
}

fn judge(
    project: &Project,
    to: Destination,
    pull_request: Option<&PullRequestFile>,
    given: &[shipway_evidence::gates::ReportFile],
    now: Timestamp,
) -> Result<Judgement, CliError> {
    let repository = project.repository()?;
    if !repository.uncommitted()?.is_empty() {
        print::aside("uncommitted changes are not judged");
    }
    let commit = repository.head()?.id;
    let config = at_commit(&repository, &commit)?;
    let live = Views::load(&project.store)?.live;
    let Runs { all, failed } = runs(&live, &commit);
    let outcome = Judging {
        repository: &repository,
        commit: &commit,
        to: &to,
        live: &live,
        runs: &all,
        failed: &failed,
        given,
        pull_request,
        folders: &project.folders,
        name: &format!("here-{}", std::process::id()),
        now,
    }
    .judge()?;
    Ok(Judgement { outcome, config, live })
}

/// An environment of this commit's `shipway.yaml`, or a pull request.
pub(super) fn destination(project: &Project, named: Option<&str>) -> Result<Destination, CliError> {
    match named {
        None | Some("pull-request") => Ok(Destination::PullRequest),
        Some(name) => {
            let live = Views::load(&project.store)?.live;
            super::super::settle::known(project, &live, name).map(Destination::Environment)
        }
    }
}

/// Where this branch goes: to the first environment that follows it, or else into a pull request.
pub(super) fn usual(project: &Project) -> Result<Destination, CliError> {
    let repository = project.repository()?;
    let config = at_commit(&repository, &repository.head()?.id)?;
    let Some(branch) = repository.branch()? else { return Ok(Destination::PullRequest) };
    let follows = |follows: &Follows| matches!(follows, Follows::Branch(of) if *of == branch);
    let first = config.environments.iter().find(|(_, env)| follows(&env.follows));
    Ok(first.map_or(Destination::PullRequest, |(name, _)| Destination::Environment(name.clone())))
}

impl From<GateError> for CliError {
    fn from(error: GateError) -> Self {
        match error {
            GateError::Config(error) => error.into(),
            GateError::Git(error) => error.into(),
            error => Self::usage(error.to_string()),
        }
    }
}

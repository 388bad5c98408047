//! Judging this commit, as it stands here.

use jiff::Timestamp;
use shipway_core::config::{Config, Follows};
use shipway_core::gate::Destination;
use shipway_core::ids::{CommitId, EnvName};
use shipway_core::release::Release;
use shipway_core::view::Live;
use shipway_evidence::gates::ReportFile;
use shipway_server::follow::Views;
use shipway_server::gates::{GateError, Judging, Outcome, Runs, ToldPullRequest, given, runs};
use shipway_server::git::Repository;
use shipway_server::planner::at_commit;

use crate::args::Gate;
use crate::error::CliError;
use crate::print;
use crate::project::Project;

use super::pull_request;

/// What the gates say of this commit.
pub(super) struct Judgement {
    pub(super) outcome: Outcome,
    pub(super) config: Config,
    pub(super) live: Live,
}

impl Judgement {
    /// As the command line asks.
    pub(super) async fn of(project: &Project, args: &Gate) -> Result<Self, CliError> {
        let to = destination(project, args.destination.as_deref())?;
        let named = args.pull_request.is_some() || args.event.is_some();
        if to != Destination::PullRequest && named {
            return Err(CliError::usage("a pull request goes to no environment")
                .hint("leave out the destination, or the pull request"));
        }
        let pull_request = pull_request::told(project, args).await?;
        let now = Timestamp::now();
        let reports: Vec<_> = args.report.iter().map(|path| given(path, now)).collect();
        judge(project, to, pull_request.as_ref(), &reports, now)
    }

    /// Of a release on its way to an environment.
    pub(super) fn of_release(
        project: &Project,
        release: &Release,
        env: &EnvName,
    ) -> Result<Self, CliError> {
        let live = Views::load(&project.store)?.live;
        // What else ran for its commit is as good as what it was built from.
        let mut runs = runs(&live, &release.commit);
        for run in &release.runs {
            if !runs.all.contains(run) {
                runs.all.push(run.clone());
            }
        }
        let (commit, to) = (&release.commit, &Destination::Environment(env.clone()));
        let now = Timestamp::now();
        Of { commit, to, runs: &runs, given: &[], pull_request: None, now }.judged(
            project,
            &project.repository()?,
            live,
        )
    }

    /// With what is known without a person's help.
    pub(super) fn plainly(project: &Project, to: Destination) -> Result<Self, CliError> {
        judge(project, to, None, &[], Timestamp::now())
    }
}

/// This commit.
fn judge(
    project: &Project,
    to: Destination,
    pull_request: Option<&ToldPullRequest>,
    given: &[ReportFile],
    now: Timestamp,
) -> Result<Judgement, CliError> {
    let repository = project.repository()?;
    if !repository.uncommitted()?.is_empty() {
        print::aside("uncommitted changes are not judged");
    }
    let commit = repository.head()?.id;
    let live = Views::load(&project.store)?.live;
    let runs = runs(&live, &commit);
    let of = Of { commit: &commit, to: &to, runs: &runs, given, pull_request, now };
    of.judged(project, &repository, live)
}

/// What is judged, and by what.
struct Of<'o> {
    commit: &'o CommitId,
    to: &'o Destination,
    runs: &'o Runs,
    given: &'o [ReportFile],
    pull_request: Option<&'o ToldPullRequest>,
    now: Timestamp,
}

impl Of<'_> {
    fn judged(
        &self,
        project: &Project,
        repository: &Repository,
        live: Live,
    ) -> Result<Judgement, CliError> {
        let config = at_commit(repository, self.commit)?;
        let outcome = Judging {
            repository,
            commit: self.commit,
            to: self.to,
            live: &live,
            runs: &self.runs.all,
            failed: &self.runs.failed,
            given: self.given,
            pull_request: self.pull_request,
            folders: &project.folders,
            name: &format!("here-{}", std::process::id()),
            now: self.now,
        }
        .judge()?;
        Ok(Judgement { outcome, config, live })
    }
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

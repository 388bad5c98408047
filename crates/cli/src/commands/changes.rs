//! `shipway changes`: what changed, and what depends on it.

use serde::Serialize;
use shipway_core::config::affected;
use shipway_core::ids::{CommitId, ServiceName};
use shipway_server::follow::Views;
use shipway_server::git::Repository;
use shipway_server::planner::at_commit;

use crate::args::Changes;
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;
use crate::project::Project;

/// What changed.
#[derive(Debug, Serialize)]
struct Answer {
    since: Option<CommitId>,
    commit: CommitId,
    files: Vec<String>,
    services: Vec<(ServiceName, String)>,
}

pub(super) fn changes(args: &Changes) -> Result<Exit, CliError> {
    let project = Project::open()?;
    let repository = project.repository()?;
    let commit = repository.head()?.id;
    let config = at_commit(&repository, &commit)?;
    let since = since(&project, &repository, args)?;
    let (files, services) = match &since {
        Some(since) => {
            let files = repository.changed(since, &commit)?;
            let services = affected(&config, &files);
            let services = services.iter().map(|(name, why)| (name.clone(), why.to_string()));
            (files, services.collect())
        }
        None => {
            let first = |name: &ServiceName| (name.clone(), "nothing serves yet".to_owned());
            (Vec::new(), config.services.keys().map(first).collect())
        }
    };
    let answer = Answer { since, commit, files, services };
    if args.json {
        print::json(&answer)?;
        return Ok(Exit::Ok);
    }
    tell(&answer);
    Ok(Exit::Ok)
}

/// The commit given, or the one that serves.
fn since(
    project: &Project,
    repository: &Repository,
    args: &Changes,
) -> Result<Option<CommitId>, CliError> {
    if let Some(rev) = &args.since {
        return Ok(Some(repository.commit(rev)?.id));
    }
    let live = Views::load(&project.store)?.live;
    Ok(live.environments().find_map(|env| Some(env.current.as_ref()?.commit.clone())))
}

fn tell(answer: &Answer) {
    match &answer.since {
        Some(since) => print::line(format!(
            "{} changed from {} to {}",
            print::counted(answer.files.len(), "file"),
            since.short(),
            answer.commit.short()
        )),
        None => print::line("nothing serves yet: everything is new"),
    }
    for file in &answer.files {
        print::line(format!("  {file}"));
    }
    for (service, why) in &answer.services {
        print::line(format!("service {service}: {why}"));
    }
    if answer.services.is_empty() {
        print::line("no service is affected");
    }
}

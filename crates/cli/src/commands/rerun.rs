//! `shipway rerun`: a further attempt of a run.

use shipway_core::ids::RunId;
use shipway_core::run::Again;
use shipway_server::follow::Views;
use shipway_server::planner;

use crate::args::Rerun;
use crate::error::CliError;
use crate::exit::Exit;
use crate::project::{Project, actor};

use super::past;
use super::run::{Job, carry_out, given};

pub(super) async fn rerun(args: &Rerun) -> Result<Exit, CliError> {
    let project = Project::open_for_runs()?;
    let views = Views::load(&project.store)?;
    let run = match &args.run {
        Some(name) => RunId::new(name).map_err(|error| CliError::usage(error.to_string()))?,
        None => the_newest(&project, &views)?,
    };
    let events = past::events(&project, &run)?;
    if events.is_empty() {
        return Err(CliError::refused(format!("there is no run `{run}` here"))
            .hint("`shipway run` tells the names of its runs; without one it is the newest"));
    }
    let what = match (&args.from, args.failed) {
        (Some(job), _) => Again::From(job.clone()),
        (None, true) => Again::Failed,
        (None, false) => Again::All,
    };
    let plan = planner::rerun(&views.live, &events, &what, actor())?;
    let secrets = given::secrets(&args.secret_file, &args.secret)?;
    carry_out(&project, plan, Job { shown: &args.shown, secrets, shell: false }).await
}

fn the_newest(project: &Project, views: &Views) -> Result<RunId, CliError> {
    let runs = past::newest(project, views)?;
    match runs.as_slice() {
        [run] => Ok(run.clone()),
        [] => Err(CliError::refused("no run is over here").hint("`shipway run` begins one")),
        several => {
            let names = several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            Err(CliError::usage(format!("name the run: {names}")))
        }
    }
}

//! `shipway pause`, `resume` and `abort`.

use shipway_core::environment::Command;
use shipway_core::ids::EnvName;
use shipway_server::follow::Views;

use crate::carry::Style;
use crate::error::CliError;
use crate::exit::Exit;
use crate::project::Project;

use super::settle::{exit_of, known, see_taken, see_through};

pub(super) async fn pause(env: &str) -> Result<Exit, CliError> {
    let (project, env) = find(env)?;
    see_taken(&project, &env, Command::Pause, Style::Lines).await?;
    Ok(Exit::Ok)
}

pub(super) async fn resume(env: &str) -> Result<Exit, CliError> {
    let (project, env) = find(env)?;
    let views = see_through(&project, &env, Command::Resume, Style::Lines).await?;
    Ok(exit_of(&views, &env))
}

pub(super) async fn abort(env: &str) -> Result<Exit, CliError> {
    let (project, env) = find(env)?;
    see_through(&project, &env, Command::Abort, Style::Lines).await?;
    Ok(Exit::Ok)
}

fn find(env: &str) -> Result<(Project, EnvName), CliError> {
    let project = Project::open()?;
    let env = known(&project, &Views::load(&project.store)?.live, env)?;
    Ok((project, env))
}

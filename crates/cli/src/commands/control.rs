//! `shipway pause`, `resume` and `abort`.

use shipway_core::environment::Command;

use crate::carry::Style;
use crate::error::CliError;
use crate::exit::Exit;
use crate::project::Project;

use super::settle::{exit_of, see_through};

pub(super) async fn pause(env: &str) -> Result<Exit, CliError> {
    let project = Project::open()?;
    see_through(&project, &super::env_name(env)?, Command::Pause, Style::Lines).await?;
    Ok(Exit::Ok)
}

pub(super) async fn resume(env: &str) -> Result<Exit, CliError> {
    let (project, env) = (Project::open()?, super::env_name(env)?);
    let views = see_through(&project, &env, Command::Resume, Style::Lines).await?;
    Ok(exit_of(&views, &env))
}

pub(super) async fn abort(env: &str) -> Result<Exit, CliError> {
    let project = Project::open()?;
    see_through(&project, &super::env_name(env)?, Command::Abort, Style::Lines).await?;
    Ok(Exit::Ok)
}

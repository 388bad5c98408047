//! `shipway approve` and `shipway reject`.

use shipway_core::digest::Digest;
use shipway_core::environment::{Command, Environment};
use shipway_core::ids::EnvName;
use shipway_server::follow::Views;

use crate::args::{Approve, Reject};
use crate::carry::Style;
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;
use crate::project::Project;

use super::settle::{environment, exit_of, newest, see_through, tell_addresses, the_one};

pub(super) async fn approve(args: &Approve) -> Result<Exit, CliError> {
    if let Some(role) = args.role {
        return super::gate::agree(role, args.env.as_deref()).await;
    }
    let project = Project::open()?;
    let (env, identity) = waiting(&project, args.env.as_deref())?;
    let style = if args.json { Style::Silent } else { Style::Lines };
    let views = see_through(&project, &env, Command::Approve { identity }, style).await?;
    if args.json {
        print::json(&newest(&views, &env))?;
    } else {
        tell_addresses(&project, &views.live, &env).await;
    }
    Ok(exit_of(&views, &env))
}

pub(super) async fn reject(args: &Reject) -> Result<Exit, CliError> {
    let project = Project::open()?;
    let (env, identity) = waiting(&project, args.env.as_deref())?;
    let reason = args.reason.clone();
    see_through(&project, &env, Command::Reject { identity, reason }, Style::Lines).await?;
    Ok(Exit::Ok)
}

/// What waits, as it is now: the answer is for this and nothing newer.
fn waiting(project: &Project, named: Option<&str>) -> Result<(EnvName, Digest), CliError> {
    let live = Views::load(&project.store)?.live;
    let waits = |env: &Environment| env.question().is_some();
    let env = the_one(project, &live, named, waits, "waits for approval")?;
    let question = environment(&live, &env).and_then(Environment::question);
    let question = question
        .ok_or_else(|| CliError::refused(format!("nothing waits for approval in `{env}`")))?;
    Ok((env, question))
}

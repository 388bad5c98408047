//! Asking an environment for something and seeing it through: what
//! `approve`, `rollback`, `deploy` and their like have in common.

use std::collections::HashMap;
use std::time::Duration;

use shipway_core::command::Command;
use shipway_core::environment::{self, Environment};
use shipway_core::ids::EnvName;
use shipway_core::journal::StreamId;
use shipway_core::view::{HistoryLine, Live};
use shipway_server::follow::Views;
use shipway_targets::App;
use tokio_util::sync::CancellationToken;

use crate::carry::{Asked, Reporter, Style, Wish, ask, carry};
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;
use crate::project::Project;

use super::call_off::leave_on_ctrl_c;

/// Asks, and waits until the environment has nothing left to do by itself.
pub(super) async fn see_through(
    project: &Project,
    env: &EnvName,
    command: environment::Command,
    style: Style,
) -> Result<Views, CliError> {
    see(project, env, command, style, |env| !env.is_busy()).await
}

/// Asks, and waits until it is taken or refused: what is under way may go on
/// for as long as it likes.
pub(super) async fn see_taken(
    project: &Project,
    env: &EnvName,
    command: environment::Command,
    style: Style,
) -> Result<Views, CliError> {
    see(project, env, command, style, |_| true).await
}

async fn see(
    project: &Project,
    env: &EnvName,
    command: environment::Command,
    style: Style,
    enough: fn(&Environment) -> bool,
) -> Result<Views, CliError> {
    let asked = ask(project, StreamId::Env(env.clone()), Command::Env(command))?;
    let mut reporter = Reporter::new(style);
    let views = wait(project, &mut reporter, env, &asked, enough).await;
    reporter.finish();
    views
}

async fn wait(
    project: &Project,
    reporter: &mut Reporter,
    env: &EnvName,
    asked: &Asked,
    enough: fn(&Environment) -> bool,
) -> Result<Views, CliError> {
    let until = |views: &Views| match asked.answer(project) {
        Err(error) => Some(Err(error)),
        Ok(None) => None,
        Ok(Some(Err(reason))) => Some(Err(CliError::refused(reason))),
        Ok(Some(Ok(()))) => {
            let seen = environment(&views.live, env).is_none_or(enough);
            seen.then(|| Ok(views.clone()))
        }
    };
    let leave = CancellationToken::new();
    leave_on_ctrl_c(leave.clone());
    let wish = Wish {
        purpose: format!("work in {env}"),
        secrets: HashMap::new(),
        live_output: None,
        on_failure: None,
        until: Box::new(until),
        leave,
    };
    carry(project, reporter, wish).await?
}

/// An environment in which something has happened.
pub(super) fn environment<'a>(live: &'a Live, name: &EnvName) -> Option<&'a Environment> {
    live.environments().find(|env| env.name == *name)
}

/// The environment of this name: one of `shipway.yaml`, or one in which
/// something has happened. A `shipway.yaml` with mistakes knows them all: it is
/// in the way of nobody who wants to go back.
pub(super) fn known(project: &Project, live: &Live, name: &str) -> Result<EnvName, CliError> {
    let env = super::env_name(name)?;
    let Ok(config) = super::config::read_at(&project.root) else { return Ok(env) };
    if config.environments.contains_key(&env) || environment(live, &env).is_some() {
        return Ok(env);
    }
    let names = config.environments.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    Err(CliError::usage(format!("there is no environment `{env}`; there are: {names}")))
}

/// The environment that is meant: the one named, or the only one that fits.
pub(super) fn the_one(
    project: &Project,
    live: &Live,
    named: Option<&str>,
    fits: impl Fn(&Environment) -> bool,
    what: &str,
) -> Result<EnvName, CliError> {
    if let Some(name) = named {
        return known(project, live, name);
    }
    let fitting: Vec<&EnvName> =
        live.environments().filter(|env| fits(env)).map(|env| &env.name).collect();
    match fitting[..] {
        [one] => Ok(one.clone()),
        [] => Err(CliError::refused(format!("nothing {what}"))),
        [..] => {
            let names = fitting.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            Err(CliError::usage(format!("name the environment: {names} {what}")))
        }
    }
}

/// How the newest deployment in an environment ended, as an exit code.
pub(super) fn exit_of(views: &Views, env: &EnvName) -> Exit {
    let state = environment(&views.live, env);
    if state.is_some_and(|env| env.waiting.is_some() || env.active.is_some()) {
        return Exit::Waiting;
    }
    let ended = views.history.lines.iter().rev().find(|line| line.env == *env);
    match ended.and_then(|line| line.end.as_ref()) {
        Some(end) if end.failure.is_some() => Exit::Failed,
        _ => Exit::Ok,
    }
}

/// The newest deployment in an environment.
pub(super) fn newest<'a>(views: &'a Views, env: &EnvName) -> Option<&'a HistoryLine> {
    views.history.lines.iter().rev().find(|line| line.env == *env)
}

/// Where users reach each service of an environment; nothing when the host
/// does not run.
pub(super) async fn addresses(project: &Project, env: &Environment) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let Some(current) = &env.current else { return found };
    for service in current.services.keys() {
        let app =
            App { project: project.id.clone(), env: env.name.clone(), service: service.clone() };
        let look = project.target.observe(&app, false);
        let looked = tokio::time::timeout(Duration::from_secs(2), look).await;
        if let Ok(Ok(observed)) = looked {
            let address = observed.address.map(|address| format!("http://{address}"));
            found.extend(address.map(|address| (service.to_string(), address)));
        }
    }
    found
}

/// Tells where an environment answers.
pub(super) async fn tell_addresses(project: &Project, live: &Live, env: &EnvName) {
    let Some(state) = environment(live, env) else { return };
    for (service, address) in addresses(project, state).await {
        print::line(format!("{env}  {service}  {address}"));
    }
}

//! `shipway rollback`: back, from any state, with nothing built again.

use shipway_core::environment::{Command, Environment};
use shipway_core::ids::EnvName;
use shipway_core::release::ReleaseId;
use shipway_server::follow::Views;

use crate::args::Rollback;
use crate::carry::Style;
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;
use crate::project::Project;

use super::settle::{environment, newest, see_through, tell_addresses, the_one};
use super::ship::serving;

pub(super) async fn rollback(args: &Rollback) -> Result<Exit, CliError> {
    let project = Project::open()?;
    let live = Views::load(&project.store)?.live;
    let moves = |env: &Environment| env.active.is_some() || env.previous().is_some();
    let env = the_one(&project, &live, args.env.as_deref(), moves, "can be rolled back")?;
    let to = match &args.to {
        Some(prefix) => Some(release(environment(&live, &env), &env, prefix)?),
        None => None,
    };
    let style = if args.json { Style::Silent } else { Style::Lines };
    let views = see_through(&project, &env, Command::Rollback { to }, style).await?;
    let newest = newest(&views, &env);
    if args.json {
        print::json(&newest)?;
    } else {
        if let Some(commit) = serving(&views.live, &env) {
            print::line(format!("{env} serves {commit}"));
        }
        tell_addresses(&project, &views.live, &env).await;
    }
    Ok(exit(&views, &env))
}

/// A deployment that was called off to go back has done what was asked.
fn exit(views: &Views, env: &EnvName) -> Exit {
    use shipway_core::effect::FailureCode;
    let ended = newest(views, env).and_then(|line| line.end.as_ref());
    match ended.and_then(|end| end.failure.as_ref()) {
        Some(failure) if failure.code != FailureCode::Aborted => Exit::Failed,
        _ if environment(&views.live, env).is_some_and(|env| env.active.is_some()) => Exit::Waiting,
        _ => Exit::Ok,
    }
}

/// The one release that was in the environment and whose digits, or whose
/// commit's, begin so.
fn release(env: Option<&Environment>, name: &EnvName, prefix: &str) -> Result<ReleaseId, CliError> {
    let known = env.into_iter().flat_map(|env| env.current.iter().chain(&env.history));
    let mut fitting: Vec<ReleaseId> = known
        .filter(|d| d.release.0.hex().starts_with(prefix) || d.commit.as_str().starts_with(prefix))
        .map(|deployed| deployed.release)
        .collect();
    fitting.dedup();
    match fitting[..] {
        [one] => Ok(one),
        [] => Err(CliError::refused(format!("no release {prefix}… was ever in `{name}`"))
            .hint(format!("`shipway history {name}` lists what was"))),
        [..] => Err(CliError::usage(format!("{prefix} is several releases; give more digits"))),
    }
}

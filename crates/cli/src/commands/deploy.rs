//! `shipway deploy` and `shipway promote`: a release that was built before.

use jiff::Timestamp;
use shipway_core::config::Follows;
use shipway_core::environment::{Command, Deployed};
use shipway_core::gate;
use shipway_core::ids::EnvName;
use shipway_core::plan::manual_candidate;
use shipway_core::release::Release;
use shipway_core::view::Live;
use shipway_server::follow::Views;
use shipway_server::planner::at_commit;

use crate::args::{Deploy, Promote};
use crate::carry::Style;
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;
use crate::project::{Project, actor};

use super::settle::{environment, exit_of, known, newest, see_through, tell_addresses};

pub(super) async fn deploy(args: &Deploy) -> Result<Exit, CliError> {
    let project = Project::open()?;
    let live = Views::load(&project.store)?.live;
    let env = known(&project, &live, &args.env)?;
    let release = find(&live, args.release.as_deref())?;
    send(&project, &env, &release, args.yes, args.json).await
}

pub(super) async fn promote(args: &Promote) -> Result<Exit, CliError> {
    let project = Project::open()?;
    let env = super::env_name(&args.env)?;
    let live = Views::load(&project.store)?.live;
    let repository = project.repository()?;
    let config = at_commit(&repository, &repository.head()?.id)?;
    let rules = config.environments.get(&env);
    let from = match rules.map(|rules| &rules.follows) {
        Some(Follows::From(from)) => from,
        Some(Follows::Branch(_) | Follows::Manual) => {
            return Err(CliError::usage(format!("`{env}` takes nothing from another environment"))
                .hint(format!(
                    "`shipway deploy {env} --release RELEASE` names what shall go there"
                )));
        }
        None => {
            let names = config.environments.keys().map(ToString::to_string).collect::<Vec<_>>();
            return Err(CliError::usage(format!(
                "there is no environment `{env}`; there are: {}",
                names.join(", ")
            )));
        }
    };
    let proven = environment(&live, from).and_then(|env| env.current.as_ref());
    let proven = proven.ok_or_else(|| {
        CliError::refused(format!("nothing serves in `{from}`: nothing to promote"))
    })?;
    send(&project, &env, &released(&live, proven), args.yes, args.json).await
}

/// The release whose digits, or whose commit's, begin so; the newest without.
fn find(live: &Live, prefix: Option<&str>) -> Result<Release, CliError> {
    let all = || live.recent.iter().filter_map(|plan| plan.release.as_ref());
    let Some(prefix) = prefix else {
        let newest = all().next();
        let none = || CliError::refused("nothing was released yet: `shipway ship` does");
        return newest.map(|(_, release)| release.clone()).ok_or_else(none);
    };
    let fits = |(id, release): &&(_, Release)| {
        let id: &shipway_core::release::ReleaseId = id;
        id.0.hex().starts_with(prefix) || release.commit.as_str().starts_with(prefix)
    };
    let mut fitting: Vec<_> = all().filter(fits).collect();
    fitting.dedup_by_key(|(id, _)| *id);
    match fitting[..] {
        [(_, release)] => Ok(release.clone()),
        [] => Err(CliError::refused(format!("there is no release {prefix}…"))
            .hint("`shipway history` lists what was deployed; a commit names its release, too")),
        [..] => Err(CliError::usage(format!("{prefix} is several releases; give more digits"))),
    }
}

/// What serves, as a release.
fn released(live: &Live, deployed: &Deployed) -> Release {
    let known = live.recent.iter().filter_map(|plan| plan.release.as_ref());
    let mut known = known.filter(|(id, _)| *id == deployed.release).map(|(_, release)| release);
    let services = deployed.services.iter();
    known.next().cloned().unwrap_or_else(|| Release {
        commit: deployed.commit.clone(),
        services: services
            .map(|(name, version)| (name.clone(), version.artifact.clone()))
            .collect(),
        runs: Vec::new(),
    })
}

async fn send(
    project: &Project,
    env: &EnvName,
    release: &Release,
    yes: bool,
    json: bool,
) -> Result<Exit, CliError> {
    let repository = project.repository()?;
    let config = at_commit(&repository, &release.commit)?;
    let mut candidate = manual_candidate(release, &config, env, actor(), Timestamp::now())
        .map_err(|illegal| CliError::usage(illegal.to_string()))?;
    candidate.verdicts.extend(super::gate::on_the_way(project, release, env).await?);
    if let Some(why) = gate::shut(&candidate.verdicts, Timestamp::now()) {
        return Err(CliError::refused(why).hint(format!("`shipway gate {env}` shows all of them")));
    }
    let style = if json { Style::Silent } else { Style::Lines };
    let propose = Command::Propose { candidate: Box::new(candidate) };
    let mut views = see_through(project, env, propose, style).await?;
    let waiting = environment(&views.live, env).and_then(|env| env.waiting.as_ref());
    if let Some(identity) = waiting.map(|waiting| waiting.identity).filter(|_| yes) {
        views = see_through(project, env, Command::Approve { identity }, style).await?;
    }
    if json {
        print::json(&newest(&views, env))?;
        return Ok(exit_of(&views, env));
    }
    if environment(&views.live, env).is_some_and(|env| env.waiting.is_some()) {
        print::line(format!("{env} waits for approval: `shipway approve {env}`"));
    }
    tell_addresses(project, &views.live, env).await;
    Ok(exit_of(&views, env))
}

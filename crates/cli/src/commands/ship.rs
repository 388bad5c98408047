//! `shipway ship`: this commit, as far as it goes.

use std::collections::HashMap;

use serde::Serialize;
use shipway_core::command::Command;
use shipway_core::effect::{Failure, FailureCode};
use shipway_core::ids::{EnvName, PlanId};
use shipway_core::journal::StreamId;
use shipway_core::plan::{self, End, Plan};
use shipway_core::view::Live;
use shipway_server::follow::Views;
use shipway_server::git::Repository;
use shipway_server::planner::{self, Shipping};
use tokio_util::sync::CancellationToken;

use crate::args::Ship;
use crate::carry::{Asked, Reporter, Style, Wish, ask, carry, describe};
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;
use crate::project::{Project, actions, actor};

use super::approving::Approving;
use super::call_off::CallOff;
use super::settle::{environment, tell_addresses};

/// How shipping came out.
#[derive(Debug, Serialize)]
#[serde(tag = "shipped", rename_all = "snake_case")]
enum Answer {
    /// It serves everywhere.
    Delivered { plan: PlanId, environments: Vec<EnvName> },
    /// It served everywhere before.
    AlreadyThere { environments: Vec<EnvName> },
    /// It was refused.
    Refused { plan: PlanId, failure: Failure },
    /// It waits for people.
    Waiting { plan: PlanId, environment: EnvName, why: WaitsFor },
}

/// What a plan waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum WaitsFor {
    /// Somebody has to agree.
    Approval,
    /// The environment is paused.
    Resume,
    /// A question has to be answered.
    Answer,
}

pub(super) async fn ship(args: &Ship) -> Result<Exit, CliError> {
    ship_from(&Project::open()?, args).await
}

/// As `shipway ship` in the project's folder.
pub(super) async fn ship_from(project: &Project, args: &Ship) -> Result<Exit, CliError> {
    let repository = project.repository()?;
    refuse_uncommitted(&repository)?;
    let commit = repository.head()?;
    let wish = planner::Ship {
        repository: &repository,
        branch: branch(&repository, args.branch.as_deref())?,
        commit,
        to: args.to.as_deref().map(super::env_name).transpose()?,
        actions: actions()?,
        by: actor(),
    };
    let views = Views::load(&project.store)?;
    match wish.plan(&views.live)? {
        Shipping::AlreadyThere(environments) => {
            already_there(project, &views, args, environments).await
        }
        Shipping::Plan(plan) if args.plan => show_plan(&plan, args),
        Shipping::UnderWay(id) => {
            print::aside(format!("plan {id} is under way already; following it"));
            let open = views.live.open_plans().find(|(open, _)| **open == id);
            let goes_to = open.map(|(_, open)| stages(&open.plan)).unwrap_or_default();
            follow(project, args, Followed { id, goes_to }, None).await
        }
        Shipping::Plan(plan) => {
            let followed = Followed { id: plan.id.clone(), goes_to: stages(&plan) };
            let open = plan::Command::Open { plan };
            let asked = ask(project, StreamId::Plan(followed.id.clone()), Command::Plan(open))?;
            follow(project, args, followed, Some(asked)).await
        }
    }
}

/// What is shipped is what is committed: nobody could say otherwise what runs.
fn refuse_uncommitted(repository: &Repository) -> Result<(), CliError> {
    let changes = repository.uncommitted()?;
    if changes.is_empty() {
        return Ok(());
    }
    let shown = changes.iter().take(10).map(|line| format!("\n    {line}")).collect::<String>();
    let more = if changes.len() > 10 { "\n    …" } else { "" };
    Err(CliError::usage(format!("there are uncommitted changes:{shown}{more}")).hint(
        "commit them, or put them aside with `git stash -u`; `shipway run` runs workflows with them",
    ))
}

/// The branch that the commit counts as.
fn branch(repository: &Repository, named: Option<&str>) -> Result<String, CliError> {
    if let Some(name) = named {
        return Ok(name.to_owned());
    }
    if let Some(name) = repository.branch()? {
        return Ok(name);
    }
    let head = repository.head()?;
    match &repository.branches_at(&head.id)?[..] {
        [one] => Ok(one.clone()),
        [] => Err(CliError::usage("HEAD is detached, and no branch is at this commit")
            .hint("say which branch it counts as: `shipway ship --branch main`")),
        several => Err(CliError::usage(format!(
            "HEAD is detached, and several branches are at this commit: {}",
            several.join(", ")
        ))
        .hint("say which one it counts as: `shipway ship --branch main`")),
    }
}

async fn already_there(
    project: &Project,
    views: &Views,
    args: &Ship,
    environments: Vec<EnvName>,
) -> Result<Exit, CliError> {
    if args.json {
        print::json(&Answer::AlreadyThere { environments })?;
        return Ok(Exit::Ok);
    }
    let names = environments.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
    print::line(format!("this commit is already in {names}: nothing to do"));
    for env in &environments {
        tell_addresses(project, &views.live, env).await;
    }
    Ok(Exit::Ok)
}

fn show_plan(plan: &Plan, args: &Ship) -> Result<Exit, CliError> {
    if args.json {
        print::json(plan)?;
    } else {
        describe(plan).into_iter().for_each(print::line);
    }
    Ok(Exit::Ok)
}

/// What has to be seen of a plan.
enum Seen {
    /// It is over.
    Closed(End),
    /// It waits for people, and none of them is here.
    Waiting(EnvName, WaitsFor),
    /// It was not taken.
    Refused(String),
}

/// A plan, and the environments it goes to.
struct Followed {
    id: PlanId,
    goes_to: Vec<EnvName>,
}

impl Followed {
    /// Somebody asked for the same a moment before: another process, or one
    /// that died and left its wish in the inbox.
    fn came_second(&self, live: &Live) -> bool {
        let open = live.open_plans().find(|(open, _)| **open == self.id);
        open.is_some_and(|(_, open)| stages(&open.plan) == self.goes_to)
    }
}

fn stages(plan: &Plan) -> Vec<EnvName> {
    plan.stages.iter().map(|stage| stage.env.clone()).collect()
}

async fn follow(
    project: &Project,
    args: &Ship,
    followed: Followed,
    mut asked: Option<Asked>,
) -> Result<Exit, CliError> {
    let id = &followed.id;
    let style = if args.json { Style::Silent } else { Style::Lines };
    let mut reporter = Reporter::new(style);
    reporter.follow(id.clone());
    let mut approving = Approving::new(args, reporter.curtain());
    let leave = CancellationToken::new();
    let mut called_off = CallOff::new(leave.clone());
    let until = |views: &Views| {
        match asked.as_ref().map(|asked| asked.answer(project)) {
            Some(Err(error)) => return Some(Err(error)),
            Some(Ok(Some(Err(reason)))) => {
                asked = None;
                if !followed.came_second(&views.live) {
                    return Some(Ok(Seen::Refused(reason)));
                }
            }
            Some(Ok(None | Some(Ok(())))) | None => {}
        }
        if let Err(error) = called_off.look(project, id) {
            return Some(Err(error));
        }
        match closed(&views.live, id) {
            Some(end) => Some(Ok(Seen::Closed(end))),
            None => match approving.look(project, &views.live, id) {
                Ok(Some(env)) => Some(Ok(Seen::Waiting(env, WaitsFor::Approval))),
                Ok(None) => stalled(&views.live, id).map(|(env, why)| Ok(Seen::Waiting(env, why))),
                Err(error) => Some(Err(error)),
            },
        }
    };
    let wish = Wish {
        purpose: format!("ship {id}"),
        secrets: HashMap::new(),
        live_output: None,
        on_failure: None,
        until: Box::new(until),
        leave,
    };
    let seen = carry(project, &mut reporter, wish).await;
    reporter.finish();
    let views = Views::load(&project.store)?;
    tell(project, args, &views, followed, seen??).await
}

/// The environment in which nothing of the plan goes on until a person says
/// so.
fn stalled(live: &Live, id: &PlanId) -> Option<(EnvName, WaitsFor)> {
    live.environments().filter(|env| !env.is_busy()).find_map(|env| {
        let active = env.active.as_ref();
        let mine = active.map(|a| &a.candidate).into_iter().chain(&env.queued);
        if !mine.into_iter().any(|candidate| candidate.plan.as_ref() == Some(id)) {
            return None;
        }
        let asks = active.is_some_and(|active| active.deployment.question.is_some());
        let why = if asks {
            WaitsFor::Answer
        } else if env.paused {
            WaitsFor::Resume
        } else {
            return None;
        };
        Some((env.name.clone(), why))
    })
}

fn closed(live: &Live, id: &PlanId) -> Option<End> {
    live.recent.iter().find(|plan| plan.id == *id).map(|plan| plan.end.clone())
}

async fn tell(
    project: &Project,
    args: &Ship,
    views: &Views,
    followed: Followed,
    seen: Seen,
) -> Result<Exit, CliError> {
    let Followed { id, goes_to } = followed;
    let (exit, answer) = match seen {
        Seen::Refused(reason) => return Err(CliError::refused(reason)),
        Seen::Closed(End::Delivered) => {
            (Exit::Ok, Answer::Delivered { plan: id, environments: goes_to })
        }
        Seen::Closed(End::Failed { failure }) => {
            (Exit::Failed, Answer::Refused { plan: id, failure })
        }
        Seen::Waiting(environment, why) => {
            (Exit::Waiting, Answer::Waiting { plan: id, environment, why })
        }
    };
    if args.json {
        print::json(&answer)?;
        return Ok(exit);
    }
    match &answer {
        Answer::Delivered { environments, .. } => {
            for env in environments {
                tell_addresses(project, &views.live, env).await;
            }
        }
        Answer::Refused { failure, .. } => tell_refused(project, views, failure).await,
        Answer::Waiting { environment, why, .. } => print::line(match why {
            WaitsFor::Approval => format!(
                "{environment} waits for approval: `shipway approve {environment}` or `shipway \
                 reject {environment}`"
            ),
            WaitsFor::Resume => {
                format!("{environment} is paused: `shipway resume {environment}` goes on")
            }
            WaitsFor::Answer => format!(
                "{environment} waits for an answer: `shipway resume {environment}` or `shipway \
                 abort {environment}`"
            ),
        }),
        Answer::AlreadyThere { .. } => {}
    }
    Ok(exit)
}

async fn tell_refused(project: &Project, views: &Views, failure: &Failure) {
    print::line(format!("refused: {failure}"));
    for line in &failure.output {
        print::line(format!("  │ {line}"));
    }
    if failure.code == FailureCode::Superseded {
        return;
    }
    for env in views.live.environments() {
        let Some(current) = &env.current else {
            print::line(format!("nothing runs in {}", env.name));
            continue;
        };
        print::line(format!("{} still serves {}", env.name, current.commit.short()));
        tell_addresses(project, &views.live, &env.name).await;
    }
}

/// What serves in an environment, for people.
pub(super) fn serving(live: &Live, env: &EnvName) -> Option<String> {
    let current = environment(live, env)?.current.as_ref()?;
    Some(current.commit.short().to_owned())
}

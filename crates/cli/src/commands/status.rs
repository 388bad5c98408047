//! `shipway status`.

use jiff::Timestamp;
use shipway_core::view::{EnvStatus, PlanStatus, Status};
use shipway_server::follow::Views;

use crate::args::Report;
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;
use crate::project::Project;

pub(super) async fn status(args: &Report) -> Result<Exit, CliError> {
    let project = Project::open()?;
    let views = Views::load(&project.store)?;
    let status = Status::of(&views.live);
    if args.json {
        print::json(&status)?;
        return Ok(Exit::Ok);
    }
    if status.environments.is_empty() && status.plans.is_empty() {
        print::line("nothing was shipped yet: `shipway ship` takes this commit to where it goes");
        return Ok(Exit::Ok);
    }
    let now = Timestamp::now();
    status.environments.iter().flat_map(|env| environment(env, now)).for_each(print::line);
    status.plans.iter().map(|plan| open_plan(plan, now)).for_each(print::line);
    Ok(Exit::Ok)
}

fn environment(env: &EnvStatus, now: Timestamp) -> Vec<String> {
    let serving = match &env.serving {
        Some(serving) => format!(
            "serves {} ({}) for {}",
            serving.commit.short(),
            serving.deployment,
            print::took(print::between(serving.since, now))
        ),
        None => "nothing runs".to_owned(),
    };
    let paused = if env.paused { "  [paused: `shipway resume` goes on]" } else { "" };
    let mut lines = vec![format!("{}  {serving}{paused}", env.name)];
    if let Some(active) = &env.active {
        lines.push(format!(
            "  {} of {}: {}",
            active.deployment,
            active.commit.short(),
            active.doing
        ));
        lines.extend(active.going_back.iter().map(|why| format!("    because: {why}")));
        if active.question.is_some() {
            lines.push(format!(
                "    a person has to decide: `shipway resume {0}` or `shipway abort {0}`",
                env.name
            ));
        }
    }
    if let Some(waiting) = &env.waiting {
        lines.push(format!(
            "  {} waits for approval ({} of {}): `shipway approve {}`",
            waiting.commit.short(),
            waiting.given,
            waiting.required,
            env.name
        ));
    }
    lines.extend(env.queued.iter().map(|commit| format!("  {} is next", commit.short())));
    lines
}

fn open_plan(plan: &PlanStatus, now: Timestamp) -> String {
    let since = print::took(print::between(plan.opened, now));
    format!("plan {}  {:?}  {} for {since}", plan.id, plan.subject, plan.doing)
}

//! `shipway run`: workflows, here, with uncommitted changes.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;
use shipway_core::command::Command;
use shipway_core::journal::StreamId;
use shipway_core::plan::{self, End};
use shipway_core::run::JobSpec;
use shipway_runner::protocol::Event;
use shipway_server::follow::Views;
use shipway_server::planner;
use shipway_targets::Secret;
use shipway_workflow::model::Event as Trigger;
use shipway_workflow::trigger::GitRef;
use tokio_util::sync::CancellationToken;

use crate::args::Run;
use crate::carry::{Reporter, Style, Wish, ask, carry, describe};
use crate::error::CliError;
use crate::exit::Exit;
use crate::live::Lines;
use crate::print;
use crate::project::{Project, actions, actor};
use crate::summary::{Answer, RunAnswer};

use super::call_off::CallOff;

pub(super) async fn run(args: &Run) -> Result<Exit, CliError> {
    let project = Project::open_for_runs()?;
    let repository = project.repository()?;
    let event = Trigger::named(&args.event)
        .ok_or_else(|| CliError::usage(format!("there is no event `{}`", args.event)))?;
    let changes = repository.uncommitted()?;
    let commit = if changes.is_empty() {
        repository.head()?
    } else {
        print::aside(format!("with {}", print::counted(changes.len(), "uncommitted change")));
        repository.snapshot()?
    };
    let branch = repository.branch()?.unwrap_or_else(|| "HEAD".to_owned());
    let views = Views::load(&project.store)?;
    let plan = planner::Run {
        repository: &repository,
        commit,
        git_ref: GitRef::Branch(branch),
        event,
        workflow: args.workflow.clone(),
        job: args.job.clone(),
        vars: pairs(&args.var)?,
        payload: None,
        inputs: pairs(&args.input)?,
        secrets: IndexMap::new(),
        actions: actions()?,
        by: actor(),
    }
    .plan(&views.live)?;
    if args.plan {
        if args.json {
            print::json(&plan)?;
        } else {
            describe(&plan).into_iter().for_each(print::line);
        }
        return Ok(Exit::Ok);
    }
    carry_out(&project, args, plan).await
}

async fn carry_out(project: &Project, args: &Run, plan: plan::Plan) -> Result<Exit, CliError> {
    let id = plan.id.clone();
    let not_run = plan.not_run.clone();
    let open = plan::Command::Open { plan: Box::new(plan) };
    let asked = ask(project, StreamId::Plan(id.clone()), Command::Plan(open))?;
    let style = if args.json { Style::Silent } else { Style::Lines };
    let mut reporter = Reporter::new(style);
    reporter.follow(id.clone());
    let leave = CancellationToken::new();
    let mut called_off = CallOff::new(leave.clone());
    let until = |views: &Views| match asked.answer(project) {
        Err(error) => Some(Err(error)),
        Ok(Some(Err(reason))) => Some(Err(CliError::refused(reason))),
        Ok(_) => {
            if let Err(error) = called_off.look(project, &id) {
                return Some(Err(error));
            }
            let over = views.live.recent.iter().find(|plan| plan.id == id);
            over.map(|plan| Ok(plan.end.clone()))
        }
    };
    let live_output: Option<shipway_server::LiveOutput> = match style {
        Style::Silent => None,
        Style::Lines => {
            let output = reporter.output();
            let lines = Lines::new(move |text: &str| output.lines(text));
            Some(Arc::new(move |job: &JobSpec, event: &Event| lines.take(job, event)))
        }
    };
    let wish = Wish {
        purpose: format!("run {id}"),
        secrets: secrets(&args.secret)?,
        live_output,
        until: Box::new(until),
        leave,
    };
    let end = carry(project, &mut reporter, wish).await;
    reporter.finish();
    let end = end??;
    if args.json {
        let runs = reporter.runs().runs.iter();
        let runs = runs.map(|(id, run)| RunAnswer::new(project, id, run));
        let runs = runs.collect::<Result<_, _>>()?;
        print::json(&Answer::new(&id, &end, runs, &not_run))?;
    }
    Ok(match end {
        End::Delivered => Exit::Ok,
        End::Failed { failure } => {
            if !args.json {
                print::line(failure.message);
            }
            Exit::Failed
        }
    })
}

fn pairs(given: &[String]) -> Result<IndexMap<String, String>, CliError> {
    let pair = |text: &String| match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(CliError::usage(format!("`{text}` is not NAME=VALUE"))),
    };
    given.iter().map(pair).collect()
}

fn secrets(given: &[String]) -> Result<HashMap<String, Secret>, CliError> {
    let one = |text: &String| match text.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), Secret::new(value.to_owned()))),
        None => {
            let value = std::env::var(text).map_err(|_| {
                CliError::usage(format!("the secret {text} is not in the environment"))
                    .hint(format!("set {text}, or write --secret {text}=VALUE"))
            })?;
            Ok((text.clone(), Secret::new(value)))
        }
    };
    given.iter().map(one).collect()
}

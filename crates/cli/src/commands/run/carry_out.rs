//! Sees a plan's runs through, and shows them.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;
use shipway_core::command::Command;
use shipway_core::ids::RunId;
use shipway_core::journal::StreamId;
use shipway_core::plan::{self, End, Plan};
use shipway_server::LiveOutput;
use shipway_server::follow::Views;
use shipway_targets::Secret;
use tokio_util::sync::CancellationToken;

use super::shell;
use crate::args::Shown;
use crate::carry::{Reporter, Style, Wish, ask, carry};
use crate::commands::call_off::CallOff;
use crate::error::CliError;
use crate::exit::Exit;
use crate::live::{Detail, Lines, Live, Terminal};
use crate::print;
use crate::project::Project;
use crate::summary::{Answer, Form, RunAnswer, closing, page};

/// How runs are carried out and shown.
pub(in crate::commands) struct Job<'a> {
    pub(in crate::commands) shown: &'a Shown,
    pub(in crate::commands) secrets: IndexMap<String, String>,
    /// Where a step fails, a shell is opened.
    pub(in crate::commands) shell: bool,
}

/// Carries out a plan that only runs workflows.
pub(in crate::commands) async fn carry_out(
    project: &Project,
    plan: Plan,
    job: Job<'_>,
) -> Result<Exit, CliError> {
    let id = plan.id.clone();
    let open = plan::Command::Open { plan: Box::new(plan.clone()) };
    let asked = ask(project, StreamId::Plan(id.clone()), Command::Plan(open))?;
    let style = if job.shown.json { Style::Silent } else { Style::Live };
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
    let secrets = job.secrets.into_iter().map(|(name, value)| (name, Secret::new(value)));
    let wish = Wish {
        purpose: format!("run {id}"),
        secrets: secrets.collect::<HashMap<_, _>>(),
        live_output: live(&mut reporter, job.shown),
        on_failure: job.shell.then(|| shell::on_failure(reporter.curtain())),
        until: Box::new(until),
        leave,
    };
    let end = carry(project, &mut reporter, wish).await;
    reporter.finish();
    tell(project, &plan, &reporter, &end??, job.shown)
}

/// What shows the jobs' output while they run.
fn live(reporter: &mut Reporter, shown: &Shown) -> Option<LiveOutput> {
    let detail = match (shown.quiet, shown.verbose) {
        _ if shown.json => return None,
        (true, _) => Detail::Results,
        (_, true) => Detail::All,
        _ => Detail::Output,
    };
    let output = reporter.output();
    let write = Box::new(move |text: &str| output.lines(text));
    let live = match (reporter.tree(), detail) {
        (Some(tree), _) => Live::Terminal(Terminal::new(detail, tree, write)),
        (None, Detail::Results) => return None,
        (None, _) => {
            print::widen_pipe();
            Live::Lines(Lines::new(write))
        }
    };
    Some(Arc::new(move |job, event| live.take(job, event)))
}

/// Says what came of it.
fn tell(
    project: &Project,
    plan: &Plan,
    reporter: &Reporter,
    end: &End,
    shown: &Shown,
) -> Result<Exit, CliError> {
    let name = |id: &RunId| {
        let planned = plan.runs.iter().find(|run| run.id == *id);
        planned.map_or("", |run| run.name.as_str())
    };
    let views = reporter.runs();
    let runs = views.runs.iter().map(|(id, run)| RunAnswer::new(project, id, name(id), run));
    let runs = runs.collect::<Result<Vec<_>, _>>()?;
    if let Some(file) = &shown.summary {
        write(file, &page(plan, &runs, Form::of(file)))?;
    }
    if shown.json {
        print::json(&Answer::new(&plan.id, end, runs, &plan.not_run))?;
    } else {
        closing(views).into_iter().for_each(print::aside);
    }
    Ok(match end {
        End::Delivered => Exit::Ok,
        End::Failed { failure } => {
            if !shown.json {
                print::line(&failure.message);
            }
            Exit::Failed
        }
    })
}

fn write(file: &Path, text: &str) -> Result<(), CliError> {
    std::fs::write(file, text).map_err(|error| {
        CliError::usage(format!("the summary cannot be written: {}: {error}", file.display()))
    })
}

//! `shipway run`: workflows, here, with uncommitted changes.

mod carry_out;
mod describe;
pub(super) mod given;
mod look;
mod payload;
mod plan;
mod refused;
mod shell;
mod watch;

use indexmap::IndexMap;
use serde_json::Value;
use shipway_core::plan::{Commit, PlannedRun};
use shipway_core::run::{Again, NotAgain, Wishes, again};
use shipway_runner::actions::Settings;
use shipway_server::follow::Views;
use shipway_server::git::{Repository, WorkTree};
use shipway_server::memory::Memory;
use shipway_server::planner::{self, Draft};
use shipway_workflow::model::Event;
use shipway_workflow::trigger::GitRef;

use crate::args::Run;
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;
use crate::project::{Project, actions, actor};

pub(super) use carry_out::{Job, carry_out};

use super::past;

pub(super) async fn run(args: &Run) -> Result<Exit, CliError> {
    // Who watches begins to watch before, and who writes the payload may write files.
    let now = !args.watch && args.payload.is_none();
    let (project, repository) = Project::open_to_run(now)?;
    if args.shell_on_failure {
        shell::needs_terminal()?;
    }
    if !args.plan {
        project.prepare_worker();
    }
    if args.watch {
        return watch::watch(args, &project, &repository).await;
    }
    if args.plan {
        return plan::plan(args, &project, &repository).await;
    }
    let payload = args.payload.as_deref().map(payload::read).transpose()?;
    let draft = draft(args, &project, commit(&project, &repository)?, payload, &Memory::none())?;
    let plan = planner::complete(&repository, draft)?;
    let seen = look::look(&plan, false);
    let mut asking = refused::may_ask(&seen);
    let refused =
        refused::refused(&plan, &seen, &mut asking, &repository, &settings(args)?).await?;
    refused.iter().map(|refusal| cannot(refusal)).for_each(print::aside);
    // What jobs want of git, their workers ask.
    repository.rest();
    carry_out(&project, plan, job(args)?).await
}

fn cannot(refusal: &str) -> String {
    format!("cannot be run here: {refusal}")
}

fn job(args: &Run) -> Result<Job<'_>, CliError> {
    let secrets = given::secrets(&args.given.secret_file, &args.given.secret)?;
    let shell = args.shell_on_failure;
    Ok(Job { shown: &args.shown, secrets, shell })
}

/// What is checked out, uncommitted changes included.
fn commit(project: &Project, repository: &Repository) -> Result<Commit, CliError> {
    let WorkTree { commit, uncommitted } =
        repository.work_tree(&project.folders.last_snapshot())?;
    if !uncommitted.is_empty() {
        print::aside(format!("with {}", print::counted(uncommitted.len(), "uncommitted change")));
    }
    Ok(commit)
}

/// Where actions come from in this run.
fn settings(args: &Run) -> Result<Settings, CliError> {
    let user = actions()?;
    let (locked, offline) = (user.locked || args.locked, user.offline || args.offline);
    Ok(Settings { locked, offline, ..user })
}

fn draft(
    args: &Run,
    project: &Project,
    commit: Commit,
    payload: Option<Value>,
    memory: &Memory,
) -> Result<Draft, CliError> {
    let repository = &project.repository()?;
    let event = args.event.as_str();
    let event = Event::named(event)
        .ok_or_else(|| CliError::usage(format!("there is no event `{event}`")))?;
    let branch = repository.branch()?.unwrap_or_else(|| "HEAD".to_owned());
    let given = &args.given;
    let mut matrix: IndexMap<String, Vec<String>> = IndexMap::new();
    for pair in &args.matrix {
        for (key, value) in given::pairs(&[], std::slice::from_ref(pair))? {
            matrix.entry(key).or_default().push(value);
        }
    }
    let wishes = Wishes {
        env: given::pairs(&given.env_file, &given.env)?,
        matrix,
        locked: args.locked,
        offline: args.offline,
    };
    let run = planner::Run {
        repository,
        commit,
        git_ref: GitRef::Branch(branch),
        event,
        workflow: args.workflow.clone(),
        job: args.job.clone(),
        from: args.from.clone(),
        vars: given::pairs(&given.var_file, &given.var)?,
        payload,
        inputs: given::pairs(&[], &given.input)?,
        secrets: IndexMap::new(),
        actions: settings(args)?,
        wishes,
        memory,
        by: actor(),
    };
    let views = Views::load(&project.store)?;
    let draft = run.draft(&views.live)?;
    match &args.from {
        Some(job) => begin_with(job, draft, project, &views),
        None => Ok(draft),
    }
}

/// The plan with what the jobs before `job` left when they ran last, of the
/// workflow that has it.
fn begin_with(
    job: &str,
    mut plan: Draft,
    project: &Project,
    views: &Views,
) -> Result<Draft, CliError> {
    let mut begun = None;
    let first = std::mem::take(&mut plan.runs).into_iter().filter(|run| run.chained.is_none());
    for run in first {
        let Some(events) = past::newest_of(project, views, &run.path)? else { continue };
        match again(&events, &Again::From(job.to_owned()), &plan.id, &plan.by) {
            Ok(spec) => begun = Some(PlannedRun { attempt: spec.attempt, ..run }),
            Err(NotAgain::UnknownJob { .. }) => {}
            Err(error) => return Err(CliError::refused(error.to_string())),
        }
    }
    plan.runs.extend(begun);
    if plan.runs.is_empty() {
        let why = format!("no run of a workflow with a job `{job}` is over here");
        return Err(CliError::refused(why).hint("run it as a whole first"));
    }
    Ok(plan)
}

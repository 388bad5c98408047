//! `shipway status`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use shipway_core::environment::Environment;
use shipway_core::gate::Destination;
use shipway_core::ids::EnvName;
use shipway_core::view::{EnvStatus, GateStatus, JobStatus, Live, PlanStatus, Status};
use shipway_server::follow::Views;
use shipway_targets::App;

use crate::args::Report;
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;
use crate::project::Project;

use super::host::listening;

/// What is where, and where each service answers.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    status: &'a Status,
    addresses: &'a Addresses,
}

/// By environment and service; without those of a host that does not run.
type Addresses = BTreeMap<EnvName, BTreeMap<String, String>>;

pub(super) async fn status(args: &Report) -> Result<Exit, CliError> {
    let project = Project::open()?;
    let views = Views::load(&project.store)?;
    let status = Status::of(&views.live);
    let answers = addresses(&project, &views.live).await;
    if args.json {
        print::json(&Answer { status: &status, addresses: &answers })?;
        return Ok(Exit::Ok);
    }
    if status.environments.is_empty() && status.plans.is_empty() && status.gates.is_empty() {
        print::line("nothing was shipped yet: `shipway ship` takes this commit to where it goes");
        return Ok(Exit::Ok);
    }
    let now = Timestamp::now();
    for env in &status.environments {
        environment(env, now).into_iter().for_each(print::line);
        for (service, address) in answers.get(&env.name).into_iter().flatten() {
            print::line(format!("  {service}  {address}"));
        }
    }
    status.gates.iter().flat_map(gates).for_each(print::line);
    status.plans.iter().map(|plan| open_plan(plan, now)).for_each(print::line);
    Ok(Exit::Ok)
}

async fn addresses(project: &Project, live: &Live) -> Addresses {
    let listening = listening().await;
    let of = |env: &Environment| {
        let services = env.current.iter().flat_map(|current| current.services.keys());
        let found = services.filter_map(|service| {
            let (project, env) = (project.id.clone(), env.name.clone());
            let app = App { project, env, service: service.clone() };
            let address = listening.get(&app.to_string())?;
            Some((service.to_string(), format!("http://{address}")))
        });
        found.collect()
    };
    live.environments().map(|env| (env.name.clone(), of(env))).collect()
}

fn environment(env: &EnvStatus, now: Timestamp) -> Vec<String> {
    let jobs = &env.jobs;
    let serving = match (&env.serving, &jobs.deployed) {
        (None, Some(deployed)) => deployed_by_job(deployed, now),
        (None, None) => "nothing runs".to_owned(),
        (Some(serving), _) => format!(
            "serves {} ({}) for {}",
            serving.commit.short(),
            serving.deployment,
            print::took(print::between(serving.since, now))
        ),
    };
    let resume = format!("  [paused: `shipway resume {}` goes on]", env.name);
    let paused = if env.paused { resume.as_str() } else { "" };
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
    lines.extend(jobs.active.iter().map(|job| {
        let since = print::took(print::between(job.since, now));
        format!("  {}: job {} deploys for {since}", job.commit.short(), job.job)
    }));
    lines.extend(jobs.waiting.iter().map(|job| {
        format!(
            "  {}: job {} waits for approval ({} of {}): `shipway approve {}`",
            job.commit.short(),
            job.job,
            job.given,
            job.required,
            env.name
        )
    }));
    lines.extend(jobs.queued.iter().map(|job| format!("  job {job} is next")));
    lines
}

/// What is kept by gates, and what was let through, in a line each.
fn gates(of: &GateStatus) -> Vec<String> {
    let commit = of.commit.short();
    let (to, command) = match &of.to {
        Destination::PullRequest => ("the pull request".to_owned(), "shipway gate".to_owned()),
        Destination::Environment(env) => (env.to_string(), format!("shipway gate {env}")),
    };
    let shut =
        of.shut.iter().map(|why| format!("gates  {commit} is kept from {to}: {why} (`{command}`)"));
    let through = of
        .overridden
        .iter()
        .map(|why| format!("gates  {commit} OVERRIDES on its way to {to}: {why}"));
    shut.chain(through).collect()
}

/// What a job of a workflow has deployed: nothing here sees whether it serves.
fn deployed_by_job(job: &JobStatus, now: Timestamp) -> String {
    let since = print::took(print::between(job.since, now));
    let deployment = job.deployment.as_ref().map_or_else(String::new, |id| format!(" ({id})"));
    let url = job.url.as_ref().map_or_else(String::new, |url| format!("  {url}"));
    let (commit, job) = (job.commit.short(), &job.job);
    format!("{commit}{deployment} was deployed by job {job} {since} ago{url}")
}

fn open_plan(plan: &PlanStatus, now: Timestamp) -> String {
    let since = print::took(print::between(plan.opened, now));
    format!("plan {}  {:?}  {} for {since}", plan.id, plan.subject, plan.doing)
}

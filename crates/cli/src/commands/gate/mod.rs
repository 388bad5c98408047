//! `shipway gate`, `shipway override`, and `shipway approve --as`: what keeps this commit, and who
//! lets it through.

mod judge;
mod ledger;
mod list;
mod pull_request;

use jiff::Timestamp;
use serde::Serialize;
use shipway_checks::policy::{self, Item};
use shipway_core::gate::{self, Command, Destination, Judged, Role, Verdict};
use shipway_core::ids::EnvName;
use shipway_core::release::Release;

use crate::args::{Gate, GateFormat, Override};
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;
use crate::project::Project;

use judge::{Judgement, destination};

/// The answer for programs.
#[derive(Serialize)]
struct Answer<'a> {
    open: bool,
    #[serde(flatten)]
    judged: &'a Judged,
    #[serde(skip_serializing_if = "Option::is_none")]
    checklist: Option<Vec<Item>>,
}

pub(super) async fn gate(args: &Gate) -> Result<Exit, CliError> {
    let project = Project::open()?;
    let judgement = Judgement::of(&project, args).await?;
    let judged = &judgement.outcome.judged;
    let record = Command::Record { judged: Box::new(judged.clone()) };
    ledger::tell(&project, record).await?;
    let shut = gate::shut(&judged.verdicts, judged.at);
    show(&judgement, args, shut.as_deref())?;
    Ok(if shut.is_none() { Exit::Ok } else { Exit::Failed })
}

/// What the gates say of a release that a person wants in an environment.
pub(super) async fn on_the_way(
    project: &Project,
    release: &Release,
    env: &EnvName,
) -> Result<Vec<Verdict>, CliError> {
    let judged = Judgement::of_release(project, release, env)?.outcome.judged;
    let verdicts = judged.verdicts.clone();
    if !verdicts.is_empty() {
        ledger::tell(project, Command::Record { judged: Box::new(judged) }).await?;
    }
    Ok(verdicts)
}

fn show(judgement: &Judgement, args: &Gate, shut: Option<&str>) -> Result<(), CliError> {
    let judged = &judgement.outcome.judged;
    let list = args.checklist.then(|| list::of(judgement));
    let title = format!("the gates of {} on its way {}", judged.commit.short(), way(&judged.to));
    match args.format {
        _ if args.json => {}
        GateFormat::Json => {}
        GateFormat::Text => {
            print::line(&title);
            print::lines(&policy::text(&judged.verdicts, judged.at));
            list.iter().flatten().map(list::line).for_each(print::line);
            if let Some(shut) = shut {
                print::line(format!("shut: {shut}"));
            }
            return Ok(());
        }
        GateFormat::Markdown => {
            print::lines(&policy::markdown(&title, &judged.verdicts, judged.at));
            if let Some(list) = &list {
                print::line("");
                list.iter().map(list::markdown).for_each(print::line);
            }
            return Ok(());
        }
    }
    print::json(&Answer { open: shut.is_none(), judged, checklist: list })
}

fn way(to: &Destination) -> String {
    match to {
        Destination::PullRequest => "back into the branch it left".to_owned(),
        Destination::Environment(env) => format!("to {env}"),
    }
}

pub(super) async fn override_gate(args: &Override) -> Result<Exit, CliError> {
    let project = Project::open()?;
    let to = destination(&project, Some(&args.destination))?;
    let judgement = Judgement::plainly(&project, to.clone())?;
    let judged = &judgement.outcome.judged;
    let known: Vec<&str> = judged.verdicts.iter().map(|of| of.gate.as_str()).collect();
    let Some(verdict) = judged.verdicts.iter().find(|of| of.gate == args.gate) else {
        let near = shipway_workflow::diagnostic::nearest(&args.gate, &known);
        let error = CliError::usage(format!("there is no gate `{}`", args.gate));
        return Err(match near {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("there are: {}", known.join(", "))),
        });
    };
    if verdict.shut(Timestamp::now()).is_none() {
        return Err(CliError::refused(format!("the gate `{}` is not shut", args.gate)));
    }
    let Some(allowed) = judgement.outcome.gates.overrides.clone() else {
        return Err(CliError::refused("nobody may override a gate here")
            .hint("`gates.overrides` in shipway.yaml says who may"));
    };
    let (gate, commit) = (args.gate.clone(), judged.commit.clone());
    let reason = args.reason.clone();
    let command = Command::Override { gate, to, commit, reason, allowed };
    ledger::tell(&project, command).await?;
    print::line(format!(
        "{} is let through the gate `{}` on its way {}",
        judged.commit.short(),
        args.gate,
        way(&judged.to)
    ));
    Ok(Exit::Ok)
}

/// Agrees to what this commit does.
pub(super) async fn agree(role: Role, to: Option<&str>) -> Result<Exit, CliError> {
    let project = Project::open()?;
    let to = match to {
        Some(named) => destination(&project, Some(named))?,
        None => judge::usual(&project)?,
    };
    let judgement = Judgement::plainly(&project, to)?;
    let Some((subjects, what, allowed)) = judgement.outcome.to_agree(role) else {
        let way = way(&judgement.outcome.judged.to);
        return Err(CliError::refused(format!("on the way {way}, nothing needs a {role}")));
    };
    let told = format!("agreed as {role}: {what}");
    ledger::tell(&project, Command::Agree { subjects, role, what, allowed }).await?;
    print::line(told);
    Ok(Exit::Ok)
}

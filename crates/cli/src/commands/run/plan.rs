//! `shipway run --plan`: what would run, and what of it cannot run here. Of what is
//! remembered nothing is read again.

use serde::Serialize;
use shipway_core::plan::Plan;
use shipway_server::git::Repository;
use shipway_server::memory::Memory;
use shipway_server::planner;

use crate::args::Run;
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;
use crate::project::Project;

use super::look::Seen;
use super::refused::Asking;
use super::{cannot, commit, describe, draft, look, payload, refused, settings};

pub(super) async fn plan(
    args: &Run,
    project: &Project,
    repository: &Repository,
) -> Result<Exit, CliError> {
    let payload = args.payload.as_deref().map(payload::read).transpose()?;
    let memory = Memory::open(&project.folders.memory());
    let draft = draft(args, project, commit(project, repository)?, payload, &memory)?;
    let (described, settings) = (!args.shown.json, settings(args)?);
    let to_see = memory.question("looks", &(&draft, described));
    let to_ask = memory.question_of(&to_see, "asking", &settings);
    let (seen, asking) = (memory.recall::<Vec<Seen>>(&to_see), memory.recall::<Asking>(&to_ask));
    if let (true, Some(seen), Some([])) = (described, &seen, asking.as_deref()) {
        // Nothing else has to be read of the workflows.
        keep(memory);
        return Ok(show(&draft, seen, &refused::at_sight(seen)));
    }
    let plan = planner::complete(repository, draft)?;
    let seen = seen.unwrap_or_else(|| {
        let seen = look::look(&plan, described);
        memory.learn(&to_see, &seen);
        seen
    });
    let mut asking = asking.unwrap_or_else(|| refused::may_ask(&seen));
    let refused = refused::refused(&plan, &seen, &mut asking, repository, &settings).await?;
    memory.learn(&to_ask, &asking);
    keep(memory);
    if described {
        return Ok(show(&plan, &seen, &refused));
    }
    let exit = exit(&refused);
    print::json(&WithRefusals { plan: &plan, refused })?;
    Ok(exit)
}

fn keep(memory: Memory) {
    if let Err(error) = memory.keep() {
        tracing::debug!(%error, "what was found out is not remembered");
    }
}

/// A plan, and what of it cannot be run here.
#[derive(Serialize)]
struct WithRefusals<'a> {
    #[serde(flatten)]
    plan: &'a Plan,
    refused: Vec<String>,
}

/// Shows a plan to a person.
fn show<Text>(plan: &Plan<Text>, seen: &[Seen], refused: &[String]) -> Exit {
    print::lines(&format!("{}\n", describe::describe(plan, seen).join("\n")));
    refused.iter().map(|refusal| format!("  {}", cannot(refusal))).for_each(print::line);
    exit(refused)
}

fn exit(refused: &[String]) -> Exit {
    if refused.is_empty() { Exit::Ok } else { Exit::Failed }
}

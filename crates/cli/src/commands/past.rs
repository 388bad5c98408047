//! Runs that are in the journal.

use shipway_core::ids::RunId;
use shipway_core::journal::{StreamId, Version};
use shipway_core::run::Event;
use shipway_core::stream::Record;
use shipway_server::follow::Views;
use shipway_store::Journal as _;

use crate::error::CliError;
use crate::project::Project;

/// What happened in a run.
pub(super) fn events(project: &Project, run: &RunId) -> Result<Vec<Event>, CliError> {
    let stream = StreamId::Run(run.clone());
    let entries = project.store.journal().read_stream(&stream, Version(1))?;
    let mut events = Vec::new();
    for payload in entries.into_iter().filter_map(|entry| entry.payload) {
        let record = serde_json::from_str(&payload).map_err(|error| {
            CliError::trouble(format!("the journal of run {run} is not readable: {error}"))
        })?;
        if let Record::Run(event) = record {
            events.push(event);
        }
    }
    Ok(events)
}

/// The runs of the plan that was closed last, in their order.
pub(super) fn newest(project: &Project, views: &Views) -> Result<Vec<RunId>, CliError> {
    let runs = all(project)?;
    let of = |plan: &shipway_core::view::PlanSummary| {
        let prefix = format!("{}.", plan.id);
        let of_plan = runs.iter().filter(|run| run.as_str().starts_with(&prefix));
        of_plan.cloned().collect::<Vec<_>>()
    };
    let found = views.live.recent.iter().map(of).find(|runs| !runs.is_empty());
    Ok(found.unwrap_or_default())
}

/// What happened in the newest run of a workflow, if it is over.
pub(super) fn newest_of(
    project: &Project,
    views: &Views,
    path: &str,
) -> Result<Option<Vec<Event>>, CliError> {
    let runs = all(project)?;
    for plan in &views.live.recent {
        let prefix = format!("{}.", plan.id);
        for run in runs.iter().filter(|run| run.as_str().starts_with(&prefix)) {
            let events = events(project, run)?;
            let is_of = events
                .iter()
                .any(|event| matches!(event, Event::Started { spec, .. } if spec.path == path));
            if is_of {
                return Ok(Some(events));
            }
        }
    }
    Ok(None)
}

fn all(project: &Project) -> Result<Vec<RunId>, CliError> {
    let streams = project.store.journal().streams()?;
    let runs = streams.into_iter().filter_map(|head| match head.stream {
        StreamId::Run(run) => Some(run),
        _ => None,
    });
    Ok(runs.collect())
}

//! The checklist of a deployment, with what the project itself says.

use shipway_checks::policy::{Item, checklist};
use shipway_core::gate::Destination;

use super::judge::Judgement;

/// The checklist on the way to where it was judged for.
pub(super) fn of(judgement: &Judgement) -> Vec<Item> {
    let judged = &judgement.outcome.judged;
    let mut own = Vec::new();
    if let Destination::Environment(env) = &judged.to {
        for (name, service) in &judgement.config.services {
            let what = format!("health of {name} is checked");
            own.push(match &service.health.path {
                Some(path) => Item::shown(what, format!("{path}, from shipway.yaml")),
                None if !service.listens => Item::shown(what, "that it runs"),
                None => Item::missing(what, "`health` names no path", false),
            });
            let what = format!("{name} is tried before users see it");
            own.push(match &service.smoke {
                Some(smoke) => Item::shown(what, format!("`{}`", smoke.run)),
                None => Item::missing(what, "there is no `smoke` test", false),
            });
        }
        if let Some(rules) = judgement.config.environments.get(env) {
            own.push(match (&rules.guard.error_rate, &rules.guard.latency) {
                (None, None) => Item::missing("real traffic judges it", "no guard", false),
                (errors, latency) => {
                    let errors = errors.as_ref().map(|limit| format!("errors over {}", limit.over));
                    let latency = latency.as_ref().map(|_| "latency".to_owned());
                    let watched: Vec<String> = errors.into_iter().chain(latency).collect();
                    Item::shown("real traffic judges it", watched.join(", "))
                }
            });
        }
        let known = judgement.live.environments().find(|known| known.name == *env);
        own.push(match known.and_then(|env| env.current.as_ref()) {
            Some(current) => Item::shown(
                "there is a way back",
                format!("{} of {} serves", current.deployment, current.commit.short()),
            ),
            None => Item::missing("there is a way back", "nothing was ever deployed here", false),
        });
    }
    checklist(&judged.verdicts, own)
}

/// For a terminal.
pub(super) fn line(item: &Item) -> String {
    match (&item.evidence, &item.missing) {
        (Some(evidence), _) => format!("[x] {}: {evidence}", item.what),
        (None, missing) => {
            let why = missing.as_deref().unwrap_or("missing");
            let blocks = if item.blocks { " (blocks)" } else { "" };
            format!("[ ] {}: {why}{blocks}", item.what)
        }
    }
}

/// For a comment.
pub(super) fn markdown(item: &Item) -> String {
    format!("- {}", line(item))
}

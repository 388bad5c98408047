//! `shipway history`.

use shipway_core::view::{HistoryKind, HistoryLine};
use shipway_server::follow::Views;

use crate::args::History;
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;
use crate::project::Project;

use super::settle::known;

pub(super) fn history(args: &History) -> Result<Exit, CliError> {
    let project = Project::open()?;
    let views = Views::load(&project.store)?;
    let env = args.env.as_deref().map(|name| known(&project, &views.live, name)).transpose()?;
    let wanted = |line: &&HistoryLine| env.as_ref().is_none_or(|env| line.env == *env);
    let lines: Vec<_> = views.history.lines.iter().rev().filter(wanted).take(args.lines).collect();
    if args.json {
        print::json(&lines)?;
    } else if lines.is_empty() {
        print::line("nothing was deployed yet");
    } else {
        lines.into_iter().map(describe).for_each(print::line);
    }
    Ok(Exit::Ok)
}

fn describe(line: &HistoryLine) -> String {
    let kind = match line.kind {
        HistoryKind::Ship => "ship",
        HistoryKind::Manual => "deploy",
        HistoryKind::Rollback => "rollback",
        HistoryKind::Job => "job",
    };
    let job = line.job.as_ref();
    let name = job.map_or_else(String::new, |job| format!(" {} of {}", job.name, job.run));
    let url = job.and_then(|job| job.url.as_ref());
    let url = url.map_or_else(String::new, |url| format!("  {url}"));
    let end = match &line.end {
        None => "under way".to_owned(),
        Some(end) => {
            let took = print::took(print::between(line.started, end.at));
            match &end.failure {
                None => format!("ok in {took}"),
                Some(failure) => format!("refused after {took}: {failure}"),
            }
        }
    };
    let started = line.started.strftime("%F %T");
    format!(
        "{started}Z  {}  {}  {kind}{name} by {}  {end}{url}",
        line.deployment,
        line.commit.short(),
        line.by
    )
}

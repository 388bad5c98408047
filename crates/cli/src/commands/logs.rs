//! `shipway logs`: what a run's jobs or a service wrote.

use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use shipway_core::environment::Environment;
use shipway_core::ids::{RunId, ServiceName};
use shipway_core::journal::StreamId;
use shipway_core::stream::Stream;
use shipway_server::follow::Views;
use shipway_targets::App;

use crate::args::Logs;
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;
use crate::project::Project;

use super::settle::environment;

/// Between two looks at what has come.
const LOOK: Duration = Duration::from_millis(200);

pub(super) async fn logs(args: &Logs) -> Result<Exit, CliError> {
    let project = Project::open_for_runs()?;
    let views = Views::load(&project.store)?;
    let env = args.of.as_deref().and_then(|name| super::env_name(name).ok());
    if let Some(env) = env.and_then(|name| environment(&views.live, &name)) {
        return service_logs(&project, env, args).await;
    }
    let run = match &args.of {
        Some(name) => RunId::new(name).map_err(|error| CliError::usage(error.to_string()))?,
        None => newest_run(&project, &views)?.ok_or_else(|| {
            CliError::refused("no run has logs here").hint(
                "`shipway run` and `shipway ship` run workflows; `shipway gc` removes old logs",
            )
        })?,
    };
    run_logs(&project, &run, args.follow).await
}

/// One that is under way, or else the one whose logs are the newest.
fn newest_run(project: &Project, views: &Views) -> Result<Option<RunId>, CliError> {
    let busy = views.live.streams().filter(|stream| stream.is_busy());
    let open = busy.filter_map(|stream| Some(stream.run()?.0.clone()));
    if let Some(run) = open.last() {
        return Ok(Some(run));
    }
    let folder = project.folders.state().join("logs");
    let unreadable =
        |error: std::io::Error| CliError::trouble(format!("{}: {error}", folder.display()));
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        entries => entries.map_err(unreadable)?,
    };
    let mut newest = None;
    for entry in entries {
        let entry = entry.map_err(unreadable)?;
        let written = entry.metadata().and_then(|about| about.modified()).map_err(unreadable)?;
        // What is no run's folder was not written by Shipway.
        let Ok(run) = RunId::new(&*entry.file_name().to_string_lossy()) else { continue };
        newest = newest.max(Some((written, run)));
    }
    Ok(newest.map(|(_, run)| run))
}

async fn run_logs(project: &Project, run: &RunId, follow: bool) -> Result<Exit, CliError> {
    let folder = project.folders.run_logs(run);
    let mut shown = Files::default();
    loop {
        // Before the look: what is written until the end is seen after it.
        let views = Views::load(&project.store)?;
        let stream = views.live.stream(&StreamId::Run(run.clone()));
        let over = !stream.is_some_and(Stream::is_busy);
        let any = shown.show_news(&folder)?;
        if !any && shown.files.is_empty() {
            return Err(CliError::refused(format!("there is no run `{run}` with logs here"))
                .hint("`shipway status` and `shipway history` name runs and environments"));
        }
        if over || !follow {
            return Ok(Exit::Ok);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Log files, and how much of each was shown.
#[derive(Default)]
struct Files {
    files: Vec<(PathBuf, u64)>,
}

impl Files {
    fn show_news(&mut self, folder: &Path) -> Result<bool, CliError> {
        let unreadable =
            |error: std::io::Error| CliError::trouble(format!("{}: {error}", folder.display()));
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            entries => entries.map_err(unreadable)?,
        };
        let mut paths: Vec<PathBuf> = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .map_err(unreadable)?;
        paths.sort();
        let mut any = false;
        for path in paths {
            let place = self.files.iter().position(|(known, _)| *known == path);
            let place = place.unwrap_or_else(|| {
                self.files.push((path.clone(), 0));
                self.files.len() - 1
            });
            let name = path.file_stem().map(|name| name.to_string_lossy().into_owned());
            let Some((_, seen)) = self.files.get_mut(place) else { continue };
            any |= show_from(&path, seen, &name.unwrap_or_default()).map_err(unreadable)?;
        }
        Ok(any)
    }
}

/// Shows the whole lines that have come since.
fn show_from(path: &Path, seen: &mut u64, name: &str) -> std::io::Result<bool> {
    let mut file = fs::File::open(path)?;
    file.seek(SeekFrom::Start(*seen))?;
    let mut news = Vec::new();
    file.read_to_end(&mut news)?;
    let whole = news.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    *seen += whole as u64;
    for line in String::from_utf8_lossy(&news[..whole]).lines() {
        print::line(format!("{name} │ {line}"));
    }
    Ok(whole > 0)
}

async fn service_logs(project: &Project, env: &Environment, args: &Logs) -> Result<Exit, CliError> {
    let current = env
        .current
        .as_ref()
        .ok_or_else(|| CliError::refused(format!("nothing runs in `{}`", env.name)))?;
    let service = match (&args.service, current.services.len()) {
        (Some(name), _) => {
            ServiceName::new(name).map_err(|error| CliError::usage(error.to_string()))?
        }
        (None, 1) => current
            .services
            .keys()
            .next()
            .cloned()
            .ok_or_else(|| CliError::refused(format!("nothing runs in `{}`", env.name)))?,
        (None, _) => {
            let names = current.services.keys().map(ToString::to_string).collect::<Vec<_>>();
            return Err(CliError::usage(format!("name the service: {}", names.join(", "))));
        }
    };
    let version = current
        .services
        .get(&service)
        .ok_or_else(|| CliError::usage(format!("there is no service `{service}`")))?;
    let app = App { project: project.id.clone(), env: env.name.clone(), service };
    let mut before: Vec<String> = Vec::new();
    loop {
        let looked = project.target.tail(&app, &version.id, args.lines).await;
        let lines = looked.map_err(|error| CliError::refused(error.to_string()))?;
        for line in &lines[overlap(&before, &lines)..] {
            print::line(line);
        }
        if !args.follow {
            return Ok(Exit::Ok);
        }
        before = lines;
        tokio::time::sleep(LOOK).await;
    }
}

/// How many of the first lines of `now` were the last ones of `before`.
fn overlap(before: &[String], now: &[String]) -> usize {
    let most = before.len().min(now.len());
    (0..=most).rev().find(|n| before.ends_with(&now[..*n])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::overlap;

    #[test]
    fn what_was_shown_is_not_shown_again() {
        let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(overlap(&lines("a b c"), &lines("b c d")), 2);
        assert_eq!(overlap(&lines("a b"), &lines("a b")), 2);
        assert_eq!(overlap(&[], &lines("a")), 0);
    }
}

//! `shipway logs`: what a run's jobs or a service wrote.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use shipway_core::environment::Environment;
use shipway_core::ids::{RunId, ServiceName};
use shipway_core::journal::StreamId;
use shipway_core::stream::Stream;
use shipway_server::follow::Views;
use shipway_server::log::{EXTENSION, LogReader, Room};
use shipway_targets::App;

use crate::args;
use crate::error::CliError;
use crate::exit::Exit;
use crate::live;
use crate::print;
use crate::project::Project;

use super::settle::environment;

/// Between two looks at what has come.
const LOOK: Duration = Duration::from_millis(200);

pub(super) async fn logs(args: &args::Logs) -> Result<Exit, CliError> {
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
    let mut logs = Logs::default();
    print::widen_pipe();
    loop {
        // Before the look: what is written until the end is seen after it.
        let views = Views::load(&project.store)?;
        let stream = views.live.stream(&StreamId::Run(run.clone()));
        let over = !stream.is_some_and(Stream::is_busy);
        logs.show_news(&folder)?;
        if logs.shown.is_empty() {
            return Err(CliError::refused(format!("there is no run `{run}` with logs here"))
                .hint("`shipway status` and `shipway history` name runs and environments"));
        }
        if over || !follow {
            let unreadable: Vec<String> =
                logs.shown.into_iter().filter_map(|shown| shown.unreadable).collect();
            return match &unreadable[..] {
                [] => Ok(Exit::Ok),
                unreadable => Err(CliError::trouble(unreadable.join("\n"))),
            };
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The logs of a run.
#[derive(Default)]
struct Logs {
    shown: Vec<Shown>,
    room: Room,
}

impl Logs {
    fn show_news(&mut self, folder: &Path) -> Result<(), CliError> {
        let unreadable =
            |error: std::io::Error| CliError::trouble(format!("{}: {error}", folder.display()));
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(unreadable)?,
        };
        for entry in entries {
            let path = entry.map_err(unreadable)?.path();
            let is_log = path.to_string_lossy().ends_with(EXTENSION);
            if is_log && !self.shown.iter().any(|shown| shown.path == path) {
                self.shown.push(Shown::new(path));
            }
        }
        self.shown.sort_by(|one, other| one.path.cmp(&other.path));
        for shown in self.shown.iter_mut().filter(|shown| shown.unreadable.is_none()) {
            if let Err(error) = shown.show_news(&mut self.room, &mut print::lines) {
                shown.unreadable = Some(format!("{}: {error}", shown.path.display()));
            }
        }
        Ok(())
    }
}

/// The log of a job, and how much of it was shown.
struct Shown {
    path: PathBuf,
    name: String,
    /// Which file was read, up to where.
    read: Option<(u64, u64)>,
    /// The line that has begun.
    begun: Vec<u8>,
    /// Why it cannot be read: the others are shown.
    unreadable: Option<String>,
}

impl Shown {
    fn new(path: PathBuf) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.strip_suffix(EXTENSION).unwrap_or(&name).to_owned();
        Self { path, name, read: None, begun: Vec::new(), unreadable: None }
    }

    /// Shows the whole lines that have come since.
    fn show_news(&mut self, room: &mut Room, show: &mut dyn FnMut(&str)) -> std::io::Result<()> {
        let mut log = match LogReader::open(&self.path) {
            // Another takes its place, or a clean-up has removed it.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            log => log?,
        };
        let inode = log.inode()?;
        match self.read {
            Some((of, at)) if of == inode => log = log.resume(at),
            // A job that is begun again has another log.
            _ => self.show_begun(show),
        }
        while let Some(piece) = log.next_piece(room)? {
            self.read = Some((inode, log.at()));
            let whole = memchr::memrchr(b'\n', piece).map_or(0, |at| at + 1);
            let (lines, rest) = piece.split_at(whole);
            self.begun.extend_from_slice(lines);
            if whole > 0 {
                self.show_begun(show);
            }
            self.begun.extend_from_slice(rest);
        }
        Ok(())
    }

    fn show_begun(&mut self, show: &mut dyn FnMut(&str)) {
        if self.begun.last().is_some_and(|last| *last != b'\n') {
            self.begun.push(b'\n');
        }
        let mut page = String::new();
        live::add(&mut page, &self.name, &String::from_utf8_lossy(&self.begun));
        self.begun.clear();
        if !page.is_empty() {
            show(&page);
        }
    }
}

async fn service_logs(
    project: &Project,
    env: &Environment,
    args: &args::Logs,
) -> Result<Exit, CliError> {
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
    use super::*;

    /// A log as it is kept, of pieces that are not packed.
    fn log_of(pieces: &[&str]) -> Vec<u8> {
        let mut log = vec![0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73];
        for piece in pieces {
            log.extend((piece.len() as u32 | 1 << 31).to_le_bytes());
            log.extend(piece.as_bytes());
        }
        log
    }

    #[test]
    fn a_log_is_shown_line_by_line_and_one_in_its_place_as_well() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(format!("job.0{EXTENSION}"));
        let mut shown = Shown::new(path.clone());
        let mut news = || {
            let mut lines = Vec::new();
            let show = &mut |page: &str| lines.extend(page.lines().map(str::to_owned));
            shown.show_news(&mut Room::default(), show).unwrap();
            lines
        };
        fs::write(&path, log_of(&["one\ntw"])).unwrap();
        assert_eq!(news(), ["job.0 │ one"]);
        assert_eq!(news(), [""; 0]);
        fs::write(&path, log_of(&["one\ntw", "o\nth"])).unwrap();
        assert_eq!(news(), ["job.0 │ two"]);
        let again = dir.path().join("again");
        fs::write(&again, log_of(&["once more\n"])).unwrap();
        fs::rename(&again, &path).unwrap();
        assert_eq!(news(), ["job.0 │ th", "job.0 │ once more"]);
        fs::remove_file(&path).unwrap();
        assert_eq!(news(), [""; 0]);
        fs::write(&path, "no log at all\n").unwrap();
        let mut other = Shown::new(path.clone());
        assert!(other.show_news(&mut Room::default(), &mut |_| {}).is_err());
    }

    #[test]
    fn what_was_shown_is_not_shown_again() {
        let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(overlap(&lines("a b c"), &lines("b c d")), 2);
        assert_eq!(overlap(&lines("a b"), &lines("a b")), 2);
        assert_eq!(overlap(&[], &lines("a")), 0);
    }
}

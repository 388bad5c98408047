//! `shipway run --watch`: again whenever files change.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ignore::WalkBuilder;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use serde_json::{Value, json};
use shipway_core::ids::CommitId;
use shipway_server::git::Repository;
use shipway_server::memory::Memory;
use shipway_server::planner;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::args::Run;
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;
use crate::project::Project;

use super::{carry_out, commit, draft, job, payload};

/// An editor writes several files, and each of them in several steps: a change
/// is over when nothing has come for as long.
const QUIET: Duration = Duration::from_millis(150);

/// Runs, waits for a change, runs what it affects, until Ctrl-C.
pub(super) async fn watch(
    args: &Run,
    project: &Project,
    repository: &Repository,
) -> Result<Exit, CliError> {
    let mut changes = Changes::of(repository.root())?;
    let stopped = stopped();
    let given = args.payload.as_deref().map(payload::read).transpose()?;
    let mut now = commit(project, repository)?;
    let mut payload = given.clone();
    let mut exit = Exit::Ok;
    loop {
        let draft = draft(args, project, now.clone(), payload, &Memory::none());
        match draft.and_then(|draft| Ok(planner::complete(repository, draft)?)) {
            Ok(plan) => exit = carry_out(project, plan, job(args)?).await?,
            // The next change may mend it.
            Err(error) => print::aside(error.to_string()),
        }
        let before = now.id;
        now = loop {
            if stopped.is_cancelled() {
                return Ok(exit);
            }
            print::aside("waits for changes; Ctrl-C ends it");
            tokio::select! {
                () = stopped.cancelled() => return Ok(exit),
                changed = changes.next() => changed?,
            }
            let now = commit(project, repository)?;
            let files = repository.changed(&before, &now.id)?;
            if !files.is_empty() {
                print::aside(format!("\nchanged: {}", files.join(", ")));
                break now;
            }
        };
        payload = Some(since(&before, given.as_ref()));
    }
}

/// A push that comes after the files as they were: filters on paths see what
/// has changed since.
fn since(before: &CommitId, given: Option<&Value>) -> Value {
    let mut payload = given.cloned().unwrap_or_else(|| json!({}));
    if let Some(payload) = payload.as_object_mut() {
        payload.entry("before").or_insert_with(|| json!(before));
    }
    payload
}

/// Cancelled by Ctrl-C, which calls a run that is under way off as well.
fn stopped() -> CancellationToken {
    let stopped = CancellationToken::new();
    let tell = stopped.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            tell.cancel();
        }
    });
    stopped
}

/// Changes below a folder, but of what git ignores.
struct Changes {
    root: PathBuf,
    watcher: RecommendedWatcher,
    news: mpsc::UnboundedReceiver<Result<(), notify::Error>>,
}

impl Changes {
    fn of(root: &Path) -> Result<Self, CliError> {
        let (tell, news) = mpsc::unbounded_channel();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let news = match event {
                // Whoever only reads changes nothing.
                Ok(event) if matches!(event.kind, EventKind::Access(_)) => return,
                Ok(_) => Ok(()),
                Err(error) => Err(error),
            };
            // Nobody listens any more: there is nobody to tell.
            drop(tell.send(news));
        });
        let watcher = watcher.map_err(|error| cannot_watch(&error))?;
        let mut changes = Self { root: root.to_owned(), watcher, news };
        changes.look_at_all()?;
        Ok(changes)
    }

    /// Folders that are new are looked at as well; to look at one twice is to
    /// look at it once.
    fn look_at_all(&mut self) -> Result<(), CliError> {
        let mut walk = WalkBuilder::new(&self.root);
        walk.hidden(false).filter_entry(|entry| entry.file_name() != ".git");
        let folders = walk.build().filter_map(Result::ok);
        for folder in folders.filter(|entry| entry.file_type().is_some_and(|kind| kind.is_dir())) {
            match self.watcher.watch(folder.path(), RecursiveMode::NonRecursive) {
                Ok(()) => {}
                // It was removed meanwhile.
                Err(_) if !folder.path().is_dir() => {}
                Err(error) => return Err(cannot_watch(&error)),
            }
        }
        Ok(())
    }

    /// Waits until something has changed and nothing changes any more.
    async fn next(&mut self) -> Result<(), CliError> {
        let mut news = self.news.recv().await;
        loop {
            match news {
                Some(Ok(())) => {}
                Some(Err(error)) => return Err(cannot_watch(&error)),
                None => return Err(CliError::trouble("files are not watched any more")),
            }
            match tokio::time::timeout(QUIET, self.news.recv()).await {
                Ok(more) => news = more,
                Err(_) => break,
            }
        }
        self.look_at_all()
    }
}

fn cannot_watch(error: &notify::Error) -> CliError {
    let trouble = CliError::trouble(format!("files cannot be watched: {error}"));
    match error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            trouble.hint("raise fs.inotify.max_user_watches with sysctl")
        }
        _ => trouble,
    }
}

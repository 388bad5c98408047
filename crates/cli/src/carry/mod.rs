//! Carries a wish to its end: as the engine, if nobody is, else by reading
//! along. Whoever asks sees the same.

mod report;
mod screen;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use shipway_core::command::Command;
use shipway_core::journal::StreamId;
use shipway_core::stream::Stream;
use shipway_server::follow::{Follower, Views};
use shipway_server::inbox::{Request, answer, submit};
use shipway_server::{Engine, EngineError, LiveOutput, OnFailure};
use shipway_store::Checkpoints;
use shipway_targets::Secret;
use tokio_util::sync::CancellationToken;

pub(crate) use report::{Reporter, Style, describe};
pub(crate) use screen::Curtain;

use crate::error::CliError;
use crate::project::{Project, actor};

/// Between two looks at the journal.
const LOOK: Duration = Duration::from_millis(25);

/// What is asked, and what of it has to be seen.
pub(crate) struct Wish<'a, T> {
    /// For people who look at who owns the journal.
    pub(crate) purpose: String,
    /// Secrets given on the command line.
    pub(crate) secrets: HashMap<String, Secret>,
    /// Gets what jobs write.
    pub(crate) live_output: Option<LiveOutput>,
    /// Gets the terminal where a step fails.
    pub(crate) on_failure: Option<OnFailure>,
    /// What the wish has come to, once it has.
    pub(crate) until: Until<'a, T>,
    /// Whoever asked does not want to wait any longer.
    pub(crate) leave: CancellationToken,
}

/// Asked after every change.
pub(crate) type Until<'a, T> = Box<dyn FnMut(&Views) -> Option<T> + 'a>;

/// Puts a command into the inbox, and waits for nothing.
pub(crate) fn ask(project: &Project, to: StreamId, command: Command) -> Result<Asked, CliError> {
    let id = submit(&project.store, &actor(), &Request { to, command })?;
    Ok(Asked { id, answer: OnceCell::new() })
}

/// A command in the inbox.
pub(crate) struct Asked {
    id: shipway_store::InputId,
    /// Once somebody has looked at it. It never changes then.
    answer: OnceCell<Result<(), String>>,
}

impl Asked {
    /// `None` until somebody has looked at it.
    pub(crate) fn answer(&self, project: &Project) -> Result<Option<Result<(), String>>, CliError> {
        if self.answer.get().is_none()
            && let Some(answer) = answer(&project.store, &self.id)?
        {
            return Ok(Some(self.answer.get_or_init(|| answer).clone()));
        }
        Ok(self.answer.get().cloned())
    }
}

/// Carries on until the wish has come to something.
pub(crate) async fn carry<T>(
    project: &Project,
    reporter: &mut Reporter,
    mut wish: Wish<'_, T>,
) -> Result<T, CliError> {
    let mut follower = Follower::new(&project.store)?;
    let mut performer =
        project.performer(std::mem::take(&mut wish.secrets), wish.live_output.take())?;
    performer.on_failure = wish.on_failure.take();
    let performer = Arc::new(performer);
    loop {
        reporter.show(follower.look(&project.store)?, &follower.views);
        if let Some(end) = (wish.until)(&follower.views) {
            return Ok(end);
        }
        let store = Arc::clone(&project.store);
        match Engine::start(store, Arc::clone(&performer), &wish.purpose).await {
            Ok(engine) => {
                return own(project, reporter, &mut follower, engine, wish.until, &wish.leave)
                    .await;
            }
            Err(EngineError::Held(_)) if wish.leave.is_cancelled() => return Err(left()),
            Err(EngineError::Held(_)) => tokio::time::sleep(LOOK).await,
            Err(error) => return Err(error.into()),
        }
    }
}

/// As the owner: until the wish has come to something, and nobody else's work
/// is under way.
async fn own<T>(
    project: &Project,
    reporter: &mut Reporter,
    follower: &mut Follower,
    mut engine: Engine,
    mut until: Until<'_, T>,
    leave: &CancellationToken,
) -> Result<T, CliError> {
    let mut end = None;
    // What it found to do when it began it has done already.
    reporter.show(follower.look(&project.store)?, &follower.views);
    let mut news = engine.news();
    let worked = {
        let work = engine.run(|views| {
            end = end.take().or_else(|| until(views));
            end.is_some() && !views.live.streams().any(Stream::is_busy)
        });
        tokio::pin!(work);
        loop {
            tokio::select! {
                worked = &mut work => break worked,
                () = leave.cancelled() => break Ok(()),
                () = tokio::time::sleep(LOOK) => {
                    reporter.show(follower.hear(&mut news)?, &follower.views);
                }
            }
        }
    };
    reporter.show(follower.hear(&mut news)?, &follower.views);
    reporter.finish();
    worked?;
    let parting = engine.part();
    // What was written is vouched for outside the store.
    let signed = Checkpoints::open(&project.folders.checkpoints())
        .and_then(|checkpoints| checkpoints.sign(project.store.journal(), Timestamp::now()));
    // Before the next owner looks at what is left.
    parting.await;
    engine.stop().await?;
    signed?;
    end.ok_or_else(left)
}

fn left() -> CliError {
    CliError::trouble("left before it was done").hint("the next command goes on with it")
}

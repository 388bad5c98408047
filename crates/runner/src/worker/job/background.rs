//! Steps in the background: what they do counts once they are waited for.
//!
//! Source: "Workflow syntax", `jobs.<job_id>.steps[*].background`, and how
//! GitHub's runner coordinates them.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::JobRun;
use crate::protocol::{Outcome, Reason, StepIndex};
use crate::worker::step::{Ended, Occurrence, Stage, StepRun};

/// As many run at one time; the others wait for their turn.
const AT_ONCE: usize = 10;

/// A step in the background.
struct Task {
    at: Arc<Occurrence>,
    index: StepIndex,
    end: CancellationToken,
    /// A `cancel` step ended it, so that it ended so is no failure.
    called_off: bool,
    ended: Option<Ended>,
    /// What it did is known to the steps that follow.
    waited_for: bool,
}

type Running<'a> = Pin<Box<dyn Future<Output = (StepIndex, Ended)> + 'a>>;

/// The steps in the background of a job.
pub(super) struct Background<'a> {
    job: &'a JobRun<'a>,
    running: FuturesUnordered<Running<'a>>,
    turns: Arc<Semaphore>,
    tasks: Vec<Task>,
}

impl<'a> Background<'a> {
    pub(super) fn of(job: &'a JobRun<'a>) -> Self {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        Self { job, running: FuturesUnordered::new(), turns, tasks: Vec::new() }
    }

    /// Begins a step and goes on.
    pub(super) fn start(&mut self, index: StepIndex, at: &Arc<Occurrence>) {
        at.defer();
        let end = CancellationToken::new();
        let (job, deadline, turns) = (self.job, end.clone(), Arc::clone(&self.turns));
        let own = Arc::clone(at);
        self.running.push(Box::pin(async move {
            // Nobody closes it, so there is always a turn.
            let _turn = turns.acquire().await.ok();
            let (frame, stage) = (&job.frame, Stage::Main);
            (index, StepRun { job, frame, at: &own, stage, index, deadline }.run().await)
        }));
        let at = Arc::clone(at);
        let task = Task { at, index, end, called_off: false, ended: None, waited_for: false };
        self.tasks.push(task);
    }

    /// Does `work` while the others go on.
    pub(super) async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                (index, ended) = next(&mut self.running) => self.ended(index, ended),
                done = &mut work => return done,
            }
        }
    }

    fn ended(&mut self, index: StepIndex, ended: Ended) {
        if let Some(task) = self.tasks.iter_mut().find(|task| task.index == index) {
            task.ended = Some(ended);
        }
    }

    /// Waits for those that `which` names, and for their results to count: the
    /// names of those that failed.
    pub(super) async fn wait(&mut self, which: impl Fn(&Occurrence) -> bool) -> Vec<String> {
        let meant = |task: &Task| !task.waited_for && which(&task.at);
        while self.tasks.iter().any(|task| meant(task) && task.ended.is_none()) {
            let Some((index, ended)) = self.running.next().await else { break };
            self.ended(index, ended);
        }
        let mut failed = Vec::new();
        for task in self.tasks.iter_mut().filter(|task| !task.waited_for && which(&task.at)) {
            task.waited_for = true;
            self.job.reveal(&task.at);
            let Some(ended) = &task.ended else { continue };
            let counts = match ended.conclusion {
                Outcome::Failure => true,
                Outcome::Cancelled => !task.called_off,
                Outcome::Success | Outcome::Skipped => false,
            };
            failed.extend(counts.then(|| ended.name.clone()));
        }
        failed
    }

    /// Ends those that `which` names and waits for them.
    pub(super) async fn cancel(&mut self, which: impl Fn(&Occurrence) -> bool) -> Vec<String> {
        for task in self.tasks.iter_mut().filter(|task| !task.waited_for && which(&task.at)) {
            task.called_off = true;
            task.end.cancel();
        }
        self.wait(which).await
    }

    /// Before the job ends, everything counts.
    pub(super) async fn finish(&mut self) {
        let failed = self.wait(|_| true).await;
        if let Some(name) = failed.into_iter().next() {
            let index = self
                .tasks
                .iter()
                .find(|task| task.ended.as_ref().is_some_and(|ended| ended.name == name));
            let step = index.map_or(0, |task| task.index);
            let message = index.and_then(|task| task.ended.as_ref()?.reason.clone());
            let message = message.unwrap_or_else(|| "it failed in the background".to_owned());
            self.job.state.lock().fail(Reason::StepFailed { step, name, message });
        }
    }
}

/// The next one that ends; waits for ever while none runs.
async fn next(running: &mut FuturesUnordered<Running<'_>>) -> (StepIndex, Ended) {
    match running.next().await {
        Some(ended) => ended,
        None => pending().await,
    }
}

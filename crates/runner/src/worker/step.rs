//! One step, from its `if` to its conclusion.

mod body;

use std::time::{Duration, Instant};

use indexmap::IndexMap;
use shipway_workflow::expr::{EvaluateError, Status};
use shipway_workflow::model::{Defaults, Step, StepKind};
use tokio_util::sync::CancellationToken;

use crate::protocol::{Event, Level, Outcome, Reason, StepIndex, StepReport};
use crate::worker::contexts::View;
use crate::worker::prepare::written;
use crate::worker::shared::Shared;
use crate::worker::state::JobState;

pub(crate) use body::{Body, Ending};

/// A step at its place.
pub(crate) struct StepRun<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) index: StepIndex,
    pub(crate) step: &'a Step,
    /// What `run` gets unless the step says otherwise: of the job, then of the
    /// workflow.
    pub(crate) defaults: [&'a Defaults; 2],
}

/// What is known of a step before its body runs.
struct Begun {
    env: IndexMap<String, String>,
    name: String,
    timeout: Option<Duration>,
    continue_on_error: bool,
    /// It goes on when the job is cancelled.
    survives: bool,
}

impl StepRun<'_> {
    /// What `github.action` calls it.
    fn action(&self) -> String {
        match &self.step.id {
            Some(id) => id.value.clone(),
            None => format!("__step_{}", self.index + 1),
        }
    }

    /// Runs it if its `if` holds, reports it, and applies to the job what
    /// follows from it.
    pub(crate) async fn run(&self, state: &mut JobState) {
        let began = Instant::now();
        let (ending, begun) = match self.begin(state) {
            Ok(None) => return self.skipped(state).await,
            Ok(Some(begun)) => {
                let event = Event::StepStarted { step: self.index, name: self.mask(&begun.name) };
                self.shared.reporter.send(event).await;
                (self.body(state, &begun).await, Some(begun))
            }
            Err(error) => {
                let event = Event::StepStarted { step: self.index, name: static_name(self.step) };
                self.shared.reporter.send(event).await;
                let message = format!("{}: {}", self.place(&error), error.message);
                (Ending::failed(message), None)
            }
        };
        self.end(state, ending, begun, began.elapsed()).await;
    }

    fn place(&self, error: &EvaluateError) -> String {
        let at = error.span.start;
        format!("{}:{}:{}", self.shared.message.workflow.path, at.line, at.column)
    }

    fn mask(&self, text: &str) -> String {
        self.shared.masker.mask(text)
    }

    /// Evaluates what has to be known first; `None`: the `if` does not hold.
    fn begin(&self, state: &JobState) -> Result<Option<Begun>, EvaluateError> {
        let (step, action) = (self.step, self.action());
        let outer = View::new(self.shared, state, &action, &IndexMap::new());
        let env = step.env.render(&outer)?;
        let view = View::new(self.shared, state, &action, &env);
        if !step.condition.evaluate(&view)? {
            return Ok(None);
        }
        let name = match &step.name {
            Some(name) => name.render(&view)?,
            None => default_name(step, &view)?,
        };
        let minutes = step.timeout_minutes.as_ref().map(|t| t.evaluate(&view)).transpose()?;
        let timeout = minutes.filter(|minutes| *minutes > 0.0).and_then(from_minutes);
        let tolerant = step.continue_on_error.as_ref().map(|c| c.evaluate(&view)).transpose()?;
        let survives = step.condition.evaluate(&view.cancelled())?;
        Ok(Some(Begun { env, name, timeout, continue_on_error: tolerant == Some(true), survives }))
    }

    /// Runs the body until it ends, its time is over or the job is stopped.
    async fn body(&self, state: &mut JobState, begun: &Begun) -> Ending {
        let stop = CancellationToken::new();
        let stopper = async {
            let timed_out = async {
                match begun.timeout {
                    Some(timeout) => tokio::time::sleep(timeout).await,
                    None => std::future::pending().await,
                }
            };
            let timed_out = tokio::select! {
                () = timed_out => true,
                () = self.shared.stop.stopped(), if !begun.survives => false,
                () = self.shared.stop.overdue() => false,
            };
            stop.cancel();
            timed_out
        };
        let body = Body {
            shared: self.shared,
            index: self.index,
            step: self.step,
            defaults: self.defaults,
            action: self.action(),
            env: &begun.env,
            stop: &stop,
        };
        let work = body.run(state);
        tokio::pin!(work, stopper);
        let timed_out = tokio::select! {
            // A stop that was there before the body begins to work counts.
            biased;
            timed_out = &mut stopper => timed_out,
            ending = &mut work => return ending,
        };
        let ending = work.await;
        match (timed_out, begun.timeout) {
            (true, Some(timeout)) if ending == Ending::Stopped => Ending::failed(format!(
                "The step '{}' has timed out after {} minutes.",
                begun.name,
                timeout.as_secs_f64() / 60.0
            )),
            _ => ending,
        }
    }

    async fn skipped(&self, state: &mut JobState) {
        let none = IndexMap::new();
        if let Some(id) = &self.step.id {
            state.record(&id.value, Outcome::Skipped, Outcome::Skipped, &none);
        }
        let report = StepReport {
            step: self.index,
            name: static_name(self.step),
            outcome: Outcome::Skipped,
            conclusion: Outcome::Skipped,
            reason: None,
            outputs: none,
            duration_ms: 0,
        };
        self.shared.reporter.send(Event::StepEnded(report)).await;
    }

    async fn end(
        &self,
        state: &mut JobState,
        ending: Ending,
        begun: Option<Begun>,
        took: Duration,
    ) {
        let tolerant = begun.as_ref().is_some_and(|begun| begun.continue_on_error);
        let name = begun.map_or_else(|| static_name(self.step), |begun| begun.name);
        let name = self.mask(&name);
        let (outcome, reason, outputs) = match ending {
            Ending::Success { outputs } => (Outcome::Success, None, outputs),
            Ending::Failure { message, outputs } => {
                let step = Some(self.index);
                self.shared.reporter.annotate(step, Level::Error, &message).await;
                (Outcome::Failure, Some(self.mask(&message)), outputs)
            }
            Ending::Stopped => {
                let message = "The operation was canceled.".to_owned();
                self.shared.reporter.say(Some(self.index), &format!("##[error]{message}")).await;
                (Outcome::Cancelled, Some(message), IndexMap::new())
            }
        };
        let conclusion = match outcome {
            Outcome::Failure if tolerant => Outcome::Success,
            other => other,
        };
        if let Some(id) = &self.step.id {
            state.record(&id.value, outcome, conclusion, &outputs);
        }
        if conclusion == Outcome::Failure {
            if state.status == Status::Success {
                state.status = Status::Failure;
            }
            state.reason.get_or_insert_with(|| Reason::StepFailed {
                step: self.index,
                name: name.clone(),
                message: reason.clone().unwrap_or_default(),
            });
        }
        let outputs = outputs.into_iter().map(|(k, v)| (self.mask(&k), self.mask(&v))).collect();
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let report = StepReport {
            step: self.index,
            name,
            outcome,
            conclusion,
            reason,
            outputs,
            duration_ms,
        };
        self.shared.reporter.send(Event::StepEnded(report)).await;
    }
}

/// Minutes, with fractions, as far as a clock goes.
pub(crate) fn from_minutes(minutes: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(minutes * 60.0).ok()
}

/// The name of a step that has none: what it runs, expressions evaluated.
fn default_name(step: &Step, view: &View<'_>) -> Result<String, EvaluateError> {
    match &step.kind {
        StepKind::Run { script, .. } => script.render(view).map(|script| run_name(&script)),
        _ => Ok(static_name(step)),
    }
}

/// The name as far as it is known without evaluating anything.
pub(crate) fn static_name(step: &Step) -> String {
    match (&step.name, &step.kind) {
        (Some(name), _) => name.text().to_owned(),
        (None, StepKind::Run { script, .. }) => run_name(script.text()),
        (None, StepKind::Uses { action, .. }) => format!("Run {}", written(&action.value)),
        (None, StepKind::Wait(_) | StepKind::WaitAll) => "Wait".to_owned(),
        (None, StepKind::Cancel(step)) => format!("Cancel {}", step.value),
        (None, StepKind::Parallel(_)) => "Parallel".to_owned(),
    }
}

fn run_name(script: &str) -> String {
    let first = script.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    format!("Run {first}")
}

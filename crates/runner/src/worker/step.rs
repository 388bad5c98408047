//! One step, from its `if` to its conclusion.

mod body;
mod frame;
mod hold;
mod ids;
pub(crate) mod name;

use std::sync::Arc;
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use shipway_workflow::expr::{Condition, EvaluateError};
use tokio_util::sync::CancellationToken;

use crate::protocol::{Event, Level, Outcome, Reason, StepIndex, StepReport};
use crate::worker::contexts::View;
use crate::worker::job::JobRun;

pub(crate) use body::{Body, Ending};
pub(crate) use frame::{Around, Frame, Inside, Occurrence, Recorded};

/// Which of the three things that an action may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Before the job's first step.
    Pre,
    /// The step itself.
    Main,
    /// After the job's last step.
    Post,
}

/// A step at its place, about to do one of its things.
pub(crate) struct StepRun<'a> {
    pub(crate) job: &'a JobRun<'a>,
    pub(crate) frame: &'a Arc<Frame>,
    pub(crate) at: &'a Arc<Occurrence>,
    pub(crate) stage: Stage,
    /// The place in the job's list of itself, or of the step around it.
    pub(crate) index: StepIndex,
    /// Ends it, whatever its `if` says.
    pub(crate) deadline: CancellationToken,
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

/// How a step ended.
pub(crate) struct Ended {
    /// Before `continue-on-error`.
    pub(crate) outcome: Outcome,
    /// After `continue-on-error`.
    pub(crate) conclusion: Outcome,
    /// Its name, masked.
    pub(crate) name: String,
    /// Why it failed or was stopped, in a line, masked.
    pub(crate) reason: Option<String>,
    /// Its `if` could not be evaluated.
    pub(crate) is_undecided: bool,
}

/// What of a step could not be evaluated before it began.
enum NotBegun {
    Condition(EvaluateError),
    Other(EvaluateError),
}

impl From<EvaluateError> for NotBegun {
    fn from(error: EvaluateError) -> Self {
        Self::Other(error)
    }
}

impl StepRun<'_> {
    /// Runs it if its `if` holds, reports it, and applies to what is around it
    /// what follows from it.
    pub(crate) async fn run(&self) -> Ended {
        let began = Instant::now();
        let (error, is_undecided) = match self.begin() {
            Ok(None) => return self.skipped().await,
            Ok(Some(begun)) => {
                self.started(&begun.name).await;
                let ending = self.body(&begun).await;
                return self.end(ending, Some(begun), began.elapsed()).await;
            }
            Err(NotBegun::Condition(error)) => (error, true),
            Err(NotBegun::Other(error)) => (error, false),
        };
        self.started(&self.fixed_name()).await;
        let ending = Ending::failed(format!("{}: {}", self.place(&error), error.message));
        Ended { is_undecided, ..self.end(ending, None, began.elapsed()).await }
    }

    /// Whether people see it as a step of its own.
    fn is_own(&self) -> bool {
        self.frame.inside.is_none()
    }

    async fn started(&self, name: &str) {
        if self.is_own() {
            let event = Event::StepStarted { step: self.index, name: self.mask(name) };
            self.job.shared.reporter.send(event).await;
        }
    }

    fn place(&self, error: &EvaluateError) -> String {
        let at = error.span.start;
        format!("{}:{}:{}", self.frame.file, at.line, at.column)
    }

    fn mask(&self, text: &str) -> String {
        self.job.shared.masker.mask(text)
    }

    fn fixed_name(&self) -> String {
        name::staged(self.stage, &name::fixed(&self.at.step))
    }

    fn view(&self, env: &IndexMap<String, String>) -> View<'_> {
        View::new(self.job, self.frame, self.at, env)
    }

    /// Evaluates what has to be known first; `None`: the `if` does not hold.
    fn begin(&self) -> Result<Option<Begun>, NotBegun> {
        let step = &self.at.step;
        let env = step.env.render(&self.view(&IndexMap::new()))?;
        let view = self.view(&env);
        let condition = self.condition();
        if !condition.evaluate(&view).map_err(NotBegun::Condition)? {
            return Ok(None);
        }
        let name = name::staged(self.stage, &name::evaluated(step, &view)?);
        let minutes = match self.stage {
            Stage::Main => step.timeout_minutes.as_ref().map(|t| t.evaluate(&view)).transpose()?,
            Stage::Pre | Stage::Post => None,
        };
        let timeout = minutes.flatten().and_then(from_minutes);
        let tolerant = step.continue_on_error.as_ref().map(|c| c.evaluate(&view)).transpose()?;
        let around = self.frame.inside.as_ref().is_some_and(|inside| inside.around().survives);
        let survives = around || condition.evaluate(&view.cancelled())?;
        Ok(Some(Begun { env, name, timeout, continue_on_error: tolerant == Some(true), survives }))
    }

    fn condition(&self) -> Condition {
        match self.stage {
            Stage::Main => self.at.step.condition.clone(),
            stage => self.at.ready().map_or_else(Condition::always, |ready| ready.condition(stage)),
        }
    }

    /// Runs the body until it ends, its time is over or the job is stopped.
    async fn body(&self, begun: &Begun) -> Ending {
        let stop = CancellationToken::new();
        let deadline = self.deadline.child_token();
        let job_stop = &self.job.shared.stop;
        let stopper = async {
            let time = async {
                match begun.timeout {
                    Some(timeout) => tokio::time::sleep(timeout).await,
                    None => std::future::pending().await,
                }
            };
            let timed_out = tokio::select! {
                () = time => true,
                () = self.deadline.cancelled() => false,
                () = job_stop.stopped(), if !begun.survives => false,
                () = job_stop.overdue() => false,
            };
            if timed_out {
                deadline.cancel();
            }
            stop.cancel();
            timed_out
        };
        let body = Body {
            shared: self.job.shared,
            index: self.index,
            run: self,
            env: &begun.env,
            survives: begun.survives,
            stop: &stop,
            deadline: &deadline,
        };
        let work = body.run();
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

    async fn skipped(&self) -> Ended {
        let none = IndexMap::new();
        let name = self.mask(&self.fixed_name());
        let ended = Ended {
            outcome: Outcome::Skipped,
            conclusion: Outcome::Skipped,
            name,
            reason: None,
            is_undecided: false,
        };
        self.record(&ended, &none);
        self.report(&ended, &none, Duration::ZERO).await;
        ended
    }

    async fn end(&self, ending: Ending, begun: Option<Begun>, took: Duration) -> Ended {
        let tolerant = begun.as_ref().is_some_and(|begun| begun.continue_on_error);
        let name = begun.map_or_else(|| self.fixed_name(), |begun| begun.name);
        let name = self.mask(&name);
        let (outcome, reason, outputs) = match ending {
            Ending::Success { outputs } => (Outcome::Success, None, outputs),
            Ending::Failure { message, outputs, told } => {
                if !told {
                    let step = Some(self.index);
                    self.job.shared.reporter.annotate(step, Level::Error, &message).await;
                }
                (Outcome::Failure, Some(self.mask(&message)), outputs)
            }
            Ending::Stopped => {
                let message = "The operation was canceled.".to_owned();
                let text = format!("##[error]{message}");
                self.job.shared.reporter.say(Some(self.index), &text).await;
                (Outcome::Cancelled, Some(message), IndexMap::new())
            }
        };
        let conclusion = match outcome {
            Outcome::Failure if tolerant => Outcome::Success,
            other => other,
        };
        let ended = Ended { outcome, conclusion, name, reason, is_undecided: false };
        self.record(&ended, &outputs);
        if conclusion == Outcome::Failure {
            self.fail(&ended);
        }
        self.report(&ended, &outputs, took).await;
        ended
    }

    /// `pre` and `post` have no results that a step could ask for.
    fn record(&self, ended: &Ended, outputs: &IndexMap<String, String>) {
        let (outcome, conclusion) = (ended.outcome, ended.conclusion);
        let recorded = || Recorded { outcome, conclusion, outputs: outputs.clone() };
        if self.stage == Stage::Main && self.at.later(|later| later.result = Some(recorded())) {
            return;
        }
        if let (Some(id), Stage::Main) = (&self.at.step.id, self.stage) {
            self.frame.record(&id.value, ended.outcome, ended.conclusion, outputs);
        }
    }

    fn fail(&self, ended: &Ended) {
        // Whoever waits for a step in the background fails.
        if self.stage == Stage::Main && self.at.later(|_| ()) {
            return;
        }
        match &self.frame.inside {
            Some(inside) => inside.fail(),
            None => self.job.state.lock().fail(Reason::StepFailed {
                step: self.index,
                name: ended.name.clone(),
                message: ended.reason.clone().unwrap_or_default(),
            }),
        }
    }

    async fn report(&self, ended: &Ended, outputs: &IndexMap<String, String>, took: Duration) {
        if !self.is_own() {
            return;
        }
        let report = StepReport {
            step: self.index,
            name: ended.name.clone(),
            outcome: ended.outcome,
            conclusion: ended.conclusion,
            reason: ended.reason.clone(),
            outputs: outputs.iter().map(|(k, v)| (self.mask(k), self.mask(v))).collect(),
            duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        };
        self.job.shared.reporter.send(Event::StepEnded(report)).await;
    }
}

/// Minutes, with fractions, as far as a clock goes.
pub(crate) fn from_minutes(minutes: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(minutes * 60.0).ok()
}

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
    /// It goes on when the job is cancelled.
    survives: bool,
    /// What is wrong and stops nothing, as GitHub has it.
    troubles: Vec<(Level, String)>,
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

impl StepRun<'_> {
    /// Runs it if its `if` holds, reports it, and applies to what is around it
    /// what follows from it.
    pub(crate) async fn run(&self) -> Ended {
        let began = Instant::now();
        let (env, broken) = match self.at.step.env.render(&self.view(&IndexMap::new())) {
            Ok(env) => (env, None),
            // As on GitHub, a step of an action goes on without them, and has failed.
            Err(error) if !self.is_own() => {
                let message = self.located(&error);
                self.tell(Level::Error, &message).await;
                (IndexMap::new(), Some(message))
            }
            Err(error) => return self.not_begun(&error, began).await,
        };
        match self.begin(env) {
            Ok(None) => self.skipped().await,
            Ok(Some(begun)) => {
                self.started(&begun.name).await;
                for (level, message) in &begun.troubles {
                    self.tell(*level, message).await;
                }
                let ending = self.body(&begun).await;
                let ending = match broken {
                    Some(message) => ending.or_failed(message),
                    None => ending,
                };
                self.end(ending, Some(begun), began.elapsed()).await
            }
            Err(error) => Ended { is_undecided: true, ..self.not_begun(&error, began).await },
        }
    }

    /// It fails before it begins: something of it has no value.
    async fn not_begun(&self, error: &EvaluateError, began: Instant) -> Ended {
        self.started(&self.fixed_name()).await;
        self.end(Ending::failed(self.located(error)), None, began.elapsed()).await
    }

    async fn tell(&self, level: Level, message: &str) {
        self.job.shared.reporter.annotate(Some(self.index), level, message).await;
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

    /// What is wrong with an expression, and where it stands.
    fn located(&self, error: &EvaluateError) -> String {
        let at = error.span.start;
        format!("{}:{}:{}: {}", self.frame.file, at.line, at.column, error.message)
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
    ///
    /// # Errors
    /// The `if` has no value.
    fn begin(&self, env: IndexMap<String, String>) -> Result<Option<Begun>, EvaluateError> {
        let view = self.view(&env);
        let condition = self.condition();
        if !condition.evaluate(&view)? {
            return Ok(None);
        }
        let mut troubles = Vec::new();
        let name = self.name(&view, &mut troubles);
        let timeout = self.timeout(&view, &mut troubles);
        let around = self.frame.inside.as_ref().is_some_and(|inside| inside.around().survives);
        // What cannot be evaluated then is stopped, as on GitHub.
        let survives = around || condition.evaluate(&view.cancelled()).unwrap_or(false);
        Ok(Some(Begun { env, name, timeout, survives, troubles }))
    }

    /// What it is called; a name without a value is left as it is written.
    fn name(&self, view: &View<'_>, troubles: &mut Vec<(Level, String)>) -> String {
        let name = name::evaluated(&self.at.step, view).unwrap_or_else(|error| {
            // A script without one fails the step by itself.
            if self.is_own() && self.at.step.name.is_some() {
                let message = self.located(&error);
                let message =
                    format!("Encountered an error when evaluating display name: {message}");
                troubles.push((Level::Warning, message));
            }
            name::fixed(&self.at.step)
        });
        name::staged(self.stage, &name)
    }

    /// How long it may take; a limit without a value is none.
    fn timeout(&self, view: &View<'_>, troubles: &mut Vec<(Level, String)>) -> Option<Duration> {
        let written = self.at.step.timeout_minutes.as_ref();
        let written = written.filter(|_| self.stage == Stage::Main)?;
        let minutes = written.evaluate(view).unwrap_or_else(|error| {
            let message = self.located(&error);
            let message = format!(
                "An error occurred when attempting to determine the step timeout: {message}"
            );
            troubles.push((Level::Error, message));
            None
        });
        minutes.and_then(from_minutes)
    }

    /// Whether its failure counts as success, which is only asked then; without a value it does
    /// not.
    async fn is_tolerated(&self, begun: &Begun) -> bool {
        let Some(written) = &self.at.step.continue_on_error else { return false };
        let tolerated = written.evaluate(&self.view(&begun.env));
        match tolerated {
            Ok(tolerated) => tolerated,
            Err(error) => {
                let message = format!(
                    "The step failed and an error occurred when attempting to determine whether \
                     to continue on error: {}",
                    self.located(&error)
                );
                self.tell(Level::Error, &message).await;
                false
            }
        }
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
        let fixed = || self.fixed_name();
        let name = self.mask(&begun.as_ref().map_or_else(fixed, |begun| begun.name.clone()));
        let (outcome, reason, outputs) = match ending {
            Ending::Success { outputs } => (Outcome::Success, None, outputs),
            Ending::Failure { message, outputs, told } => {
                if !told {
                    self.tell(Level::Error, &message).await;
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
        let conclusion = match (outcome, &begun) {
            (Outcome::Failure, Some(begun)) if self.is_tolerated(begun).await => Outcome::Success,
            (other, _) => other,
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

//! Progress, as entries of the journal tell it: the same lines for a run that
//! is live and for one that is read again.

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use indicatif::ProgressBar;
use jiff::Timestamp;
use shipway_core::config::Level;
use shipway_core::effect::{Done, Effect, Failure, Outcome};
use shipway_core::environment;
use shipway_core::gate::{self, Judged, Position};
use shipway_core::guard::{Verdict, Watched};
use shipway_core::ids::{EnvName, PlanId, RunId};
use shipway_core::journal::{Entry, StreamId, Version};
use shipway_core::plan::{self, Plan, PlannedService};
use shipway_core::run::{self, JobEnd, RunResult};
use shipway_core::stream::Record;
use shipway_core::view::RunsView;
use shipway_server::follow::Views;

use crate::live::{self, JobId, Tree};
use crate::print;

use super::screen::{self, Curtain, Output, spinner};

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Not at all: the answer is for a program.
    Silent,
    /// Lines; on a terminal with what is being done below them.
    Lines,
    /// The same of runs whose jobs' output is shown live.
    Live,
}

/// Shows entries as they come.
pub(crate) struct Reporter {
    style: Style,
    /// Only this plan, once it is known, and what belongs to it.
    only: Option<PlanId>,
    begun: HashMap<(StreamId, Version), Begun>,
    /// The steps of the jobs that run, where they are shown.
    tree: Option<Arc<Tree>>,
    spinner: Option<ProgressBar>,
    curtain: Curtain,
    /// The reason that was shown last: what follows from it need not say it
    /// again.
    reason: String,
    /// What came while a person was asked something.
    held: Vec<(Entry, Option<Record>)>,
    runs: RunsView,
}

/// What is being done.
struct Begun {
    at: Timestamp,
    what: String,
    job: Option<JobId>,
}

impl Reporter {
    pub(crate) fn new(style: Style) -> Self {
        let terminal = style != Style::Silent && std::io::stderr().is_terminal();
        let spinner = terminal.then(spinner);
        let curtain = Curtain::new(spinner.clone());
        Self {
            style,
            only: None,
            begun: HashMap::new(),
            tree: None,
            spinner,
            curtain,
            reason: String::new(),
            held: Vec::new(),
            runs: RunsView::default(),
        }
    }

    /// Where there is a terminal, jobs are shown with their steps.
    pub(crate) fn tree(&mut self) -> Option<Arc<Tree>> {
        self.tree = self.spinner.is_some().then(Arc::default);
        self.tree.clone()
    }

    /// Shows what belongs to this plan, and deployments.
    pub(crate) fn follow(&mut self, plan: PlanId) {
        self.only = Some(plan);
    }

    /// The runs that were shown so far.
    pub(crate) const fn runs(&self) -> &RunsView {
        &self.runs
    }

    pub(crate) fn line(&self, text: impl AsRef<str>) {
        if self.style == Style::Silent {
            return;
        }
        match &self.spinner {
            Some(bar) => bar.suspend(|| print::aside(text)),
            None => print::aside(text),
        }
    }

    pub(crate) fn finish(&mut self) {
        self.curtain.open();
        self.show_held();
        if let Some(bar) = &self.spinner {
            bar.finish_and_clear();
        }
    }

    /// What writes lines of the answer while progress is shown.
    pub(crate) fn output(&self) -> Output {
        Output::new(self.curtain.clone())
    }

    /// What gives the terminal to a question, and takes it back.
    pub(crate) fn curtain(&self) -> Curtain {
        self.curtain.clone()
    }

    pub(crate) fn show(&mut self, news: Vec<(Entry, Option<Record>)>, views: &Views) {
        self.held.extend(news);
        if self.curtain.is_drawn() {
            return;
        }
        self.show_held();
        self.curtain.has_shown(views.live.seq);
        self.draw();
    }

    /// What is being done, below the lines.
    fn draw(&self) {
        let Some(bar) = &self.spinner else { return };
        let mut doing: Vec<&Begun> = self.begun.values().collect();
        doing.sort_by_key(|begun| (begun.at, &begun.what));
        let Some(tree) = &self.tree else {
            let doing: Vec<&str> = doing.iter().map(|begun| begun.what.as_str()).collect();
            return bar.set_message(doing.join(", "));
        };
        // Each job gets its share of the room, one line for itself.
        let rows = usize::from(console::Term::stderr().size().0).saturating_sub(2);
        let share = (rows / doing.len().max(1)).saturating_sub(1);
        let mut lines = Vec::new();
        for begun in doing {
            let since = print::between(begun.at, Timestamp::now());
            let (turn, what) = (screen::turn(since), &begun.what);
            lines.push(format!("{turn} {what}  {}", live::elapsed(since)));
            lines.extend(begun.job.iter().flat_map(|job| tree.below(job, share)));
        }
        screen::picture(bar, &lines);
    }

    fn show_held(&mut self) {
        for (entry, record) in std::mem::take(&mut self.held) {
            if let Some(record) = record.filter(|_| self.concerns(&entry.stream)) {
                self.runs.apply(&entry, &record);
                self.record(&entry, &record);
            }
        }
    }

    fn concerns(&self, stream: &StreamId) -> bool {
        match (&self.only, stream) {
            (Some(plan), StreamId::Plan(id)) => id == plan,
            (Some(plan), StreamId::Run(id)) => id.as_str().starts_with(&format!("{plan}.")),
            (None, _) | (Some(_), StreamId::Env(_)) => true,
            (Some(_), StreamId::Group(_) | StreamId::Gates) => false,
        }
    }

    fn record(&mut self, entry: &Entry, record: &Record) {
        match record {
            Record::Intent { effect } => {
                if let Some(what) = doing(effect) {
                    let key = (entry.stream.clone(), entry.version);
                    let job = match effect {
                        Effect::RunJob(job) => Some(JobId::of(job)),
                        _ => None,
                    };
                    self.begun.insert(key, Begun { at: entry.at, what, job });
                }
            }
            Record::Ended { intent, outcome } => {
                let begun = self.begun.remove(&(entry.stream.clone(), *intent));
                if let Some(Begun { at, what, .. }) = begun {
                    self.ended(&what, print::between(at, entry.at), outcome);
                }
            }
            Record::Plan(event) => self.plan(event),
            Record::Run(event) => {
                if let StreamId::Run(run) = &entry.stream {
                    self.run(run, event);
                }
            }
            Record::Env(event) => {
                if let StreamId::Env(env) = &entry.stream {
                    self.env(env, event);
                }
            }
            // What a group decides is told by the runs in it.
            Record::Group(_) => {}
            // What the gates say is told where a stage is judged.
            Record::Gates(_) => {}
        }
    }

    fn judged(&mut self, what: &str, took: &str, judged: &Judged) {
        let shut = gate::shut(&judged.verdicts, judged.at).is_some();
        let sign = if shut { "✗" } else { "✓" };
        self.line(format!("  {sign} {what}  {took}"));
        for line in judged.verdicts.iter().filter_map(kept) {
            self.line(format!("      {line}"));
        }
    }

    fn ended(&mut self, what: &str, took: Duration, outcome: &Outcome) {
        let took = print::took(took);
        match outcome {
            Outcome::Done { result: Done::Job(end) } => self.job(what, &took, end),
            Outcome::Done { result: Done::Watched(watched) } => self.watched(what, &took, watched),
            Outcome::Done { result: Done::Judged(judged) } => self.judged(what, &took, judged),
            Outcome::Done { .. } => self.line(format!("  ✓ {what}  {took}")),
            Outcome::Failed { failure } => {
                self.failure(&format!("  ✗ {what}  {took}"), failure);
                self.reason.clone_from(&failure.message);
            }
            Outcome::Lost => self.line(format!("  ? {what}: the engine ended meanwhile")),
            Outcome::Cancelled => self.line(format!("  ■ {what}: called off  {took}")),
        }
    }

    fn job(&self, what: &str, took: &str, end: &JobEnd) {
        let mark = mark(end.result);
        self.line(format!("  {mark} {what}  {took}"));
        // Where its lines were shown live, they are shown once.
        if end.result == RunResult::Failure && self.style == Style::Lines {
            self.indented(&end.tail);
            if let Some(reason) = &end.reason {
                self.line(format!("    {reason}"));
            }
        }
    }

    fn watched(&self, what: &str, took: &str, watched: &Watched) {
        let (mark, why) = match &watched.verdict {
            Verdict::Healthy => ("✓", String::new()),
            Verdict::NotEnough { reason } => ("~", format!(": {reason}")),
            Verdict::Worse { reason, .. } => ("✗", format!(": {reason}")),
            Verdict::FellBack => ("✗", ": the target has put the old version back".to_owned()),
        };
        let seen = watched.readings.iter().map(|reading| {
            format!(
                "{} users' requests, {} probes",
                reading.users.requests, reading.probes.requests
            )
        });
        let seen = seen.collect::<Vec<_>>().join("; ");
        self.line(format!("  {mark} {what}  {took}  ({seen}){why}"));
        for note in &watched.notes {
            self.line(format!("    note: {note}"));
        }
        self.indented(&watched.output);
    }

    fn failure(&self, head: &str, failure: &Failure) {
        self.line(format!("{head}: {}", failure.message));
        self.indented(&failure.output);
    }

    fn indented(&self, lines: &[String]) {
        for line in lines {
            self.line(format!("    │ {line}"));
        }
    }

    fn plan(&self, event: &plan::Event) {
        match event {
            plan::Event::Opened { plan, .. } => {
                for line in describe(plan) {
                    self.line(line);
                }
            }
            plan::Event::Released { id, .. } => self.line(format!("release {id}")),
            plan::Event::RunEnded { .. }
            | plan::Event::BuildsBegun { .. }
            | plan::Event::Built { .. }
            | plan::Event::StageJudging { .. }
            | plan::Event::StageJudged { .. }
            | plan::Event::StageBegun { .. }
            | plan::Event::StageEnded { .. }
            | plan::Event::Closed { .. } => {}
        }
    }

    fn run(&self, run: &RunId, event: &run::Event) {
        match event {
            run::Event::JobSkipped { job, why } => self.line(format!("  – {job}: {why}")),
            run::Event::JobFailed { job, why } => self.line(format!("  ✗ {job}: {why}")),
            run::Event::Ended { result, why } => {
                let why = why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
                self.line(format!("{} run {run} ended with {result}{why}", mark(*result)));
            }
            run::Event::Started { concurrency: Some(group), .. } => {
                self.line(format!("… run {run} asks for its turn in `{}`", group.group));
            }
            run::Event::InstanceLost { job, .. } => {
                self.line(format!("  ? {job}: the engine ended meanwhile; it is begun again"));
            }
            run::Event::Started { .. }
            | run::Event::JobExpanded { .. }
            | run::Event::InstanceStarted { .. }
            | run::Event::InstanceEnded { .. }
            | run::Event::InstanceAsks { .. }
            | run::Event::InstancePassed { .. }
            | run::Event::InstanceCancelling { .. }
            | run::Event::Admitted
            | run::Event::Cancelling => {}
        }
    }

    fn env(&mut self, env: &EnvName, event: &environment::Event) {
        use environment::Event;
        match event {
            Event::Proposed { approval_until: Some(_), candidate, .. } => {
                let commit = candidate.commit.short();
                self.line(format!("? {env}: {commit} waits for approval"));
            }
            Event::Approved { by, .. } => self.line(format!("✓ {env}: approved by {by}")),
            Event::Dropped { failure, .. } => self.line(format!("✗ {env}: {failure}")),
            Event::AlreadyThere { deployment, .. } => {
                self.line(format!("✓ {env}: it is there already ({deployment})"));
            }
            Event::Started { plan, .. } => {
                self.line(format!("{}: {} to {env}", plan.id, plan.commit.short()));
            }
            Event::Asked { question } => self.question(env, question),
            Event::Stopping { failure } => self.line(format!("  ■ {failure}")),
            Event::TurnedBack { failure, .. } if failure.message == self.reason => {
                self.line("  ↩ going back");
            }
            Event::TurnedBack { failure, .. } => self.line(format!("  ↩ going back: {failure}")),
            Event::Succeeded { deployment } => self.line(format!("✓ {env} serves {deployment}")),
            Event::Failed { deployment, failure, serving, trouble } => {
                self.line(format!("✗ {deployment} was refused: {failure}"));
                for trouble in trouble {
                    self.line(format!("  ! on the way back: {trouble}"));
                }
                match serving {
                    Some(old) => self.line(format!("  {env} still serves {old}")),
                    None => {
                        self.line(format!("  nothing runs in {env}: it was the first deployment"))
                    }
                }
            }
            Event::JobAsked { ask, approval_until: Some(_), .. } => {
                self.line(format!("? {env}: job {} waits for approval", ask.job));
            }
            Event::JobDropped { why, .. } => self.line(format!("✗ {env}: {why}")),
            Event::JobBegan { ask, deployment: Some(deployment) } => {
                self.line(format!("{deployment}: job {} deploys to {env}", ask.job));
            }
            Event::JobLeft { left } if left.url.is_some() => {
                let url = left.url.as_deref().unwrap_or_default();
                self.line(format!("{} {env}  {url}", mark(left.result)));
            }
            Event::Paused => self.line(format!("{env} is paused")),
            Event::Resumed => self.line(format!("{env} goes on")),
            Event::Proposed { .. }
            | Event::JobAsked { .. }
            | Event::JobBegan { .. }
            | Event::JobLeft { .. }
            | Event::Judged { .. }
            | Event::Cleared { .. }
            | Event::StepDone { .. }
            | Event::StepRepeated { .. }
            | Event::Answered
            | Event::BackStepDone { .. } => {}
        }
    }

    fn question(&self, env: &EnvName, question: &shipway_core::deployment::Question) {
        use shipway_core::deployment::Question;
        let what = match question {
            Question::Guard { reason } => format!("{reason}; keep the new version?"),
            Question::Lost { what } => {
                format!("the engine ended in the middle of `{what}`; run it again?")
            }
        };
        self.line(format!("  ? {what}  (`shipway resume {env}` or `shipway abort {env}`)"));
    }
}

const fn mark(result: RunResult) -> &'static str {
    match result {
        RunResult::Success => "✓",
        RunResult::Failure => "✗",
        RunResult::Cancelled => "■",
        RunResult::Skipped => "–",
    }
}

/// What is being done, for people; messages between streams are nobody's
/// business.
/// A gate that is not simply open, for people.
fn kept(verdict: &gate::Verdict) -> Option<String> {
    let name = &verdict.gate;
    match &verdict.position {
        Position::Open { .. } => None,
        Position::Shut { reason, opens, .. } => {
            let opens = opens.as_ref().map(|opens| format!("; {opens}")).unwrap_or_default();
            let level = match verdict.level {
                Level::Required => "shut",
                Level::Warning => "warning",
                Level::Informative => "not met",
            };
            Some(format!("{level}: gate `{name}`: {reason}{opens}"))
        }
        Position::Overridden { by, reason, shut, .. } => {
            Some(format!("OVERRIDDEN: gate `{name}`: {shut}; let through by {by}: {reason}"))
        }
    }
}

fn doing(effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::Tell { .. } => return None,
        Effect::RunJob(job) => format!("job {}", job.name),
        Effect::Build(build) => format!("build {}", build.service),
        Effect::Judge(spec) => format!("judge the gates of {}", spec.env),
        Effect::Migrate(command) => format!("migrate {}", command.service),
        Effect::Smoke(command) => format!("smoke-test {}", command.service),
        Effect::Start(change) => format!("start {}", change.service),
        Effect::Shift(change) => format!("switch traffic of {}", change.service),
        Effect::Watch(watch) => format!("watch {}", watch.env),
        Effect::Finish(change) => format!("drain the old {}", change.service),
        Effect::Return(change) => format!("put the old {} back", change.service),
        Effect::Remove(change) => format!("remove the new {}", change.service),
    })
}

/// The plan, before anything is done.
pub(crate) fn describe(plan: &Plan) -> Vec<String> {
    let commit = &plan.commit;
    let place = plan.trigger.git_ref.trim_start_matches("refs/heads/");
    let mut lines = vec![format!(
        "plan {}: {} {:?} by {} on {place}",
        plan.id,
        commit.id.short(),
        commit.subject,
        commit.author
    )];
    for run in &plan.runs {
        let what = match &run.passed {
            Some(earlier) => format!("passed before, in {earlier}"),
            None => format!("runs: {}", run.why),
        };
        lines.push(format!("  workflow {}  {what}", run.name));
    }
    for run in &plan.not_run {
        lines.push(format!("  workflow {}  does not run: {}", run.path, run.why));
    }
    for (service, todo) in &plan.services {
        lines.push(match todo {
            PlannedService::Build { why } => format!("  service {service}  is built: {why}"),
            PlannedService::Reuse { commit, .. } => {
                format!("  service {service}  is as of {}", commit.short())
            }
        });
    }
    for stage in &plan.stages {
        lines.push(format!("  to {}: {}", stage.env, stage.why));
    }
    lines
}

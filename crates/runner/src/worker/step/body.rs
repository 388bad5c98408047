//! What a step does: a script, or an action.

use std::ffi::OsString;
use std::path::PathBuf;

use indexmap::IndexMap;
use shipway_process::Exit;
use shipway_workflow::expr::{EvaluateError, Template};
use shipway_workflow::model::StepKind;
use tokio_util::sync::CancellationToken;

use super::StepRun;
use super::hold::Scene;
use super::name::first_line;
use crate::protocol::StepIndex;
use crate::worker::action;
use crate::worker::container::ContainerStep;
use crate::worker::contexts::View;
use crate::worker::environment::{Base, environment};
use crate::worker::output::Listener;
use crate::worker::place::Place;
use crate::worker::program::{Ended, Program, ProgramError};
use crate::worker::script::Shell;
use crate::worker::shared::Shared;
use crate::worker::step_files::StepFiles;

/// What a step is about to do.
pub(crate) struct Body<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) index: StepIndex,
    /// The step and what is around it.
    pub(crate) run: &'a StepRun<'a>,
    /// The step's own variables.
    pub(crate) env: &'a IndexMap<String, String>,
    /// It goes on when the job is cancelled.
    pub(crate) survives: bool,
    /// When its program has to end.
    pub(crate) stop: &'a CancellationToken,
    /// When all of it has to end, the steps of a composite action with
    /// `always()` included.
    pub(crate) deadline: &'a CancellationToken,
}

/// What a step runs.
enum Runs<'p> {
    Program(Place<'p>, Program),
    Container(ContainerStep),
}

impl Runs<'_> {
    fn in_container(&self) -> bool {
        match self {
            Self::Program(place, _) => place.is_container(),
            Self::Container(_) => true,
        }
    }

    fn env(&self) -> &[(OsString, OsString)] {
        match self {
            Self::Program(_, program) => &program.env,
            Self::Container(step) => &step.env,
        }
    }
}

/// How a step's body ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Success {
        outputs: IndexMap<String, String>,
    },
    Failure {
        message: String,
        outputs: IndexMap<String, String>,
        /// An annotation says so already.
        told: bool,
    },
    /// It was stopped before it was done.
    Stopped,
}

impl Ending {
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::Failure { message: message.into(), outputs: IndexMap::new(), told: false }
    }

    /// It has failed for this reason, however it went; people know.
    pub(crate) fn or_failed(self, message: String) -> Self {
        match self {
            Self::Success { outputs } => Self::Failure { message, outputs, told: true },
            failed => failed,
        }
    }
}

impl Body<'_> {
    pub(crate) async fn run(&self) -> Ending {
        let result = match &self.run.at.step.kind {
            StepKind::Run { script, shell, working_directory } => {
                self.script(script, shell.as_ref(), working_directory.as_ref()).await
            }
            StepKind::Uses { with, .. } => Box::pin(action::run(self, with)).await,
            // Refused before the job began.
            _ => Err("not supported yet: this kind of step".to_owned()),
        };
        result.unwrap_or_else(Ending::failed)
    }

    /// The contexts as the step sees them now.
    pub(crate) fn view(&self) -> View<'_> {
        View::new(self.run.job, self.run.frame, self.run.at, self.env)
    }

    /// Where the job's programs run.
    pub(crate) fn place(&self) -> Place<'_> {
        self.run.job.shared.containers.place()
    }

    /// The environment of a program of the step, where the job's run.
    pub(crate) fn environment(&self) -> Vec<(OsString, OsString)> {
        self.environment_over(match self.place() {
            Place::Machine => Base::Machine,
            Place::Container(_) | Place::Nowhere => Base::Container,
        })
    }

    /// The environment of a program of the step that runs elsewhere.
    pub(crate) fn environment_over(&self, base: Base) -> Vec<(OsString, OsString)> {
        environment(self.run.job, self.run.frame, self.run.at, self.env, base)
    }

    async fn script(
        &self,
        script: &Template,
        shell: Option<&Template>,
        dir: Option<&Template>,
    ) -> Result<Ending, String> {
        let files = self.files()?;
        let folder = files.folder().to_owned();
        self.run.at.set_files(files);
        let (script, shell, dir) =
            self.evaluate(script, shell, dir).map_err(|error| self.wrong(&error))?;
        let shell = Shell::parse(shell.as_deref()).map_err(|error| error.to_string())?;
        let file = shell
            .write(&folder, &script)
            .and_then(|file| self.place().show(&file).map(|()| file))
            .map_err(|error| format!("cannot write a script in {}: {error}", folder.display()))?;
        let env = self.environment();
        let (program, args) =
            shell.command(self.place(), &file, &env).map_err(|error| error.to_string())?;
        self.show(&script).await;
        self.program(Program { program, args, dir, env }).await
    }

    /// What is wrong with an expression of the step, and where.
    pub(crate) fn wrong(&self, error: &EvaluateError) -> String {
        self.wrong_in(&self.run.frame.file, error)
    }

    /// The same of another file.
    pub(crate) fn wrong_in(&self, file: &str, error: &EvaluateError) -> String {
        let at = error.span.start;
        format!("{file}:{}:{}: {}", at.line, at.column, error.message)
    }

    /// The script, the shell and the folder, expressions evaluated. Where the step says nothing,
    /// `defaults.run` counts, but not for steps of an action: for a shell that comes to nothing,
    /// too, while such a folder is the workspace.
    fn evaluate(
        &self,
        script: &Template,
        shell: Option<&Template>,
        dir: Option<&Template>,
    ) -> Result<(String, Option<String>, PathBuf), EvaluateError> {
        let view = self.view();
        let defaults = self.run.frame.inside.is_none().then_some(&self.run.job.defaults);
        let shell = shell.map(|shell| shell.render(&view)).transpose()?;
        let shell = shell.filter(|shell| !shell.is_empty());
        let shell = shell.or_else(|| defaults.and_then(|defaults| defaults.shell.clone()));
        let dir = dir.map(|dir| dir.render(&view)).transpose()?;
        let dir = dir.or_else(|| defaults.and_then(|defaults| defaults.working_directory.clone()));
        let workspace = &self.shared.message.folders.workspace;
        Ok((script.render(&view)?, shell, workspace.join(dir.unwrap_or_default())))
    }

    /// Shows what is run, as GitHub does.
    async fn show(&self, script: &str) {
        let first = first_line(script).unwrap_or_default();
        let text = format!("##[group]Run {first}\n{}\n##[endgroup]", script.trim_end());
        self.shared.reporter.say(Some(self.index), &text).await;
    }

    fn files(&self) -> Result<StepFiles, String> {
        match self.shared.spare_files() {
            Some(files) => Ok(files),
            None => (self.shared.new_files())
                .map_err(|error| format!("cannot create the step's files: {error}")),
        }
    }

    /// Runs a program where the job's programs run, with the files to write to,
    /// and applies what it says.
    pub(crate) async fn program(&self, program: Program) -> Result<Ending, String> {
        Ok(self.observed(Runs::Program(self.place(), program)).await?.0)
    }

    /// The same on this machine, wherever the job's programs run.
    pub(crate) async fn program_here(&self, program: Program) -> Result<Ending, String> {
        Ok(self.observed(Runs::Program(Place::Machine, program)).await?.0)
    }

    /// The same with a container, which tells itself why it fails.
    pub(crate) async fn container(&self, step: ContainerStep) -> Result<Ending, String> {
        self.talking(Runs::Container(step)).await
    }

    /// As [`Body::program`], for a program that tells itself why it fails.
    pub(crate) async fn talking_program(&self, program: Program) -> Result<Ending, String> {
        self.talking(Runs::Program(self.place(), program)).await
    }

    /// As on GitHub, the last error that an action tells is the reason why it
    /// failed, and nothing is added to it.
    async fn talking(&self, runs: Runs<'_>) -> Result<Ending, String> {
        Ok(match self.observed(runs).await? {
            (Ending::Failure { outputs, told: false, .. }, Some(error)) => {
                Ending::Failure { message: error, outputs, told: true }
            }
            (ending, _) => ending,
        })
    }

    /// How it ended, and the last error that it told.
    async fn observed(&self, runs: Runs<'_>) -> Result<(Ending, Option<String>), String> {
        let files = self.run.at.take_files().map_or_else(|| self.files(), Ok)?;
        if runs.in_container() {
            files
                .open_to_all()
                .map_err(|error| format!("cannot share the step's files: {error}"))?;
        }
        let named = files.variables().map(|(name, path)| (name.into(), path.into_os_string()));
        let unsecure = allows_unsecure(runs.env());
        let mut listener = Listener::new(self.shared, self.index, unsecure);
        let mut scene = None;
        let ran = match runs {
            Runs::Program(place, mut program) => {
                program.env.extend(named);
                scene = self.shared.message.hold.then(|| {
                    let (dir, env) = (program.dir.clone(), program.env.clone());
                    Scene { place, dir, env }
                });
                listener.paths = place.paths();
                let who = (self.run.job, self.index);
                place.run(who, program, &mut listener, self.stop).await
            }
            Runs::Container(mut step) => {
                step.env.extend(named);
                let (who, folder) = ((self.shared, self.index), files.folder());
                let containers = &self.shared.containers;
                let run = containers.run_step(who, step, folder, &mut listener, self.stop);
                // Large, and rare: nobody else makes room for it.
                Box::pin(run).await.map_err(ProgramError::from)
            }
        };
        let ended = ran.map_err(|error| error.to_string())?;
        let failed = !matches!(
            ended,
            Ended::Stopped | Ended::Exit(Exit::Code(0)) | Ended::Left(Exit::Code(0))
        );
        if let Some(scene) = scene.filter(|_| failed) {
            scene.hold(self).await;
        }
        // As on GitHub, what it wrote counts although it may have failed.
        let (outputs, wrong) = files.apply(self, listener.said).await;
        if ended.left_nothing() {
            self.shared.keep_files(files);
        }
        let ending = match (ended, wrong) {
            (Ended::Stopped, _) => Ending::Stopped,
            (Ended::Exit(Exit::Code(0)) | Ended::Left(Exit::Code(0)), None) => {
                Ending::Success { outputs }
            }
            (Ended::Exit(Exit::Code(0)) | Ended::Left(Exit::Code(0)), Some(message)) => {
                Ending::Failure { message, outputs, told: true }
            }
            (Ended::Exit(Exit::Code(code)) | Ended::Left(Exit::Code(code)), _) => {
                let message = format!("Process completed with exit code {code}.");
                Ending::Failure { message, outputs, told: false }
            }
            (Ended::Exit(exit) | Ended::Left(exit), _) => Ending::Failure {
                message: format!("The process was {exit}."),
                outputs,
                told: false,
            },
        };
        Ok((ending, listener.error))
    }
}

/// Whether a step's environment allows the commands that are disabled because
/// whatever a step writes could use them.
fn allows_unsecure(env: &[(OsString, OsString)]) -> bool {
    env.iter().any(|(name, value)| {
        name == "ACTIONS_ALLOW_UNSECURE_COMMANDS" && value.eq_ignore_ascii_case("true")
    })
}

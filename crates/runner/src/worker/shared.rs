//! What everything in a job shares and nothing changes.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, Once, OnceLock, PoisonError};

use shipway_workflow::expr::Object;

use tokio::sync::Notify;

use crate::protocol::{JobMessage, OF_OUTER_RUNNER, Services};
use crate::worker::container::Containers;
use crate::worker::environment::BeforeSteps;
use crate::worker::left::{Left, Places};
use crate::worker::mask::Masker;
use crate::worker::output::Matcher;
use crate::worker::report::Reporter;
use crate::worker::rooms::Rooms;
use crate::worker::step_files::StepFiles;
use crate::worker::stop::Stop;

/// What everything in a job shares and nothing changes.
pub(crate) struct Shared {
    pub(crate) message: JobMessage,
    pub(crate) masker: Masker,
    pub(crate) reporter: Reporter,
    pub(crate) stop: Stop,
    /// Told when a job that stays where a step failed may go on.
    pub(crate) go_on: Notify,
    /// The containers of the job.
    pub(crate) containers: Containers,
    /// Where its programs may run.
    pub(crate) rooms: Rooms,
    /// The environment of the worker, which steps inherit.
    pub(crate) machine_env: Vec<(OsString, OsString)>,
    /// Whether `::debug::` messages are shown: the secret or variable
    /// `ACTIONS_STEP_DEBUG` is `true`.
    pub(crate) debug: bool,
    /// The problem matchers that steps have added.
    matchers: Mutex<Vec<Matcher>>,
    github: OnceLock<Object>,
    before_steps: OnceLock<BeforeSteps>,
    /// Its folders are there, as a job before it left them.
    pub(crate) is_furnished: bool,
    /// Files of steps that are over, also of a job before this one.
    files: Mutex<Vec<StepFiles>>,
    /// How many files of steps were made.
    made: AtomicUsize,
    /// What lets the job in at the results service is masked.
    masked: Once,
}

impl Shared {
    pub(crate) fn new(
        message: JobMessage,
        masker: Masker,
        reporter: Reporter,
        rooms: Rooms,
        places: Option<Places>,
    ) -> Self {
        let contexts = &message.contexts;
        let debug = contexts.secrets.get("ACTIONS_STEP_DEBUG").map(|secret| secret.reveal());
        let debug = debug.or(contexts.vars.get("ACTIONS_STEP_DEBUG").map(String::as_str));
        let debug = debug.is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let of_outer = |name: &OsString| OF_OUTER_RUNNER.iter().any(|outer| name == outer);
        let machine_env = std::env::vars_os().filter(|(name, _)| !of_outer(name)).collect();
        let (matchers, github) = (Mutex::default(), OnceLock::new());
        let is_furnished = places.is_some();
        let (files, made) = places.map(|places| (places.files, places.made)).unwrap_or_default();
        Self {
            message,
            masker,
            reporter,
            stop: Stop::default(),
            go_on: Notify::new(),
            containers: Containers::default(),
            rooms,
            machine_env,
            debug,
            matchers,
            github,
            before_steps: OnceLock::new(),
            is_furnished,
            made: AtomicUsize::new(made),
            files: Mutex::new(files),
            masked: Once::new(),
        }
    }

    /// Keeps the files of a step that left nothing running, for another one.
    pub(crate) fn keep_files(&self, files: StepFiles) {
        self.files().push(files);
    }

    /// Files that another step does not need any more, empty.
    pub(crate) fn spare_files(&self) -> Option<StepFiles> {
        let files = self.files().pop()?;
        let again = files.again();
        again.inspect_err(|error| tracing::debug!(%error, "files cannot be used again")).ok()
    }

    /// New ones.
    pub(crate) fn new_files(&self) -> io::Result<StepFiles> {
        StepFiles::create(&self.temp(), self.made.fetch_add(1, Ordering::Relaxed))
    }

    /// The job is over: nothing of it stands in the files of its steps any more.
    pub(crate) fn leave_files(&self) {
        let mut all = self.files();
        for files in std::mem::take(&mut *all) {
            match files.leave() {
                Ok(files) => all.push(files),
                Err(error) => {
                    tracing::warn!(%error, "a script with secrets may be left until the run ends");
                }
            }
        }
    }

    /// What the job, which has left its files, leaves to the next one.
    pub(crate) fn leave(self) -> Left {
        let files = self.files.into_inner().unwrap_or_else(PoisonError::into_inner);
        Left::by(self.message, files, self.made.into_inner())
    }

    /// Where artifacts and caches are. Only what asks for it can show what lets the
    /// job in there.
    pub(crate) fn services(&self) -> Option<&Services> {
        let services = self.message.services.as_ref()?;
        self.masked.call_once(|| self.masker.add(services.action_secret()));
        Some(services)
    }

    fn files(&self) -> MutexGuard<'_, Vec<StepFiles>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is the same for all steps in the `github` context, made once.
    pub(crate) fn github(&self, make: impl FnOnce() -> Object) -> &Object {
        self.github.get_or_init(make)
    }

    /// What programs have before steps say something, made once.
    pub(crate) fn before_steps(&self, make: impl FnOnce() -> BeforeSteps) -> &BeforeSteps {
        self.before_steps.get_or_init(make)
    }

    /// The problem matchers that steps have added, the last one first.
    pub(crate) fn matchers(&self) -> MutexGuard<'_, Vec<Matcher>> {
        self.matchers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The variables that JavaScript and docker actions get beside those of all
    /// steps: how they reach artifacts and caches.
    pub(crate) fn action_variables(&self) -> Vec<(OsString, OsString)> {
        let variables = self.services().into_iter().flat_map(Services::action_variables);
        variables.map(|(name, value)| (name.into(), value.into())).collect()
    }

    /// `GITHUB_EVENT_PATH`
    pub(crate) fn event_file(&self) -> PathBuf {
        self.message.folders.event_file()
    }

    /// `RUNNER_TEMP`
    pub(crate) fn temp(&self) -> PathBuf {
        self.message.folders.for_steps()
    }

    /// `owner/name` of the run's own repository.
    pub(crate) fn repository(&self) -> Option<&str> {
        self.message.contexts.github.get("repository").and_then(|name| name.as_str())
    }

    /// Where the actions of the job are.
    pub(crate) fn actions(&self) -> PathBuf {
        self.message.folders.temp.join("_actions")
    }
}

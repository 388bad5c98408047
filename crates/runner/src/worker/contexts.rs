//! What expressions see: the contexts of a job and its steps.

use indexmap::IndexMap;
use serde_json::Value as Json;
use shipway_workflow::expr::{Context, Object, Status, Value};

use crate::worker::hash_files::hash_files;
use crate::worker::job::JobRun;
use crate::worker::place::Place;
use crate::worker::shared::Shared;
use crate::worker::step::{Around, Frame, Occurrence};

/// What is a path in the `github` context, and has another name in the job's
/// container.
const PATHS: [&str; 8] =
    ["workspace", "event_path", "action_path", "output", "env", "path", "state", "step_summary"];

/// The contexts as they are at one moment. Each is made when it is asked for:
/// most expressions ask for few.
pub(crate) struct View<'a> {
    job: &'a JobRun<'a>,
    shared: &'a Shared,
    frame: &'a Frame,
    at: Option<&'a Occurrence>,
    /// What a composite action was given; `None`: the job's own steps.
    around: Option<Around>,
    /// Beside the variables around the step.
    env: IndexMap<String, String>,
    status: Status,
    /// Of the job, also inside of a composite action.
    job_status: Status,
}

impl<'a> View<'a> {
    /// The contexts for a step; `env` comes beside the variables around it.
    pub(crate) fn new(
        job: &'a JobRun<'a>,
        frame: &'a Frame,
        at: &'a Occurrence,
        env: &IndexMap<String, String>,
    ) -> Self {
        Self::with(job, frame, Some(at), env)
    }

    /// The contexts for what belongs to no step.
    pub(crate) fn of_job(job: &'a JobRun<'a>) -> Self {
        Self::with(job, &job.frame, None, &IndexMap::new())
    }

    fn with(
        job: &'a JobRun<'a>,
        frame: &'a Frame,
        at: Option<&'a Occurrence>,
        env: &IndexMap<String, String>,
    ) -> Self {
        let around = frame.inside.as_ref().map(|inside| inside.around());
        let state = job.state.lock();
        let status = match &around {
            // Only what survives the job's end does not see it.
            Some(Around { status: Some(status), survives, .. })
                if *survives || state.status != Status::Cancelled =>
            {
                *status
            }
            _ => state.status,
        };
        let (job_status, env) = (state.status, env.clone());
        Self { job, shared: job.shared, frame, at, around, env, status, job_status }
    }

    /// The same for what an action says itself, with the inputs it was given.
    #[must_use]
    pub(crate) fn with_inputs(self, inputs: &IndexMap<String, String>) -> Self {
        let around = self.around.clone().unwrap_or_default();
        Self { around: Some(Around { inputs: inputs.clone(), ..around }), ..self }
    }

    /// The same, if the job were cancelled now.
    #[must_use]
    pub(crate) fn cancelled(self) -> Self {
        Self { status: Status::Cancelled, job_status: Status::Cancelled, ..self }
    }

    /// Where the job's programs run.
    fn place(&self) -> Place<'_> {
        self.shared.containers.place()
    }

    fn github(&self) -> Object {
        let mut github = github(self.shared, self.frame, self.at);
        let place = self.place();
        if place.is_container() {
            for name in PATHS {
                if let Some(path) = github.get(name).map(Value::to_text) {
                    github.insert(name, place.there(&path));
                }
            }
        }
        if let Some(status) = self.around.as_ref().and_then(|around| around.status) {
            github.insert("action_status", status_text(status));
        }
        github
    }

    fn env(&self) -> Object {
        let state = self.job.state.lock();
        let mut all = Object::case_sensitive();
        let outer = self.around.iter().flat_map(|around| &around.env);
        for (name, value) in state.env.iter().chain(outer).chain(&self.env) {
            all.insert(name.as_str(), value.as_str());
        }
        all
    }

    /// The `job` context: how it stands, and which workflow it is in.
    fn about_job(&self) -> Object {
        let message = &self.shared.message;
        let file = &message.workflow;
        let mut job = Object::new();
        job.insert("status", status_text(self.job_status));
        // Exact as far as a number of expressions is.
        job.insert("check_run_id", Value::Number(message.job_id as f64));
        job.insert("workflow_ref", file.reference.as_str());
        job.insert("workflow_sha", file.commit.as_str());
        let repository = match &file.repository {
            Some(remote) => Some(format!("{}/{}", remote.owner, remote.name)),
            None => self.shared.repository().map(str::to_owned),
        };
        job.insert("workflow_repository", repository.unwrap_or_default());
        job.insert("workflow_file_path", file.path.as_str());
        for (name, part) in self.shared.containers.context() {
            job.insert(name, part);
        }
        job
    }
}

impl Context for View<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        let message = &self.shared.message;
        let contexts = &message.contexts;
        Some(match name.to_ascii_lowercase().as_str() {
            "github" => self.github().into(),
            "env" => self.env().into(),
            "vars" => texts(contexts.vars.iter().map(|(k, v)| (k.as_str(), v.as_str()))),
            "secrets" => texts(contexts.secrets.iter().map(|(k, v)| (k.as_str(), v.reveal()))),
            "needs" => values(&contexts.needs),
            "inputs" => match &self.around {
                Some(around) => texts(around.inputs.iter().map(|(k, v)| (k.as_str(), v.as_str()))),
                None => values(&contexts.inputs),
            },
            "matrix" => message.matrix.as_ref().map(values).into(),
            "strategy" => values(&message.strategy),
            "steps" => self.frame.results().into(),
            "job" => self.about_job().into(),
            "runner" => runner(self.shared, self.place()),
            _ => return None,
        })
    }

    fn status(&self, _: &[String]) -> Status {
        self.status
    }

    fn hash_files(&self, arguments: &[String]) -> Result<String, String> {
        let (workspace, place) = (&self.shared.message.folders.workspace, self.place());
        hash_files(workspace, arguments, |pattern| place.pattern_here(pattern))
    }
}

fn texts<'t>(pairs: impl IntoIterator<Item = (&'t str, &'t str)>) -> Value {
    pairs.into_iter().collect::<Object>().into()
}

fn values(pairs: &IndexMap<String, Json>) -> Value {
    pairs
        .iter()
        .map(|(key, value)| (key.as_str(), Value::from(value.clone())))
        .collect::<Object>()
        .into()
}

fn status_text(status: Status) -> &'static str {
    match status {
        Status::Success | Status::Skipped => "success",
        Status::Failure => "failure",
        Status::Cancelled => "cancelled",
    }
}

/// The `github` context: the engine's part, and what only the worker knows.
fn github(shared: &Shared, frame: &Frame, at: Option<&Occurrence>) -> Object {
    let mut github = shared.github(|| with_event(shared)).clone();
    for (name, value) in github_of_step(frame, at) {
        github.insert(name, value);
    }
    for (name, path) in at.and_then(Occurrence::files).iter().flatten() {
        github.insert(*name, path.display().to_string());
    }
    github
}

/// What of it, but for its files, is a step's own.
fn github_of_step(frame: &Frame, at: Option<&Occurrence>) -> Vec<(&'static str, String)> {
    let mut own = vec![("action", at.map(|at| at.id.clone()).unwrap_or_default())];
    let ready = at.and_then(Occurrence::ready);
    let of_step = ready.as_ref().and_then(|ready| ready.place());
    if let Some(place) = of_step.or(frame.inside.as_ref().map(|inside| &inside.place)) {
        own.push(("action_path", place.path.display().to_string()));
        if let Some((repository, reference)) = &place.repository {
            own.push(("action_repository", repository.clone()));
            own.push(("action_ref", reference.clone()));
        }
    }
    own
}

/// What of it is the same for all steps.
fn with_event(shared: &Shared) -> Object {
    let mut github = github_of_job(shared);
    github.insert("event", Value::from(Json::clone(&shared.message.event)));
    github
}

/// The same without the event, which may be large.
fn github_of_job(shared: &Shared) -> Object {
    let message = &shared.message;
    let mut github: Object =
        message.contexts.github.iter().map(|(k, v)| (k.as_str(), Value::from(v.clone()))).collect();
    for (name, value) in known_here(shared) {
        github.insert(name, value);
    }
    if let Some(token) = &message.token {
        github.insert("token", token.reveal());
    }
    github
}

/// What of it the worker knows better than the engine.
fn known_here(shared: &Shared) -> [(&'static str, String); 5] {
    let message = &shared.message;
    [
        ("event_path", shared.event_file().display().to_string()),
        ("workspace", message.folders.workspace.display().to_string()),
        ("job", message.job.own().to_owned()),
        ("run_id", message.run_id.to_string()),
        ("run_attempt", message.attempt.to_string()),
    ]
}

fn runner(shared: &Shared, place: Place<'_>) -> Value {
    let pairs = runner_pairs(shared);
    pairs.iter().map(|(name, value)| (*name, place.there(value))).collect::<Object>().into()
}

/// The `runner` context; as variables, `RUNNER_` and the name in capitals.
pub(crate) fn runner_pairs(shared: &Shared) -> Vec<(&'static str, String)> {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "X64",
        "x86" => "X86",
        "aarch64" => "ARM64",
        "arm" => "ARM",
        other => other,
    };
    let os = if cfg!(target_os = "macos") { "macOS" } else { "Linux" };
    let folders = &shared.message.folders;
    let mut pairs = vec![
        ("os", os.to_owned()),
        ("arch", arch.to_owned()),
        ("name", "shipway".to_owned()),
        ("environment", "self-hosted".to_owned()),
        ("temp", shared.temp().display().to_string()),
        ("tool_cache", folders.tools().display().to_string()),
    ];
    if let Some(parent) = folders.workspace.parent() {
        pairs.push(("workspace", parent.display().to_string()));
    }
    if shared.debug {
        pairs.push(("debug", "1".to_owned()));
    }
    pairs
}

/// The parts of the `github` context that are the same for all steps and variables,
/// too. The token is not: a step has to ask for it.
const GITHUB_VARIABLES: [(&str, &str); 28] = [
    ("actor", "GITHUB_ACTOR"),
    ("actor_id", "GITHUB_ACTOR_ID"),
    ("api_url", "GITHUB_API_URL"),
    ("base_ref", "GITHUB_BASE_REF"),
    ("event_name", "GITHUB_EVENT_NAME"),
    ("event_path", "GITHUB_EVENT_PATH"),
    ("graphql_url", "GITHUB_GRAPHQL_URL"),
    ("head_ref", "GITHUB_HEAD_REF"),
    ("job", "GITHUB_JOB"),
    ("ref", "GITHUB_REF"),
    ("ref_name", "GITHUB_REF_NAME"),
    ("ref_protected", "GITHUB_REF_PROTECTED"),
    ("ref_type", "GITHUB_REF_TYPE"),
    ("repository", "GITHUB_REPOSITORY"),
    ("repository_id", "GITHUB_REPOSITORY_ID"),
    ("repository_owner", "GITHUB_REPOSITORY_OWNER"),
    ("repository_owner_id", "GITHUB_REPOSITORY_OWNER_ID"),
    ("retention_days", "GITHUB_RETENTION_DAYS"),
    ("run_attempt", "GITHUB_RUN_ATTEMPT"),
    ("run_id", "GITHUB_RUN_ID"),
    ("run_number", "GITHUB_RUN_NUMBER"),
    ("server_url", "GITHUB_SERVER_URL"),
    ("sha", "GITHUB_SHA"),
    ("triggering_actor", "GITHUB_TRIGGERING_ACTOR"),
    ("workflow", "GITHUB_WORKFLOW"),
    ("workflow_ref", "GITHUB_WORKFLOW_REF"),
    ("workflow_sha", "GITHUB_WORKFLOW_SHA"),
    ("workspace", "GITHUB_WORKSPACE"),
];

/// GitHub's default variables, `GITHUB_*` and `RUNNER_*`: those that are the same for
/// all steps.
pub(crate) fn variables_of_job(shared: &Shared) -> Vec<(String, String)> {
    let told = &shared.message.contexts.github;
    let known = known_here(shared);
    let value = |name: &str| match known.iter().find(|(known, _)| *known == name) {
        Some((_, value)) => Some(value.clone()),
        None => told.get(name).map(|value| match value {
            Json::String(text) => text.clone(),
            other => Value::from(other.clone()).to_text(),
        }),
    };
    let of_github = GITHUB_VARIABLES.iter();
    let mut variables: Vec<(String, String)> = of_github
        .filter_map(|(name, variable)| Some((variable.to_string(), value(name)?)))
        .collect();
    variables.push(("GITHUB_ACTIONS".to_owned(), "true".to_owned()));
    let runner = runner_pairs(shared).into_iter();
    variables.extend(runner.map(|(name, value)| (variable("RUNNER", name), value)));
    variables
}

/// Those of a step.
pub(crate) fn variables_of_step(
    frame: &Frame,
    at: &Occurrence,
) -> impl Iterator<Item = (String, String)> {
    let own = github_of_step(frame, Some(at)).into_iter();
    own.map(|(name, value)| (variable("GITHUB", name), value))
}

fn variable(prefix: &str, name: &str) -> String {
    let mut variable = [prefix, "_", name].concat();
    variable.make_ascii_uppercase();
    variable
}

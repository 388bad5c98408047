//! Jobs.

use super::dynamic::Dynamic;
use super::reader::{Fields, Reader};
use super::step::{Known, Place};
use super::{
    Bindings, Concurrency, Container, Defaults, Environment, Permissions, RunsOn, Services, Step,
    Strategy, WorkflowUses, cache_mode, check, code,
};
use crate::expr::{Condition, Context, EvaluateError, Template, scopes};
use crate::matrix::Combination;
use crate::span::{Span, Spanned};
use crate::yaml::Entry;

/// One job of a workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Where it stands.
    pub span: Span,
    /// Its key under `jobs`.
    pub id: Spanned<String>,
    /// Its name; without one, its id is shown.
    pub name: Option<Template>,
    /// The jobs that must have ended before, spelled as they are defined.
    pub needs: Vec<Spanned<String>>,
    /// Whether it runs.
    pub condition: Condition,
    /// What its token may do, if it says so.
    pub permissions: Option<Permissions>,
    /// What it may do with caches, if it says so.
    pub cache_mode: Option<Template>,
    /// Its concurrency group.
    pub concurrency: Option<Concurrency>,
    /// The jobs that it becomes.
    pub strategy: Option<Strategy>,
    /// Steps of its own, or a workflow that it calls.
    pub kind: JobKind,
}

/// Steps of its own, or a workflow that it calls.
#[derive(Clone, Debug, PartialEq)]
pub enum JobKind {
    /// `steps`
    Steps(Box<StepsJob>),
    /// `uses`
    Call(Box<CallJob>),
}

/// What only a job with steps has.
#[derive(Clone, Debug, PartialEq)]
pub struct StepsJob {
    /// Which runner takes it.
    pub runs_on: RunsOn,
    /// Where it deploys to.
    pub environment: Option<Environment>,
    /// What jobs that need it can read.
    pub outputs: Bindings,
    /// The environment of its steps.
    pub env: Bindings,
    /// What `run` steps get unless they say otherwise.
    pub defaults: Defaults,
    /// Its steps; GitHub lets a job have none.
    pub steps: Vec<Step>,
    /// How long it may take, in minutes; 360 unless it says.
    pub timeout_minutes: Option<Dynamic<f64>>,
    /// How long its cancellation may take, in minutes.
    pub cancel_timeout_minutes: Option<Dynamic<f64>>,
    /// Whether the run succeeds though it fails.
    pub continue_on_error: Option<Dynamic<bool>>,
    /// The container that its steps run in.
    pub container: Option<Container>,
    /// Containers beside it.
    pub services: Services,
    /// The image that is made of the machine afterwards (GitHub's custom images).
    pub snapshot: Option<super::Tree>,
}

/// What only a job that calls a workflow has.
#[derive(Clone, Debug, PartialEq)]
pub struct CallJob {
    /// Which workflow.
    pub uses: Spanned<WorkflowUses>,
    /// Its inputs.
    pub with: Bindings,
    /// The secrets it gets.
    pub secrets: Secrets,
}

/// The secrets that a called workflow gets.
#[derive(Clone, Debug, PartialEq)]
pub enum Secrets {
    /// `inherit`: all that the caller has.
    Inherit,
    /// These.
    Named(Bindings),
}

const STEPS_KEYS: &[&str] = &[
    "name",
    "needs",
    "if",
    "runs-on",
    "permissions",
    "cache-mode",
    "environment",
    "concurrency",
    "outputs",
    "env",
    "defaults",
    "steps",
    "timeout-minutes",
    "cancel-timeout-minutes",
    "strategy",
    "continue-on-error",
    "container",
    "services",
    "snapshot",
];
const CALL_KEYS: &[&str] = &[
    "name",
    "needs",
    "if",
    "permissions",
    "cache-mode",
    "concurrency",
    "strategy",
    "uses",
    "with",
    "secrets",
];

impl Job {
    /// The name that one job of its matrix is shown under: its own name evaluated, with the
    /// matrix values behind it unless it holds expressions; without a name, or when that comes to
    /// nothing, its id.
    ///
    /// # Errors
    /// An expression of the name has no value.
    pub fn display_name(
        &self,
        combination: &Combination,
        context: &dyn Context,
    ) -> Result<String, EvaluateError> {
        match &self.name {
            Some(name) if !name.is_literal() => {
                let shown = name.render(context)?;
                let some = !shown.is_empty();
                Ok(if some { shown } else { combination.display_name(&self.id) })
            }
            Some(name) => Ok(combination.display_name(name.text())),
            None => Ok(combination.display_name(&self.id)),
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>, entry: &Entry) -> Option<Self> {
        let id = &entry.key;
        check::id(reader, id, "job");
        let what = format!("job `{}`", id.value);
        let fields = reader.mapping(&entry.value, &what)?;
        check_keys(reader, &fields, &what);
        let name = fields
            .get("name")
            .and_then(|node| reader.template(node, "`name`", &scopes::JOB))
            .filter(|name| !name.text().is_empty());
        let needs = fields.get("needs").map(|node| reader.texts(node, "`needs`"));
        let condition = reader.condition(fields.get("if"), &scopes::JOB_IF);
        let permissions =
            fields.get("permissions").and_then(|node| Permissions::read(reader, node));
        let cache_mode =
            fields.get("cache-mode").and_then(|node| cache_mode::read(reader, node, &scopes::JOB));
        let concurrency = fields
            .get("concurrency")
            .and_then(|node| Concurrency::read(reader, node, &scopes::JOB));
        let strategy = fields.get("strategy").and_then(|node| Strategy::read(reader, node));
        let kind = if fields.get("uses").is_some() {
            CallJob::read(reader, &fields).map(|job| JobKind::Call(Box::new(job)))
        } else {
            StepsJob::read(reader, &fields, &what, id).map(|job| JobKind::Steps(Box::new(job)))
        }?;
        Some(Self {
            span: fields.span(),
            id: id.clone(),
            name,
            needs: needs.unwrap_or_default(),
            condition,
            permissions,
            cache_mode,
            concurrency,
            strategy,
            kind,
        })
    }

    /// The steps; none when it calls a workflow.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        match &self.kind {
            JobKind::Steps(job) => &job.steps,
            JobKind::Call(_) => &[],
        }
    }
}

/// Reports keys that are unknown, or do not go with `uses` or with `steps`.
fn check_keys(reader: &mut Reader<'_>, fields: &Fields<'_>, what: &str) {
    let calls = fields.get("uses").is_some();
    let (allowed, others, beside) = if calls {
        (CALL_KEYS, STEPS_KEYS, "beside `uses`")
    } else {
        (STEPS_KEYS, CALL_KEYS, "without `uses`")
    };
    for entry in fields.iter() {
        let key = entry.key.as_str();
        if allowed.contains(&key) {
            continue;
        }
        if others.contains(&key) {
            let message = format!("`{key}` cannot stand {beside} in {what}");
            reader.problem(code::MISPLACED_KEY, entry.key.span, message);
        } else {
            reader.unknown_key(&entry.key, what, allowed);
        }
    }
}

impl StepsJob {
    fn read(
        reader: &mut Reader<'_>,
        fields: &Fields<'_>,
        what: &str,
        id: &Spanned<String>,
    ) -> Option<Self> {
        let number = |reader: &mut Reader<'_>, key: &str| {
            Dynamic::<f64>::read(reader, fields.get(key)?, &format!("`{key}`"), &scopes::JOB)
        };
        let timeout_minutes = number(reader, "timeout-minutes");
        let cancel_timeout_minutes = number(reader, "cancel-timeout-minutes");
        let continue_on_error = fields.get("continue-on-error").and_then(|node| {
            Dynamic::<bool>::read(reader, node, "`continue-on-error`", &scopes::JOB)
        });
        let environment =
            fields.get("environment").and_then(|node| Environment::read(reader, node));
        let outputs =
            Bindings::read(reader, fields.get("outputs"), "`outputs`", &scopes::JOB_OUTPUT);
        let env = Bindings::read(reader, fields.get("env"), "`env`", &scopes::JOB_ENV);
        let defaults = Defaults::read(reader, fields.get("defaults"), &scopes::JOB_DEFAULTS);
        let container = fields.get("container").and_then(|node| Container::read(reader, node));
        let services = Services::read(reader, fields.get("services"));
        let snapshot = fields
            .get("snapshot")
            .and_then(|node| super::Tree::read(reader, node, "`snapshot`", &scopes::JOB));
        let mut known = Known::none_in(Place::Job);
        let steps = fields.get("steps").map(|node| Step::read_all(reader, node, &mut known));
        let runs_on = match fields.get("runs-on") {
            Some(node) => RunsOn::read(reader, node),
            None => {
                let message = format!("{what} has no `runs-on`, which is required");
                reader.problem(code::MISSING_KEY, id.span, message);
                None
            }
        }?;
        Some(Self {
            runs_on,
            environment,
            outputs,
            env,
            defaults,
            steps: steps.unwrap_or_default(),
            timeout_minutes,
            cancel_timeout_minutes,
            continue_on_error,
            container,
            services,
            snapshot,
        })
    }
}

impl CallJob {
    fn read(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Self> {
        let with = Bindings::read(reader, fields.get("with"), "`with`", &scopes::JOB);
        let secrets = match fields.get("secrets") {
            Some(node) if node.as_mapping().is_none() => {
                let inherit = [("inherit", ())];
                reader.word(node, "value for `secrets`", &inherit).map(|()| Secrets::Inherit)
            }
            node => {
                let named = Bindings::read(reader, node, "`secrets`", &scopes::JOB_ENV);
                Some(Secrets::Named(named))
            }
        };
        let uses = WorkflowUses::read(reader, fields.get("uses")?)?;
        Some(Self { uses, with, secrets: secrets? })
    }
}

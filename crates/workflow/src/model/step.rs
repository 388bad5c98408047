//! Steps.

use std::collections::HashSet;

use super::dynamic::Dynamic;
use super::reader::{Fields, Reader};
use super::{Bindings, Uses, check, code};
use crate::expr::{Condition, Scope, Template, scopes};
use crate::span::{Span, Spanned};
use crate::yaml::Node;

/// One step of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Where it stands.
    pub span: Span,
    /// The id that its author gave it; what the `steps` context calls it.
    pub id: Option<Spanned<String>>,
    /// Its name, if it has one.
    pub name: Option<Template>,
    /// Whether it runs.
    pub condition: Condition,
    /// Its environment.
    pub env: Bindings,
    /// Whether the job goes on when it fails.
    pub continue_on_error: Option<Dynamic<bool>>,
    /// How long it may take, in minutes.
    pub timeout_minutes: Option<Dynamic<f64>>,
    /// Whether the next step starts while this one runs.
    pub background: bool,
    /// What it does.
    pub kind: StepKind,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum StepKind {
    /// Runs a script.
    Run {
        /// The script.
        script: Template,
        /// The shell, such as `bash` or `perl {0}`.
        shell: Option<Template>,
        /// The folder to run in.
        working_directory: Option<Template>,
    },
    /// Runs an action.
    Uses {
        /// Which one.
        action: Spanned<Uses>,
        /// Its inputs.
        with: Bindings,
    },
    /// Waits for steps in the background to end.
    Wait(Vec<Spanned<String>>),
    /// Waits for all steps in the background to end.
    WaitAll,
    /// Ends a step in the background.
    Cancel(Spanned<String>),
    /// Runs steps at the same time, and waits for all of them.
    Parallel(Vec<Step>),
}

const COMMON: &[&str] = &["name", "id", "continue-on-error"];
const RUN: &[&str] = &[
    "run",
    "name",
    "id",
    "if",
    "env",
    "continue-on-error",
    "timeout-minutes",
    "working-directory",
    "shell",
    "background",
];
const USES: &[&str] = &[
    "uses",
    "with",
    "name",
    "id",
    "if",
    "env",
    "continue-on-error",
    "timeout-minutes",
    "background",
];
const ACTION_RUN: &[&str] =
    &["run", "shell", "name", "id", "if", "env", "continue-on-error", "working-directory"];
const ACTION_USES: &[&str] = &["uses", "with", "name", "id", "if", "env", "continue-on-error"];
const ALL: &[&str] = &[
    "run",
    "uses",
    "with",
    "name",
    "id",
    "if",
    "env",
    "continue-on-error",
    "timeout-minutes",
    "working-directory",
    "shell",
    "background",
    "wait",
    "wait-all",
    "cancel",
    "parallel",
];
/// The keys that say what a step does; exactly one of them is there.
const KINDS: [&str; 6] = ["run", "uses", "wait", "wait-all", "cancel", "parallel"];

/// Where steps stand: it decides which contexts they have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Job,
    Action,
}

impl Place {
    fn key(self) -> &'static Scope<'static> {
        match self {
            Self::Job => &scopes::STEP_KEY,
            Self::Action => &scopes::ACTION_STEP,
        }
    }

    fn describe(self) -> &'static str {
        match self {
            Self::Job => "a step",
            Self::Action => "a step of an action",
        }
    }

    fn condition(self) -> &'static Scope<'static> {
        match self {
            Self::Job => &scopes::STEP_IF,
            Self::Action => &scopes::ACTION_STEP_IF,
        }
    }
}

/// Where the steps stand, and the ids of those before this one.
pub(super) struct Known {
    place: Place,
    ids: HashSet<String>,
}

impl Known {
    pub(super) fn none_in(place: Place) -> Self {
        Self { place, ids: HashSet::new() }
    }
}

impl Step {
    pub(super) fn read_all(reader: &mut Reader<'_>, node: &Node, known: &mut Known) -> Vec<Self> {
        let Some(items) = node.as_sequence() else {
            reader.wrong_kind(node, "`steps`", "a list");
            return Vec::new();
        };
        items.iter().filter_map(|item| Self::read(reader, item, known)).collect()
    }

    fn read(reader: &mut Reader<'_>, node: &Node, known: &mut Known) -> Option<Self> {
        let fields = reader.mapping(node, "a step")?;
        let kinds: Vec<&str> = KINDS.into_iter().filter(|k| fields.get(k).is_some()).collect();
        let Some(kind) = kinds.first() else {
            for entry in fields.iter().filter(|entry| !ALL.contains(&entry.key.as_str())) {
                reader.unknown_key(&entry.key, "a step", ALL);
            }
            let message = "the step says neither `run` nor `uses`, so there is nothing to do";
            reader.problem(code::MISSING_KEY, fields.span(), message);
            return None;
        };
        check_keys(reader, &fields, kind, &kinds, known.place);
        let id = fields.get("id").and_then(|node| read_id(reader, node, known));
        let step_key = known.place.key();
        let optional = |reader: &mut Reader<'_>, key: &str| {
            reader.template(fields.get(key)?, &format!("`{key}`"), step_key)
        };
        let name = optional(reader, "name");
        let condition = reader.condition(fields.get("if"), known.place.condition());
        let env = Bindings::read(reader, fields.get("env"), "`env`", step_key);
        let continue_on_error = fields
            .get("continue-on-error")
            .and_then(|node| Dynamic::<bool>::read(reader, node, "`continue-on-error`", step_key));
        let timeout_minutes = fields
            .get("timeout-minutes")
            .and_then(|node| Dynamic::<f64>::read(reader, node, "`timeout-minutes`", step_key));
        let background =
            fields.get("background").and_then(|node| reader.boolean(node, "`background`"));
        let kind = read_kind(reader, &fields, kind, known)?;
        if let Some(id) = &id {
            known.ids.insert(id.to_lowercase());
        }
        Some(Self {
            span: fields.span(),
            id,
            name,
            condition,
            env,
            continue_on_error,
            timeout_minutes,
            background: background.unwrap_or(false),
            kind,
        })
    }
}

/// Reports keys that are unknown, or do not go with what the step does.
fn check_keys(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    kind: &str,
    kinds: &[&str],
    place: Place,
) {
    let allowed = match kind {
        "run" if place == Place::Action => ACTION_RUN,
        "uses" if place == Place::Action => ACTION_USES,
        "run" => RUN,
        "uses" => USES,
        "parallel" => &["parallel"],
        _ => COMMON,
    };
    for entry in fields.iter() {
        let key = entry.key.as_str();
        if allowed.contains(&key) || key == kind {
            continue;
        }
        if kinds.contains(&key) || ALL.contains(&key) {
            let message = format!("`{key}` cannot stand beside `{kind}` in {}", place.describe());
            reader.problem(code::MISPLACED_KEY, entry.key.span, message);
        } else {
            reader.unknown_key(&entry.key, "a step", allowed);
        }
    }
}

fn read_id(reader: &mut Reader<'_>, node: &Node, known: &Known) -> Option<Spanned<String>> {
    let id = reader.text(node, "`id`")?;
    check::id(reader, &id, "step");
    if known.ids.contains(&id.to_lowercase()) {
        let message = format!("step id `{}` is already used in this job", id.value);
        reader.problem(code::DUPLICATE_ID, id.span, message);
    }
    Some(id)
}

fn read_kind(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    kind: &str,
    known: &mut Known,
) -> Option<StepKind> {
    let node = fields.get(kind)?;
    let step_key = known.place.key();
    Some(match kind {
        "run" => {
            let shell =
                fields.get("shell").and_then(|node| reader.filled(node, "`shell`", step_key));
            if known.place == Place::Action && fields.get("shell").is_none() {
                let message = "a `run` step of an action has no `shell`, which is required";
                reader.problem(code::MISSING_KEY, fields.span(), message);
            }
            // Empty is the workspace, whatever `defaults` say.
            let working_directory = fields
                .get("working-directory")
                .and_then(|node| reader.template(node, "`working-directory`", step_key));
            let script = reader.template(node, "`run`", step_key)?;
            StepKind::Run { script, shell, working_directory }
        }
        "uses" => {
            let with = Bindings::read(reader, fields.get("with"), "`with`", step_key);
            StepKind::Uses { action: Uses::read(reader, node)?, with }
        }
        "wait" => {
            let steps = reader.texts(node, "`wait`");
            steps.iter().for_each(|step| check_known(reader, step, known));
            StepKind::Wait(steps)
        }
        "wait-all" => {
            if !node.is_null() && node.as_bool() != Some(true) {
                reader.wrong_kind(node, "`wait-all`", "empty or `true`");
            }
            StepKind::WaitAll
        }
        "cancel" => {
            let step = reader.text(node, "`cancel`")?;
            check_known(reader, &step, known);
            StepKind::Cancel(step)
        }
        _ => StepKind::Parallel(read_parallel(reader, node, known)),
    })
}

fn read_parallel(reader: &mut Reader<'_>, node: &Node, known: &mut Known) -> Vec<Step> {
    let steps = Step::read_all(reader, node, known);
    for step in &steps {
        let simple = matches!(step.kind, StepKind::Run { .. } | StepKind::Uses { .. });
        if !simple || step.background {
            let message = "inside `parallel`, a step is a `run` or a `uses`, and in the \
                           background by itself";
            reader.problem(code::MISPLACED_KEY, step.span, message);
        }
    }
    steps
}

fn check_known(reader: &mut Reader<'_>, step: &Spanned<String>, known: &Known) {
    if !known.ids.contains(&step.to_lowercase()) {
        let message = format!("no step before this one has the id `{}`", step.value);
        reader.problem(code::UNKNOWN_STEP, step.span, message);
    }
}

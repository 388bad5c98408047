//! What a step is called for people.

use shipway_workflow::expr::EvaluateError;
use shipway_workflow::model::{Step, StepKind, Uses};

use super::Stage;
use crate::worker::contexts::View;

/// The name, expressions evaluated. A step that has none is called by what it
/// runs.
pub(super) fn evaluated(step: &Step, view: &View<'_>) -> Result<String, EvaluateError> {
    match (&step.name, &step.kind) {
        (Some(name), _) => name.render(view).map(|name| of_name(&name)),
        (None, StepKind::Run { script, .. }) => script.render(view).map(|script| of_run(&script)),
        _ => Ok(fixed(step)),
    }
}

/// The name as far as it is known without evaluating anything.
pub(crate) fn fixed(step: &Step) -> String {
    match (&step.name, &step.kind) {
        (Some(name), _) => of_name(name.text()),
        (None, StepKind::Run { script, .. }) => of_run(script.text()),
        (None, StepKind::Uses { action, .. }) => format!("Run {}", written(&action.value)),
        (None, StepKind::Wait(_) | StepKind::WaitAll) => "Wait".to_owned(),
        (None, StepKind::Cancel(step)) => format!("Cancel {}", step.value),
        (None, StepKind::Parallel(_)) => "Parallel".to_owned(),
    }
}

/// The action of a step, as its author wrote it.
pub(crate) fn fixed_action(step: &Step) -> String {
    match &step.kind {
        StepKind::Uses { action, .. } => written(&action.value),
        _ => fixed(step),
    }
}

/// The name of one of the things that a step does.
pub(crate) fn staged(stage: Stage, name: &str) -> String {
    match stage {
        Stage::Pre => format!("Pre {name}"),
        Stage::Main => name.to_owned(),
        Stage::Post => format!("Post {name}"),
    }
}

fn of_run(script: &str) -> String {
    first_line(script).map_or_else(nameless, |line| format!("Run {line}"))
}

fn of_name(name: &str) -> String {
    first_line(name).map_or_else(nameless, str::to_owned)
}

/// What GitHub calls a step whose name comes to nothing.
fn nameless() -> String {
    "run".to_owned()
}

/// What there is room for of a name.
pub(super) fn first_line(text: &str) -> Option<&str> {
    text.lines().map(str::trim).find(|line| !line.is_empty())
}

/// An action as its author wrote it.
pub(crate) fn written(uses: &Uses) -> String {
    match uses {
        Uses::Local { path } => format!("./{path}"),
        Uses::SameRepository { path } => format!("$/{path}"),
        Uses::Repository { owner, name, path, reference } if path.is_empty() => {
            format!("{owner}/{name}@{reference}")
        }
        Uses::Repository { owner, name, path, reference } => {
            format!("{owner}/{name}/{path}@{reference}")
        }
        Uses::Docker { image } => format!("docker://{image}"),
    }
}

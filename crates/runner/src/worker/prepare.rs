//! From the message to a job that can be executed, or the reasons why not.

use shipway_workflow::model::{Job, JobKind, Services, Step, StepKind, StepsJob, Workflow};
use shipway_workflow::{Diagnostic, Span};

use crate::protocol::{JobMessage, PROTOCOL};
use crate::worker::action::BuiltIn;

/// The workflow and the job in it.
pub(crate) struct Prepared {
    pub(crate) workflow: Workflow,
    pub(crate) job: Box<StepsJob>,
}

/// Reads the workflow and refuses what is not supported, all of it at once,
/// before anything runs.
pub(crate) fn prepare(message: &JobMessage) -> Result<Prepared, String> {
    if message.protocol != PROTOCOL {
        return Err(format!(
            "the engine speaks version {} of the worker protocol and this worker version \
             {PROTOCOL}: both have to be the same build of shipway",
            message.protocol
        ));
    }
    let file = &message.workflow;
    let render = |problems: Vec<Diagnostic>| {
        let texts: Vec<String> = problems.iter().map(|p| p.render(&file.text)).collect();
        texts.join("\n")
    };
    let workflow = Workflow::read(&file.path, &file.text).map_err(render)?;
    let key = message.job.as_str();
    let Some(job) = workflow.jobs.get(key).cloned() else {
        return Err(format!("{} has no job `{key}`", file.path));
    };
    let refuse = |span: Span, what: &str| {
        let at = span.start;
        format!("{}:{}:{}: not supported yet: {what}", file.path, at.line, at.column)
    };
    let job = supported(job).map_err(|(span, what)| refuse(span, what))?;
    let refused = job.steps.iter().filter_map(refusal).map(|(span, what)| refuse(span, &what));
    let refused: Vec<String> = refused.collect();
    match refused.is_empty() {
        true => Ok(Prepared { workflow, job }),
        false => Err(refused.join("\n")),
    }
}

fn supported(job: Job) -> Result<Box<StepsJob>, (Span, &'static str)> {
    let span = job.id.span;
    let steps = match job.kind {
        JobKind::Steps(steps) => steps,
        JobKind::Call(call) => {
            return Err((call.uses.span, "a job that calls another workflow (`uses`)"));
        }
    };
    if let Some(container) = &steps.container {
        return Err((container.span, "a job in a `container`"));
    }
    match &steps.services {
        Services::Named(services) if services.is_empty() => {}
        Services::Named(_) | Services::Computed(_) => return Err((span, "`services` of a job")),
    }
    if steps.snapshot.is_some() {
        return Err((span, "`snapshot` of a job"));
    }
    Ok(steps)
}

fn refusal(step: &Step) -> Option<(Span, String)> {
    if step.background {
        return Some((step.span, "a step in the `background`".to_owned()));
    }
    match &step.kind {
        StepKind::Run { .. } => None,
        StepKind::Uses { action, .. } => {
            let problem = BuiltIn::find(&action.value).err()?;
            Some((action.span, problem))
        }
        StepKind::Wait(_) | StepKind::WaitAll => Some((step.span, "`wait` as a step".to_owned())),
        StepKind::Cancel(_) => Some((step.span, "`cancel` as a step".to_owned())),
        StepKind::Parallel(_) => Some((step.span, "`parallel` steps".to_owned())),
    }
}

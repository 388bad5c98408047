//! From the message to a job that can be executed, or the reasons why not.

use std::sync::Arc;

use shipway_workflow::model::{JobKind, StepsJob, Workflow};
use shipway_workflow::{Diagnostic, Span};

use crate::docker;
use crate::protocol::{JobMessage, PROTOCOL};

/// The workflow and the job in it.
pub(crate) struct Prepared {
    pub(crate) workflow: Arc<Workflow>,
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
    let workflow = file.text.read(&file.path).map_err(render)?;
    let key = message.job.own();
    let Some(job) = workflow.jobs.get(key).cloned() else {
        return Err(format!("{} has no job `{key}`", file.path));
    };
    let job_span = job.id.span;
    let refuse = |span: Span, what: &str| {
        let at = span.start;
        format!("{}:{}:{}: not supported yet: {what}", file.path, at.line, at.column)
    };
    let JobKind::Steps(job) = job.kind else {
        return Err(refuse(job.id.span, "a job that calls another workflow (`uses`)"));
    };
    let refused: Vec<String> =
        unsupported(job_span, &job).iter().map(|(span, what)| refuse(*span, what)).collect();
    match refused.is_empty() {
        true => Ok(Prepared { workflow, job }),
        false => Err(refused.join("\n")),
    }
}

/// What of a job the worker cannot do, whatever the machine.
pub(crate) fn unsupported(span: Span, job: &StepsJob) -> Vec<(Span, String)> {
    let mut found: Vec<(Span, String)> = Vec::new();
    found.extend(docker::problems(job));
    if job.snapshot.is_some() {
        found.push((span, "`snapshot` of a job".to_owned()));
    }
    found
}

//! What of a job needs Docker, and whether it is there: asked before it is run.

use shipway_workflow::Span;
use shipway_workflow::model::{Container, Services, Step, StepKind, StepsJob, Uses};

use super::options::CreateOptions;
use super::{Docker, DockerError};

/// Something in a job that needs Docker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Where it stands in the workflow.
    pub span: Span,
    /// What it is.
    pub kind: NeedKind,
}

/// What needs Docker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NeedKind {
    /// The job runs in a container.
    Container,
    /// The job has services; their names, if they are written.
    Services(Vec<String>),
    /// A step is an image.
    Image(String),
}

impl std::fmt::Display for NeedKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Container => f.write_str("the job runs in a `container`"),
            Self::Services(names) if names.is_empty() => f.write_str("the job has `services`"),
            Self::Services(names) => write!(f, "the job has the services {}", names.join(", ")),
            Self::Image(image) => write!(f, "a step runs `docker://{image}`"),
        }
    }
}

/// What of a job needs Docker, as far as the workflow itself says. An action
/// may turn out to be a container when its `action.yml` is read.
#[must_use]
pub fn needs(job: &StepsJob) -> Vec<Need> {
    let mut found = Vec::new();
    if let Some(container) = &job.container {
        found.push(Need { span: container.span, kind: NeedKind::Container });
    }
    match &job.services {
        Services::Named(named) => {
            if let Some(first) = named.values().next() {
                let names = named.keys().cloned().collect();
                found.push(Need { span: first.span, kind: NeedKind::Services(names) });
            }
        }
        Services::Computed(template) => {
            found.push(Need { span: template.span, kind: NeedKind::Services(Vec::new()) });
        }
    }
    of_steps(&job.steps, &mut found);
    found
}

fn of_steps(steps: &[Step], found: &mut Vec<Need>) {
    for step in steps {
        match &step.kind {
            StepKind::Uses { action, .. } => {
                if let Uses::Docker { image } = &action.value {
                    let kind = NeedKind::Image(image.clone());
                    found.push(Need { span: action.span, kind });
                }
            }
            StepKind::Parallel(steps) => of_steps(steps, found),
            _ => {}
        }
    }
}

/// What is wrong with the containers of a job, as far as the workflow says it
/// without evaluating anything: each with its place.
#[must_use]
pub fn problems(job: &StepsJob) -> Vec<(Span, String)> {
    let mut found = Vec::new();
    if let Some(container) = &job.container {
        of_container(container, &mut found);
    }
    if let Services::Named(named) = &job.services {
        named.values().for_each(|service| of_container(service, &mut found));
    }
    found
}

fn of_container(container: &Container, found: &mut Vec<(Span, String)>) {
    if let Some(options) = container.options().filter(|options| options.is_literal())
        && let Err(error) = CreateOptions::parse(options.text())
    {
        found.push((options.span, format!("in `options`, {error}")));
    }
}

/// Whether Docker is there.
///
/// # Errors
/// Why not, and what to do.
pub async fn is_there() -> Result<(), DockerError> {
    Docker::connect().await.map(drop)
}

//! An action whose files are there.

use std::path::PathBuf;

use shipway_workflow::expr::Condition;
use shipway_workflow::model::Runs;

use super::BuiltIn;
use crate::actions::Manifest;
use crate::worker::step::{Occurrence, Stage};

/// An action that can be run.
pub(crate) enum Ready {
    /// It is built in.
    BuiltIn(BuiltIn),
    /// It is a folder with an `action.yml`.
    Files(Box<Files>),
    /// `docker://image`
    Image(String),
}

/// An action in a folder.
pub(crate) struct Files {
    /// What it says it is.
    pub(crate) manifest: Manifest,
    /// Where it is.
    pub(crate) place: ActionPlace,
    /// The folder of its whole repository, which `$/` in it means; `None`: it
    /// is of the workspace.
    pub(crate) root: Option<PathBuf>,
}

/// What `github.action_path` and its like say.
#[derive(Debug, Clone)]
pub(crate) struct ActionPlace {
    /// The action's folder.
    pub(crate) path: PathBuf,
    /// `owner/name` and the ref, of an action of a repository.
    pub(crate) repository: Option<(String, String)>,
}

impl Ready {
    pub(crate) fn place(&self) -> Option<&ActionPlace> {
        match self {
            Self::Files(files) => Some(&files.place),
            Self::BuiltIn(_) | Self::Image(_) => None,
        }
    }

    /// Whether something may be left to do after the last step; the steps of a
    /// composite action only show when they run.
    pub(crate) fn may_have_post(&self) -> bool {
        let files = match self {
            Self::Files(files) => files,
            Self::BuiltIn(built_in) => return built_in.has_post(),
            Self::Image(_) => return false,
        };
        match &files.manifest.action.runs {
            Runs::JavaScript(action) => action.post.is_some(),
            Runs::Docker(action) => action.post_entrypoint.is_some(),
            Runs::Composite(_) => true,
        }
    }

    /// When it does what it does in a stage before or after the steps.
    pub(crate) fn condition(&self, stage: Stage) -> Condition {
        let files = match self {
            Self::Files(files) => files,
            Self::BuiltIn(built_in) if built_in.has_post() => return Condition::success(),
            Self::BuiltIn(_) | Self::Image(_) => return Condition::always(),
        };
        let (pre, post) = match &files.manifest.action.runs {
            Runs::JavaScript(action) => (&action.pre_if, &action.post_if),
            Runs::Docker(action) => (&action.pre_if, &action.post_if),
            Runs::Composite(_) => return Condition::always(),
        };
        if stage == Stage::Pre { pre.clone() } else { post.clone() }
    }
}

/// Whether a step has something to do before the first one. Only known of
/// what is prepared: the actions of other repositories.
pub(crate) fn has_pre(at: &Occurrence) -> bool {
    let Some(ready) = at.ready() else { return false };
    let Ready::Files(files) = ready.as_ref() else { return false };
    match &files.manifest.action.runs {
        Runs::JavaScript(action) => action.pre.is_some(),
        Runs::Docker(action) => action.pre_entrypoint.is_some(),
        Runs::Composite(_) => {
            at.inner_frame().is_some_and(|frame| frame.steps.iter().any(has_pre_in))
        }
    }
}

fn has_pre_in(at: &std::sync::Arc<Occurrence>) -> bool {
    has_pre(at) || at.children.iter().any(has_pre_in)
}

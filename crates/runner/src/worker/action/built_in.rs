//! The actions that the worker has built in: they need no network.

use indexmap::IndexMap;
use shipway_workflow::model::{Bindings, Uses};

use super::cache::CacheAction;
use super::{checkout, download, upload};
use crate::actions::Settings;
use crate::worker::step::{Body, Ending};

/// An action that the worker has built in, whatever the version asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BuiltIn {
    /// `actions/checkout`
    Checkout,
    /// `actions/upload-artifact`
    Upload,
    /// `actions/download-artifact`
    Download,
    /// `actions/cache` and its halves
    Cache(CacheAction),
}

impl BuiltIn {
    /// The action that `uses` means, if it is built in.
    fn named(uses: &Uses) -> Option<Self> {
        let Uses::Repository { owner, name, path, .. } = uses else { return None };
        if !owner.eq_ignore_ascii_case("actions") {
            return None;
        }
        match (name.to_ascii_lowercase().as_str(), path.as_str()) {
            ("checkout", "") => Some(Self::Checkout),
            ("upload-artifact", "") => Some(Self::Upload),
            ("download-artifact", "") => Some(Self::Download),
            ("cache", "") => Some(Self::Cache(CacheAction::Both)),
            ("cache", "restore") => Some(Self::Cache(CacheAction::Restore)),
            ("cache", "save") => Some(Self::Cache(CacheAction::Save)),
            _ => None,
        }
    }

    /// The inputs that only the released action does something for.
    const fn only_released(self) -> &'static [&'static str] {
        match self {
            Self::Checkout => &["repository", "submodules", "lfs", "sparse-checkout"],
            // Artifacts of other runs are at GitHub.
            Self::Download => &["repository", "run-id"],
            Self::Upload | Self::Cache(_) => &[],
        }
    }

    /// Whether something is left to do after the job's last step.
    pub(super) fn has_post(self) -> bool {
        self == Self::Cache(CacheAction::Both)
    }

    /// The action that a step means, if it is built in and does what `with`
    /// asks for. What is computed is only known when the step runs.
    pub(crate) fn find(
        uses: &Uses,
        with: &Bindings,
        settings: &Settings,
        own: Option<&str>,
    ) -> Option<Self> {
        let found = Self::named(uses).filter(|_| !settings.released)?;
        let fixed = |name: &str| with.get(name).filter(|value| value.is_literal());
        let more = |name: &str| fixed(name).is_some_and(|value| asks(name, value.text(), own));
        (!found.only_released().iter().copied().any(more)).then_some(found)
    }

    /// Whether the inputs ask for what only the released action does.
    pub(super) fn falls_short(self, inputs: &Inputs, own: Option<&str>) -> bool {
        let more = |name: &str| inputs.get(name).is_some_and(|value| asks(name, value, own));
        self.only_released().iter().copied().any(more)
    }

    /// Runs it.
    ///
    /// # Errors
    /// Why it failed, in a line.
    pub(super) async fn run(self, body: &Body<'_>, inputs: &Inputs) -> Result<Ending, String> {
        match self {
            Self::Checkout => checkout::run(body, inputs).await,
            Self::Upload => upload::run(body, inputs).await,
            Self::Download => download::run(body, inputs).await,
            Self::Cache(action) => action.run(body, inputs).await,
        }
    }
}

/// Whether an input asks for more than what is there without it: the
/// `repository` may be the run's own.
fn asks(name: &str, value: &str, own: Option<&str>) -> bool {
    let value = value.trim();
    let is_own = name == "repository" && own.is_some_and(|own| own.eq_ignore_ascii_case(value));
    !is_own && !value.is_empty() && !value.eq_ignore_ascii_case("false")
}

/// The inputs that a step gives, by their names in lower case.
///
/// # Errors
/// An expression without a value, and where it is.
pub(super) fn given(body: &Body<'_>, with: &Bindings) -> Result<Inputs, String> {
    let inputs = with.render(&body.view()).map_err(|error| body.wrong(&error))?;
    Ok(inputs.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect())
}

/// The inputs of an action, `with:`; names are in lower case.
pub(crate) type Inputs = IndexMap<String, String>;

/// The input, if it says something.
pub(super) fn text<'i>(inputs: &'i Inputs, name: &str) -> Option<&'i str> {
    inputs.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
}

/// The input as a boolean of YAML's core schema, as actions read it.
pub(super) fn flag(inputs: &Inputs, name: &str, default: bool) -> Result<bool, String> {
    match text(inputs, name) {
        None => Ok(default),
        Some("true" | "True" | "TRUE") => Ok(true),
        Some("false" | "False" | "FALSE") => Ok(false),
        Some(other) => Err(format!("input `{name}` is `true` or `false`, not `{other}`")),
    }
}

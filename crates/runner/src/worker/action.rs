//! The actions that the worker has built in.

mod checkout;
mod download;
mod store;
mod upload;

use indexmap::IndexMap;
use shipway_workflow::model::Uses;

use crate::worker::step::name::written;
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
}

impl BuiltIn {
    /// The action that `uses` means, or what is not supported about it.
    pub(crate) fn find(uses: &Uses) -> Result<Self, String> {
        match uses {
            Uses::Repository { owner, name, path, .. }
                if owner.eq_ignore_ascii_case("actions") && path.is_empty() =>
            {
                match name.to_ascii_lowercase().as_str() {
                    "checkout" => Ok(Self::Checkout),
                    "upload-artifact" => Ok(Self::Upload),
                    "download-artifact" => Ok(Self::Download),
                    _ => Err(unsupported(uses)),
                }
            }
            _ => Err(unsupported(uses)),
        }
    }

    /// Runs it. Names of inputs are in lower case.
    ///
    /// # Errors
    /// Why it failed, in a line.
    pub(crate) async fn run(self, body: &Body<'_>, inputs: Inputs) -> Result<Ending, String> {
        match self {
            Self::Checkout => checkout::run(body, &inputs).await,
            Self::Upload => upload::run(body, &inputs).await,
            Self::Download => download::run(body, &inputs).await,
        }
    }
}

fn unsupported(uses: &Uses) -> String {
    format!(
        "the action `{}`. Built in are actions/checkout, actions/upload-artifact and \
         actions/download-artifact; everything else has to be a `run` step",
        written(uses)
    )
}

/// The inputs of an action, `with:`.
pub(crate) type Inputs = IndexMap<String, String>;

/// The input, if it says something.
fn text<'i>(inputs: &'i Inputs, name: &str) -> Option<&'i str> {
    inputs.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
}

/// The input as a boolean of YAML's core schema, as actions read it.
fn flag(inputs: &Inputs, name: &str, default: bool) -> Result<bool, String> {
    match text(inputs, name) {
        None => Ok(default),
        Some("true" | "True" | "TRUE") => Ok(true),
        Some("false" | "False" | "FALSE") => Ok(false),
        Some(other) => Err(format!("input `{name}` is `true` or `false`, not `{other}`")),
    }
}

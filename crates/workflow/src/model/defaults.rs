//! `defaults`: what `run` steps get unless they say otherwise.

use super::reader::Reader;
use crate::expr::{Scope, Template};
use crate::yaml::Node;

/// `defaults.run`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Defaults {
    /// Whether `run` is there, perhaps with nothing in it.
    pub is_written: bool,
    /// The shell, such as `bash` or `python {0}`.
    pub shell: Option<Template>,
    /// The folder to run in.
    pub working_directory: Option<Template>,
}

impl Defaults {
    pub(super) fn read(reader: &mut Reader<'_>, node: Option<&Node>, scope: &Scope<'_>) -> Self {
        let read = |reader: &mut Reader<'_>| {
            let fields = reader.fields(node?, "`defaults`", &["run"])?;
            let run = fields.get("run")?;
            let fields = reader.fields(run, "`defaults.run`", &["shell", "working-directory"])?;
            let shell = fields.get("shell").and_then(|n| reader.filled(n, "`shell`", scope));
            let working_directory = fields
                .get("working-directory")
                .and_then(|n| reader.filled(n, "`working-directory`", scope));
            Some(Self { is_written: true, shell, working_directory })
        };
        read(reader).unwrap_or_default()
    }

    /// What counts for a job: its own `defaults.run` in the place of all that the workflow says
    /// there, as in `InitializeJob` of actions/runner.
    #[must_use]
    pub fn or<'a>(&'a self, of_workflow: &'a Self) -> &'a Self {
        if self.is_written { self } else { of_workflow }
    }
}

//! `defaults`: what `run` steps get unless they say otherwise.

use super::reader::Reader;
use crate::expr::{Scope, Template};
use crate::yaml::Node;

/// `defaults.run`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Defaults {
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
            Some(Self { shell, working_directory })
        };
        read(reader).unwrap_or_default()
    }
}

//! Tells the project's gates something, and waits until it is written.

use std::collections::HashMap;

use shipway_core::command::Command as AnyCommand;
use shipway_core::gate::Command;
use shipway_core::journal::StreamId;
use tokio_util::sync::CancellationToken;

use crate::carry::{Reporter, Style, Wish, ask, carry};
use crate::error::CliError;
use crate::project::Project;

use super::super::call_off::leave_on_ctrl_c;

/// Tells the gates.
///
/// # Errors
/// When they refuse it, with the reason.
pub(super) async fn tell(project: &Project, command: Command) -> Result<(), CliError> {
    let asked = ask(project, StreamId::Gates, AnyCommand::Gates(command))?;
    let leave = CancellationToken::new();
    leave_on_ctrl_c(leave.clone());
    let wish = Wish {
        purpose: "the gates".to_owned(),
        secrets: HashMap::new(),
        live_output: None,
        on_failure: None,
        until: Box::new(|_| match asked.answer(project) {
            Err(error) => Some(Err(error)),
            Ok(None) => None,
            Ok(Some(Err(reason))) => Some(Err(CliError::refused(reason))),
            Ok(Some(Ok(()))) => Some(Ok(())),
        }),
        leave,
    };
    carry(project, &mut Reporter::new(Style::Silent), wish).await?
}

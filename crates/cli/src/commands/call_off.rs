//! Ctrl-C while something is under way.

use std::io::IsTerminal as _;

use shipway_core::command::Command;
use shipway_core::ids::PlanId;
use shipway_core::journal::StreamId;
use shipway_core::plan;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::carry::ask;
use crate::error::CliError;
use crate::print;
use crate::project::Project;

/// Ctrl-C calls the plan off, in order; after a second one this process ends,
/// and the next one goes on.
pub(super) struct CallOff {
    pressed: Option<oneshot::Receiver<()>>,
}

impl CallOff {
    pub(super) fn new(leave: CancellationToken) -> Self {
        let (tell, pressed) = oneshot::channel();
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_err() || tell.send(()).is_err() {
                return;
            }
            told("calling it off; press Ctrl-C again to leave it as it is");
            if tokio::signal::ctrl_c().await.is_ok() {
                leave.cancel();
            }
        });
        Self { pressed: Some(pressed) }
    }

    /// Calls the plan off if that was asked for meanwhile.
    pub(super) fn look(&mut self, project: &Project, id: &PlanId) -> Result<(), CliError> {
        let pressed = self.pressed.as_mut().is_some_and(|pressed| pressed.try_recv().is_ok());
        if pressed {
            self.pressed = None;
            let cancel = Command::Plan(plan::Command::Cancel);
            ask(project, StreamId::Plan(id.clone()), cancel)?;
        }
        Ok(())
    }
}

/// Ctrl-C leaves what is under way to the next command: calling it off has a
/// command of its own.
pub(super) fn leave_on_ctrl_c(leave: CancellationToken) {
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            told("leaving it as it is");
            leave.cancel();
        }
    });
}

/// A terminal has written `^C` where the cursor was.
fn told(text: &str) {
    let before = if std::io::stderr().is_terminal() { "\n" } else { "" };
    print::aside(format!("{before}{text}"));
}

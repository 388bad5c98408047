//! The worker's side.

mod command;
mod file_command;
pub mod mask;

use std::process::ExitCode;

/// The whole of a worker process: reads the job from stdin, reports on stdout.
/// Wants a runtime with several threads: heartbeats go on while a step works.
pub async fn worker_main() -> ExitCode {
    ExitCode::FAILURE
}

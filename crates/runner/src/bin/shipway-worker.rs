//! A worker by itself, for tests: `shipway worker` is the same.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    shipway_runner::worker_main().await
}

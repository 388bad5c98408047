//! A worker by itself, for tests: `shipway worker` is the same.

use std::process::ExitCode;

fn main() -> ExitCode {
    shipway_runner::worker_main()
}

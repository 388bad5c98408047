//! The program that the tests release; see [`shipway_sim::backend`].

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use shipway_sim::backend::{Settings, run};

#[tokio::main]
async fn main() -> ExitCode {
    let ended = match Settings::read(Path::new(".")) {
        Ok(settings) => run(settings).await,
        Err(error) => Err(std::io::Error::other(error)),
    };
    let (line, code) = match ended {
        Ok(ended) => (ended.to_string(), ended.code()),
        Err(error) => (format!("sim-backend: {error}"), 2),
    };
    // Nobody reads the output any more when this fails.
    let _ = writeln!(std::io::stderr(), "{line}");
    ExitCode::from(code)
}

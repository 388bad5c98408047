//! Shipway: takes a commit to production and back.

mod args;
mod carry;
mod commands;
mod error;
mod exit;
mod init;
mod lint;
mod live;
mod print;
mod project;
mod summary;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use args::Arguments;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // The daemons and the worker are this program, too; they have their own
    // runtimes, arguments and ends.
    match arguments.get(1..) {
        Some([host, keeper, rest @ ..]) if host == "host" && keeper == "keeper" => {
            return shipway_host::main_keeper(rest.to_vec());
        }
        Some([host, proxy, rest @ ..]) if host == "host" && proxy == "proxy" => {
            return shipway_host::main_proxy(rest.to_vec());
        }
        Some([worker]) if worker == "worker" => {
            return shipway_runner::worker_main();
        }
        _ => {}
    }
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("SHIPWAY_LOG"))
        .with_writer(std::io::stderr)
        .init();
    with_runtime(async {
        match commands::run(arguments).await {
            Ok(exit) => exit.into(),
            Err(error) => {
                print::aside(error.to_string());
                error.exit.into()
            }
        }
    })
}

fn with_runtime(work: impl Future<Output = ExitCode>) -> ExitCode {
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => {
            print::aside(format!("error: no threads can be started: {error}"));
            exit::Exit::Trouble.into()
        }
    }
}

//! One file a wish.

mod approve;
mod approving;
mod audit;
mod call_off;
mod changes;
mod check;
mod config;
mod control;
mod demo;
mod deploy;
mod expr;
mod gate;
mod gc;
mod history;
mod host;
mod init;
mod lint;
mod list;
mod lock;
mod logs;
mod past;
mod plumbing;
mod rerun;
mod rollback;
mod run;
mod settle;
mod ship;
mod status;
mod store;

use shipway_core::ids::EnvName;

use crate::args::{Arguments, Audit, Command, Config, List};
use crate::error::CliError;
use crate::exit::Exit;

/// Does what the command line asks.
pub(crate) async fn run(arguments: Arguments) -> Result<Exit, CliError> {
    match arguments.command {
        Command::Demo(args) => demo::demo(&args).await,
        Command::Ship(args) => ship::ship(&args).await,
        Command::Run(args) => run::run(&args).await,
        Command::Rerun(args) => rerun::rerun(&args).await,
        Command::Lint(args) => lint::lint(&args),
        Command::Expr(args) => expr::expr(&args),
        Command::Lock(args) => lock::lock(&args).await,
        Command::Deploy(args) => deploy::deploy(&args).await,
        Command::Promote(args) => deploy::promote(&args).await,
        Command::Approve(args) => approve::approve(&args).await,
        Command::Reject(args) => approve::reject(&args).await,
        Command::Gate(args) => gate::gate(&args).await,
        Command::Override(args) => gate::override_gate(&args).await,
        Command::Rollback(args) => rollback::rollback(&args).await,
        Command::Pause(args) => control::pause(&args.env).await,
        Command::Resume(args) => control::resume(&args.env).await,
        Command::Abort(args) => control::abort(&args.env).await,
        Command::Status(args) => status::status(&args).await,
        Command::History(args) => history::history(&args),
        Command::Logs(args) => logs::logs(&args).await,
        Command::Changes(args) => changes::changes(&args),
        Command::Check(args) => check::check(&args).await,
        Command::Config(Config::Show(args)) => config::show(&args),
        Command::Config(Config::Schema) => config::schema(),
        Command::Config(Config::Check(args)) => config::check(&args),
        Command::Init(args) => init::init(&args),
        Command::Env(List::List(args)) => list::environments(&args),
        Command::Service(List::List(args)) => list::services(&args),
        Command::Audit(Audit::Verify(args)) => audit::verify(&args),
        Command::Gc(args) => gc::gc(&args),
        Command::Backup(args) => store::backup(&args),
        Command::Restore(args) => store::restore(&args),
        Command::Host(args) => host::host(args).await,
        Command::Completions { shell } => plumbing::completions(shell),
        Command::Man { dir } => plumbing::man(&dir),
    }
}

/// The name of an environment, as the command line has it.
fn env_name(text: &str) -> Result<EnvName, CliError> {
    EnvName::new(text).map_err(|error| CliError::usage(error.to_string()))
}

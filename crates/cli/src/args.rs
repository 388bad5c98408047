//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

mod check;

pub(crate) use check::{
    Check, CheckCoverage, CheckDuplication, CheckFormat, CheckMigrations, CheckReport, CheckSecrets,
};

/// Takes a commit to production and back: runs workflows, holds gates, builds
/// releases, deploys them, watches them, and goes back by itself.
#[derive(Debug, Parser)]
#[command(name = "shipway", version, propagate_version = true, after_help = EXITS)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXITS: &str = "Exit codes: 0 as asked; 1 refused or failed, what served still serves; \
    2 the command line, configuration or a workflow is wrong; 3 waits for a person; \
    4 Shipway itself cannot go on.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a small repository of your own and ship it
    Demo(Demo),
    /// Take the commit that is checked out to where it goes
    ///
    /// Runs the workflows that a push of its branch triggers, makes a release, and deploys it to
    /// the environments that follow the branch, then to those that take from them. Uncommitted
    /// changes are refused. Ctrl-C calls it off; pressed twice, it leaves it to the next command.
    Ship(Ship),
    /// Run workflows as GitHub would, here; uncommitted changes included
    ///
    /// Nothing is released or deployed. Ctrl-C calls it off.
    Run(Box<Run>),
    /// Run a run again that is over: the same commit, event, inputs and variables
    ///
    /// Jobs that are not run again count as they ended, with their outputs and artifacts.
    Rerun(Rerun),
    /// Examine workflows and actions: everything that can be known before they run
    ///
    /// Without FILES: the workflows and local actions of this repository, and shipway.yaml. The
    /// rules are in docs/reference/lint-rules.md. Exits with 1 if there is an error.
    Lint(Lint),
    /// Evaluate an expression as a workflow would
    Expr(Expr),
    /// Pin the actions that workflows use to the commits they are now
    ///
    /// Writes .github/actions.lock, those that composite actions use included, and shows what is
    /// new, what moved and what is gone. Runs follow the file.
    Lock(LockArgs),
    /// Deploy a release that was built before
    ///
    /// For environments that a person deploys to, and to bring a certain release back to any.
    /// Nothing is built again.
    Deploy(Deploy),
    /// Take what serves in one environment to the next
    Promote(Promote),
    /// Agree to what waits for approval
    Approve(Approve),
    /// Say no to what waits for approval
    Reject(Reject),
    /// Judge the gates of this commit, and say what would open those that are shut
    ///
    /// Without DESTINATION: of a pull request. What stands in `shipway.yaml`, baselines and waivers
    /// is read where the work left the branch that it goes to.
    Gate(Gate),
    /// Let this commit through a gate that is shut, with a reason
    Override(Override),
    /// Go back to the release before, or to another
    ///
    /// Needs no approval, builds nothing and runs no migrations. While a deployment is under way
    /// it is called off and what served stays.
    Rollback(Rollback),
    /// Begin nothing in an environment until it is resumed
    ///
    /// What is under way stops where users notice nothing. A rollback goes on.
    Pause(InEnvironment),
    /// Go on; also answers a question with yes
    Resume(InEnvironment),
    /// Call off what is under way
    Abort(InEnvironment),
    /// What is where, what is under way, what waits for whom
    Status(Report),
    /// What was deployed
    History(History),
    /// What a run's jobs or a service wrote
    ///
    /// Without a name: the run that is under way, or the newest.
    Logs(Logs),
    /// What changed since a commit, and what depends on it
    Changes(Changes),
    /// Look for what keeps a gate shut
    #[command(subcommand)]
    Check(Check),
    /// The configuration
    #[command(subcommand)]
    Config(Config),
    /// Look at the repository and write a first shipway.yaml and workflow
    Init(Init),
    /// Environments
    #[command(subcommand)]
    Env(List),
    /// Services
    #[command(subcommand)]
    Service(List),
    /// The journal
    #[command(subcommand)]
    Audit(Audit),
    /// Remove what nothing needs any more
    Gc(Gc),
    /// Copy journal and blobs to a folder
    Backup(Backup),
    /// Put a backup back in place
    Restore(Restore),
    /// The daemons of this machine
    #[command(subcommand)]
    Host(Host),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write man pages into a folder
    Man {
        /// The folder
        dir: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Where to write the repository
    #[arg(long, default_value = "shipway-demo")]
    pub(crate) dir: PathBuf,
    /// Approve without asking
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Ship {
    /// As far as this environment
    #[arg(long, value_name = "ENV")]
    pub(crate) to: Option<String>,
    /// The branch that the commit counts as, on a detached HEAD
    #[arg(long)]
    pub(crate) branch: Option<String>,
    /// Approve without asking, where you may
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub(crate) plan: bool,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The event that starts workflows
    #[arg(default_value = "push")]
    pub(crate) event: String,
    /// The event's payload or parts of it: a file of JSON as GitHub sends it, `-` for standard input
    ///
    /// It goes over what git tells: `{"ref": "refs/tags/v1"}` is a push of the tag v1.
    #[arg(long = "event", short = 'e', value_name = "FILE")]
    pub(crate) payload: Option<PathBuf>,
    /// Only this workflow, by file name or name
    #[arg(long, short = 'W')]
    pub(crate) workflow: Option<String>,
    /// Only this job, and what it needs
    #[arg(long, short)]
    pub(crate) job: Option<String>,
    /// Begin with this job; those that need it follow, all others count as they ended last
    #[arg(long, value_name = "JOB", conflicts_with = "job")]
    pub(crate) from: Option<String>,
    /// Only combinations of matrices with this value; repeat it for further values and keys
    #[arg(long, short, value_name = "KEY=VALUE")]
    pub(crate) matrix: Vec<String>,
    #[command(flatten)]
    pub(crate) given: Given,
    /// Take only actions that .github/actions.lock pins, at its commits
    #[arg(long)]
    pub(crate) locked: bool,
    /// Take only actions that are on this machine
    #[arg(long)]
    pub(crate) offline: bool,
    /// Show what would run and why, and run nothing
    #[arg(long)]
    pub(crate) plan: bool,
    /// Run again what a change of files affects, until Ctrl-C
    ///
    /// Filters on paths see what has changed since the last time. What git ignores changes nothing.
    #[arg(long, short = 'w', conflicts_with_all = ["plan", "from"])]
    pub(crate) watch: bool,
    /// Open a shell where a step fails, in its folder and environment
    ///
    /// The job stays as it is until the shell ends. On a terminal only.
    #[arg(long, conflicts_with_all = ["plan", "json"])]
    pub(crate) shell_on_failure: bool,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

#[derive(Debug, Args)]
pub(crate) struct Rerun {
    /// Which run, such as `1a2b3c4d.1.ci`; the newest without it
    pub(crate) run: Option<String>,
    /// Only the jobs that did not succeed, and those that need them
    #[arg(long, conflicts_with = "from")]
    pub(crate) failed: bool,
    /// Only this job, and those that need it
    #[arg(long, value_name = "JOB")]
    pub(crate) from: Option<String>,
    /// A secret of the run, which is not kept: NAME=VALUE, or NAME to take it from the environment
    #[arg(long, short, value_name = "NAME[=VALUE]")]
    pub(crate) secret: Vec<String>,
    /// A file of secrets, NAME=VALUE lines
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

/// What a run is given by name.
#[derive(Debug, Args)]
pub(crate) struct Given {
    /// An input of `inputs`
    #[arg(long, short, value_name = "NAME=VALUE")]
    pub(crate) input: Vec<String>,
    /// A secret: NAME=VALUE, or NAME to take it from the environment
    #[arg(long, short, value_name = "NAME[=VALUE]")]
    pub(crate) secret: Vec<String>,
    /// A file of secrets, NAME=VALUE lines
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Vec<PathBuf>,
    /// A variable of `vars`
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) var: Vec<String>,
    /// A file of variables, NAME=VALUE lines
    #[arg(long, value_name = "FILE")]
    pub(crate) var_file: Vec<PathBuf>,
    /// An environment variable of every step; those of the workflow go before
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,
    /// A file of environment variables, NAME=VALUE lines
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Vec<PathBuf>,
}

/// How a run is shown.
#[derive(Debug, Args)]
pub(crate) struct Shown {
    /// Write a summary page: HTML if the file is called so, else Markdown
    #[arg(long, value_name = "FILE")]
    pub(crate) summary: Option<PathBuf>,
    /// Show how jobs ended and what failed, not what they write
    #[arg(long, short, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Fold nothing
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LockArgs {
    /// Write nothing; fail if the file is not what it should be
    #[arg(long)]
    pub(crate) check: bool,
    /// Ask no server
    #[arg(long)]
    pub(crate) offline: bool,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Lint {
    /// Which files; a file named action.yml is an action
    pub(crate) files: Vec<PathBuf>,
    /// How findings are written
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: LintFormat,
    /// Also fail if there are findings of this level
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) deny: Option<Deny>,
    /// Trust the tags of these actions: OWNER/* or OWNER/NAME (actions/* and github/* are)
    #[arg(long, value_name = "ACTIONS")]
    pub(crate) trust: Vec<String>,
    /// A label of runners of your own; * stands for any characters
    #[arg(long, value_name = "LABEL")]
    pub(crate) runner_label: Vec<String>,
    /// Leave scripts alone, though shellcheck is installed
    #[arg(long)]
    pub(crate) no_shellcheck: bool,
}

/// How findings are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LintFormat {
    /// For people, with the lines they are about
    #[default]
    Text,
    /// For programs
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of a GitHub run
    Github,
}

/// What lint fails for, beside errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Deny {
    /// Warnings
    Warnings,
    /// Notes, and warnings
    Notes,
}

#[derive(Debug, Args)]
pub(crate) struct Expr {
    /// The expression, with or without ${{ }} around it
    #[arg(allow_hyphen_values = true)]
    pub(crate) expression: String,
    /// The contexts: a file in JSON or YAML with an object for github, env and so on
    #[arg(long, short, value_name = "FILE")]
    pub(crate) context: Option<PathBuf>,
    /// Print the type of the value instead
    #[arg(long = "type", conflicts_with = "json")]
    pub(crate) kind: bool,
    /// Print the value as JSON; else lists and objects are only named, as in a workflow's text
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Deploy {
    /// Where to
    pub(crate) env: String,
    /// Which release (or commit), by its first digits; the newest without it
    #[arg(long)]
    pub(crate) release: Option<String>,
    /// Approve without asking, where you may
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Promote {
    /// Where to: takes what serves in the environment before
    pub(crate) env: String,
    /// Approve without asking, where you may
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Approve {
    /// Where; not needed when only one waits
    pub(crate) env: Option<String>,
    /// Agree to what this commit does: as `dba` to its destructive migrations, as `gatekeeper` to
    /// its changes of the gates. Without ENV: on the way to the first environment that follows this
    /// branch, or else of a pull request
    #[arg(long = "as", value_name = "ROLE")]
    pub(crate) role: Option<shipway_core::gate::Role>,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Gate {
    /// An environment, or `pull-request`
    pub(crate) destination: Option<String>,
    /// Ask the hosting service about this pull request: its labels, its reviews and its base
    #[arg(long, value_name = "NUMBER", conflicts_with = "event", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) pull_request: Option<u64>,
    /// The payload of the pull request's event, as GitHub sends it; nobody vouches for a file
    #[arg(long, value_name = "FILE")]
    pub(crate) event: Option<PathBuf>,
    /// The pull request's reviews, as GitHub's API lists them
    #[arg(long, value_name = "FILE", requires = "event")]
    pub(crate) reviews: Option<PathBuf>,
    /// A report beside those that workflows uploaded
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Vec<PathBuf>,
    /// The checklist of a deployment, filled in
    #[arg(long)]
    pub(crate) checklist: bool,
    /// How to answer
    #[arg(long, value_enum, default_value_t = GateFormat::Text)]
    pub(crate) format: GateFormat,
    /// Answer in JSON
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum GateFormat {
    /// For people
    Text,
    /// For a comment on a pull request
    Markdown,
    /// One JSON document
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Override {
    /// The gate
    pub(crate) gate: String,
    /// An environment, or `pull-request`
    pub(crate) destination: String,
    /// Why; everybody reads it
    #[arg(long)]
    pub(crate) reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct Reject {
    /// Where; not needed when only one waits
    pub(crate) env: Option<String>,
    /// Why
    #[arg(long, short, default_value = "")]
    pub(crate) reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct Rollback {
    /// Where; not needed when there is only one
    pub(crate) env: Option<String>,
    /// To this release (or commit), by its first digits
    #[arg(long, value_name = "RELEASE")]
    pub(crate) to: Option<String>,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InEnvironment {
    /// Where
    pub(crate) env: String,
}

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct History {
    /// Only this environment
    pub(crate) env: Option<String>,
    /// How many, newest first
    #[arg(long, short = 'n', default_value_t = 20)]
    pub(crate) lines: usize,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// A run, such as `1a2b3c4d.1.ci` (`ship` and `run` tell it), or an environment
    pub(crate) of: Option<String>,
    /// The service, for an environment with several
    pub(crate) service: Option<String>,
    /// Show what comes, until it ends
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// How many of the last lines of a service
    #[arg(long, short = 'n', default_value_t = 100)]
    pub(crate) lines: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Changes {
    /// Since this commit; by default the release that serves first
    #[arg(long)]
    pub(crate) since: Option<String>,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Print it with every default
    Show(Report),
    /// Print the JSON Schema of shipway.yaml
    Schema,
    /// Say what is wrong with it
    Check(Report),
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The repository
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum List {
    /// List them
    List(Report),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Find out whether any entry was changed
    Verify(Report),
}

#[derive(Debug, Args)]
pub(crate) struct Gc {
    /// Keep what is younger than this many days
    #[arg(long, default_value_t = 7)]
    pub(crate) days: u64,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// A new or empty folder
    pub(crate) to: PathBuf,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup's folder
    pub(crate) from: PathBuf,
    /// Move a store that is there aside
    #[arg(long)]
    pub(crate) force: bool,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Host {
    /// What runs and how much it serves
    Status(Report),
    /// Drain, stop every release, end the daemons
    Stop,
    /// Replace the daemons by this build, without losing a request
    Upgrade,
    /// Start the daemons at boot
    Install {
        /// For the whole machine, not for this user
        #[arg(long)]
        system: bool,
    },
}

//! The command line of `shipway check`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use shipway_core::config::value::Percent;

#[derive(Debug, Subcommand)]
pub(crate) enum Check {
    /// Find migrations that lose data, break what still runs, or block it
    ///
    /// Judges what is new against the merge base; where there is none (no git, no main branch),
    /// everything. What cannot be analysed is a finding, too.
    Migrations(CheckMigrations),
    /// Find tokens, keys and passwords that stand in files
    ///
    /// Without PATHS: every file that git tracks or would add. A line with `shipway: allow RULE:
    /// REASON` is allowed, and so is what the baseline .shipway/secrets-baseline lists.
    Secrets(CheckSecrets),
    /// Read reports of other tools, and say what they say
    ///
    /// Coverage, tests, analyses (SARIF), audits of dependencies, lists of packages, load tests,
    /// quality servers, duplication: the format is recognised by the content. A report that is
    /// empty, cut off, broken or unknown is no evidence, and the exit code is 1.
    Report(CheckReport),
    /// Say how much of the code, and of a change, is covered by tests
    ///
    /// Adds up reports of coverage in any known format and matches them with the files of the
    /// repository. Without limits, every readable report will do.
    Coverage(CheckCoverage),
    /// Find code that stands twice
    ///
    /// Compares the tokens of all source files that git tracks or would add, tests left out: 100
    /// tokens over 10 lines that are the same stand twice.
    Duplication(CheckDuplication),
}

#[derive(Debug, Args)]
pub(crate) struct CheckReport {
    /// The reports
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Fail for findings of this severity or worse, too (low, medium, high, critical)
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<shipway_checks::Severity>,
    /// How to answer
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub(crate) format: CheckFormat,
    /// Answer in JSON
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckCoverage {
    /// Reports of coverage, which are added up
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Compare with where the work left this branch or commit
    #[arg(long, value_name = "REF")]
    pub(crate) base: Option<String>,
    /// Fail if less of all lines is covered, such as 80%
    #[arg(long, value_name = "PERCENT")]
    pub(crate) total: Option<Percent>,
    /// Fail if less of the changed lines is covered, such as 80%
    #[arg(long, value_name = "PERCENT")]
    pub(crate) changed: Option<Percent>,
    /// Reports of the commit before, to compare the total with
    #[arg(long, value_name = "FILE")]
    pub(crate) before: Vec<PathBuf>,
    /// Folders of services to tell apart
    #[arg(long, value_name = "FOLDER")]
    pub(crate) service: Vec<String>,
    /// Leave out files, such as 'db/migrations/**'
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckDuplication {
    /// Files or folders; without any, the repository
    pub(crate) paths: Vec<PathBuf>,
    /// Fail if more of all lines stands twice, such as 3%
    #[arg(long, value_name = "PERCENT")]
    pub(crate) max: Option<Percent>,
    /// Leave out files, such as 'generated/**'
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
    /// How to answer
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub(crate) format: CheckFormat,
    /// Answer in JSON
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckSecrets {
    /// Files or folders, whether git knows them or not
    pub(crate) paths: Vec<PathBuf>,
    /// Only lines that were added since the work left this branch or commit, judged by the rules
    /// and the baseline of then
    #[arg(long, value_name = "REF", conflicts_with = "paths")]
    pub(crate) since: Option<String>,
    /// Everything that was ever committed
    #[arg(long, conflicts_with_all = ["paths", "since"])]
    pub(crate) history: bool,
    /// Rules in gitleaks' format instead of those that are built in (they can extend them)
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<String>,
    /// What was found before and dealt with
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<String>,
    /// Print the lines for a baseline of what is found, reasons still to be written
    #[arg(long)]
    pub(crate) write_baseline: bool,
    /// How to answer
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub(crate) format: CheckFormat,
    /// Answer in JSON
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckMigrations {
    /// Folders or files; without any, the migrations below this folder
    pub(crate) paths: Vec<PathBuf>,
    /// Compare with where the work left this branch or commit
    #[arg(long, value_name = "REF")]
    pub(crate) base: Option<String>,
    /// Judge what was merged as well
    #[arg(long)]
    pub(crate) all: bool,
    /// Whose SQL it is (postgres, mysql, sqlite); found out without it
    #[arg(long)]
    pub(crate) dialect: Option<shipway_checks::sql::Dialect>,
    /// Allow nothing but additions, each with a compensating script
    #[arg(long)]
    pub(crate) additive_only: bool,
    /// Judge what undoes a migration as if it ran
    #[arg(long)]
    pub(crate) down: bool,
    /// Apply them to PostgreSQL, and say what each statement did
    ///
    /// Without a URL: to a throw-away server of the system's PostgreSQL. With one: to a database
    /// made for it there, and dropped afterwards.
    #[arg(long, value_name = "URL", num_args = 0..=1, require_equals = true)]
    pub(crate) against_postgres: Option<Option<String>>,
    /// Rows by table, as JSON: {"orders": 2000000}
    #[arg(long, value_name = "FILE", requires = "against_postgres")]
    pub(crate) rows: Option<PathBuf>,
    /// The time zone of the session that applies them
    #[arg(long, value_name = "ZONE", default_value = "UTC", requires = "against_postgres")]
    pub(crate) time_zone: String,
    /// Fail for findings of this severity or worse (low, medium, high, critical)
    #[arg(long, default_value = "medium", value_name = "SEVERITY")]
    pub(crate) fail_on: shipway_checks::Severity,
    /// How to answer
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub(crate) format: CheckFormat,
    /// Answer in JSON
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum CheckFormat {
    /// For people
    Text,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of a GitHub workflow
    Github,
}

//! `shipway check`: the evidence that gates are judged by.

use std::io::{self, BufWriter};

use shipway_checks::Rule;
use shipway_checks::migrations::{Options, rules};
use shipway_checks::render::{Format, Report, Tool};
use shipway_evidence::migrations::{GatherError, Request, gather, summary};

use crate::args::{Check, CheckFormat, CheckMigrations};
use crate::error::CliError;
use crate::exit::Exit;

pub(super) fn check(args: &Check) -> Result<Exit, CliError> {
    match args {
        Check::Migrations(args) => migrations(args),
    }
}

fn migrations(args: &CheckMigrations) -> Result<Exit, CliError> {
    let folder = std::env::current_dir()
        .map_err(|error| CliError::usage(format!("the current folder cannot be used: {error}")))?;
    let request = Request {
        paths: args.paths.clone(),
        base: args.base.clone(),
        all: args.all,
        dialect: args.dialect,
        options: Options { additive_only: args.additive_only, judge_down: args.down },
    };
    let gathered = gather(&folder, &request)?;
    let all = rules::all();
    let known: Vec<&Rule> = all.iter().map(|rule| &rule.rule).collect();
    let tool = Tool {
        name: "shipway check migrations",
        version: env!("CARGO_PKG_VERSION"),
        rules: &known,
    };
    let out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    let mut report = Report::new(out, format(args), &tool);
    let looked = gathered.judge(request.options, &mut report)?;
    let said = summary(&looked, &report.tally());
    match report.finish(&said) {
        Ok(tally) if tally.shuts(args.fail_on) => Ok(Exit::Failed),
        Ok(_) => Ok(Exit::Ok),
        // A reader who is gone (`| head`) has seen enough, and has not seen that all is well.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Failed),
        Err(error) => Err(CliError::trouble(format!("the findings cannot be written: {error}"))),
    }
}

fn format(args: &CheckMigrations) -> Format {
    match args.format {
        _ if args.json => Format::Json,
        CheckFormat::Text => Format::Text,
        CheckFormat::Json => Format::Json,
        CheckFormat::Sarif => Format::Sarif,
        CheckFormat::Github => Format::Github,
    }
}

impl From<GatherError> for CliError {
    fn from(error: GatherError) -> Self {
        Self::usage(error.to_string())
    }
}

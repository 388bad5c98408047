//! `shipway check`: the evidence that gates are judged by.

mod coverage;
mod duplication;
mod excluded;
mod report;
mod secrets;

use std::io::{self, BufWriter, Write as _};

use shipway_checks::migrations::{Options, rules};
use shipway_checks::render::{Format, Report, Tool};
use shipway_checks::{Rule, Severity, Sink as _, Tally};
use shipway_evidence::migrations::{GatherError, Gathered, Request, gather, summary};
use shipway_evidence::postgres::{Place, Proof, ProofError, Proven, Rows, prove};

use crate::args::{Check, CheckFormat, CheckMigrations};
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;

pub(super) async fn check(args: &Check) -> Result<Exit, CliError> {
    match args {
        Check::Migrations(args) => migrations(args).await,
        Check::Secrets(args) => secrets::run(args),
        Check::Report(args) => report::run(args),
        Check::Coverage(args) => coverage::run(args),
        Check::Duplication(args) => duplication::run(args),
    }
}

async fn migrations(args: &CheckMigrations) -> Result<Exit, CliError> {
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
    let proof = match &args.against_postgres {
        Some(url) => Some(proven(&gathered, url.as_deref(), args).await?),
        None => None,
    };
    let all = rules::all();
    let known: Vec<&Rule> = all.iter().map(|rule| &rule.rule).collect();
    let tool = Tool {
        name: "shipway check migrations",
        version: env!("CARGO_PKG_VERSION"),
        rules: &known,
    };
    let out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    let mut report = Report::new(out, format(args.format, args.json), &tool);
    let looked = gathered.judge(request.options, &mut report)?;
    let unsaid = proof.iter().flat_map(|proof| &proof.statements).flat_map(|of| &of.unsaid);
    unsaid.for_each(|finding| report.finding(finding.clone()));
    let said = summary(&looked, &report.tally());
    let finished = report.finish(&said).and_then(|tally| {
        if let Some(proof) = &proof {
            tell(proof, format(args.format, args.json))?;
        }
        Ok(tally)
    });
    ended(finished, args.fail_on)
}

fn ended(finished: io::Result<Tally>, fail_on: Severity) -> Result<Exit, CliError> {
    match finished {
        Ok(tally) if tally.shuts(fail_on) => Ok(Exit::Failed),
        Ok(_) => Ok(Exit::Ok),
        // A reader who is gone (`| head`) has seen enough, and has not seen that all is well.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Failed),
        Err(error) => Err(CliError::trouble(format!("the findings cannot be written: {error}"))),
    }
}

async fn proven(
    gathered: &Gathered,
    url: Option<&str>,
    args: &CheckMigrations,
) -> Result<Proof, CliError> {
    let rows = match &args.rows {
        Some(file) => Rows::read(file).map_err(ProofError::from)?,
        None => Rows::default(),
    };
    let place = match url {
        Some(url) => Place::at_url(url).await?,
        None => Place::throw_away().await?,
    };
    let proof = prove(&place, gathered, &rows, &args.time_zone).await;
    // What was made is removed whatever came of it.
    let removed = place.remove().await;
    let proof = proof?;
    removed?;
    Ok(proof)
}

/// What each statement did. For programs, one JSON value a line behind the findings; code
/// scanning and annotations have the findings alone.
fn tell(proof: &Proof, format: Format) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match format {
        Format::Sarif | Format::Github => {}
        Format::Json => {
            serde_json::to_writer(&mut out, proof)?;
            writeln!(out)?;
        }
        Format::Text => {
            writeln!(out, "\nwhat PostgreSQL did:")?;
            for statement in &proof.statements {
                tell_one(&mut out, statement)?;
            }
        }
    }
    out.flush()
}

fn tell_one(out: &mut impl io::Write, statement: &Proven) -> io::Result<()> {
    let Proven { file, span, excerpt, .. } = statement;
    writeln!(out, "{file}:{}: {excerpt}", span.start)?;
    let Some(seen) = &statement.observed else { return Ok(()) };
    if let Some(error) = &seen.error {
        return writeln!(out, "  failed: {error}");
    }
    let locks: Vec<_> =
        seen.locks.iter().map(|(table, lock)| format!("{lock} on {table}")).collect();
    let scanned: Vec<_> =
        seen.scanned.iter().map(|(of, rows)| format!("{rows} rows of {of}")).collect();
    let written: Vec<_> =
        seen.written.iter().map(|(of, rows)| format!("{rows} rows of {of}")).collect();
    let dropped: Vec<_> =
        seen.dropped.iter().map(|it| format!("{} {}", it.kind, it.name)).collect();
    for (what, list) in [
        ("locked", &locks),
        ("written anew", &seen.rewritten),
        ("emptied", &seen.emptied),
        ("read from end to end", &scanned),
        ("changed", &written),
        ("dropped", &dropped),
    ] {
        if !list.is_empty() {
            writeln!(out, "  {what}: {}", list.join(", "))?;
        }
    }
    if !seen.in_transaction {
        writeln!(out, "  outside a transaction: its locks cannot be seen")?;
    }
    let took = print::took(seen.took);
    match statement.estimate {
        Some(estimate) => {
            writeln!(
                out,
                "  took {took}; about {} for the rows that were given",
                print::took(estimate)
            )?;
        }
        None => writeln!(out, "  took {took}")?,
    }
    for (rule, shown) in &statement.said {
        let shown = match shown {
            Some(true) => "seen",
            Some(false) => "said, and not seen here",
            None => "cannot be seen by running it",
        };
        writeln!(out, "  {rule}: {shown}")?;
    }
    Ok(())
}

fn format(format: CheckFormat, json: bool) -> Format {
    match format {
        _ if json => Format::Json,
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

impl From<ProofError> for CliError {
    fn from(error: ProofError) -> Self {
        Self::usage(error.to_string())
    }
}

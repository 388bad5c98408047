//! Applies migrations statement by statement, and sets what was seen beside what was said.

use std::io::Read as _;
use std::time::Duration;

use serde::Serialize;
use shipway_checks::migrations::rules::{self, OBSERVED_ONLY, no_transaction};
use shipway_checks::migrations::statement::What;
use shipway_checks::migrations::{
    Known, Lock, Migration, Observed, Options, Part, Status, judge_file, parse,
};
use shipway_checks::sql::{Dialect, Directive, Event, Mark, Source, Statements};
use shipway_checks::{Finding, Pos, Span};

use super::observe::{Observation, Observer, install};
use super::rows::SAMPLE;
use super::{Place, ProofError, Rows};
use crate::migrations::Gathered;

/// A statement, what was said of it, and what it did.
#[derive(Debug, Serialize)]
pub struct Proven {
    /// The migration.
    pub file: String,
    /// Where the statement stands.
    pub span: Span,
    /// What stands there, shortened.
    pub excerpt: String,
    /// What it did; nothing if it cannot be run so (`COPY … FROM stdin`).
    pub observed: Option<Observation>,
    /// What the rules say of it, and whether that was seen; nothing where it cannot be.
    pub said: Vec<(String, Option<bool>)>,
    /// How long it takes for the rows that were given.
    pub estimate: Option<Duration>,
    /// What was seen and not said.
    #[serde(skip)]
    pub unsaid: Vec<Finding>,
}

/// What all of them did.
#[derive(Debug, Default, Serialize)]
pub struct Proof {
    /// In the order in which they were applied.
    pub statements: Vec<Proven>,
}

/// A statement of a file, ready to be run.
#[derive(Debug)]
struct Step {
    sql: String,
    span: Span,
    /// Begins or ends a transaction.
    control: Option<bool>,
    /// It can run in a transaction.
    transaction: bool,
    /// It wants rows from the client, or sends them.
    copies: bool,
}

/// Applies the migrations of PostgreSQL: those that were merged, then rows, then the new ones.
///
/// # Errors
/// When the database cannot be used, or a merged migration cannot be applied.
pub async fn prove(
    place: &Place,
    gathered: &Gathered,
    rows: &Rows,
    time_zone: &str,
) -> Result<Proof, ProofError> {
    let keeper = place.keeper().await?;
    let told = install(&keeper).await?;
    let client = place.migrator().await?;
    let zone = time_zone.replace('\'', "''");
    client.batch_execute(&format!("SET TIME ZONE '{zone}'")).await?;
    let (mut proof, mut known) = (Proof::default(), Known::default());
    let mut observer: Option<Observer<'_>> = None;
    let runs = gathered.migrations().iter().filter(|(migration, _)| {
        migration.part != Part::Down && gathered.dialect(migration) == Dialect::Postgres
    });
    for (migration, status) in runs {
        if *status == Status::Deleted {
            continue;
        }
        let text = read(gathered, migration)?;
        let steps = steps(&text);
        if *status == Status::Merged {
            for step in steps.iter().filter(|step| !step.copies) {
                client.simple_query(&step.sql).await.map_err(|error| ProofError::Earlier {
                    file: migration.path.clone(),
                    message: super::told(&error),
                })?;
            }
            // Memory can be read.
            drop(known.learn(&text[..], Dialect::Postgres));
            continue;
        }
        let observer = match &mut observer {
            Some(observer) => {
                observer.next_migration().await?;
                observer
            }
            None => {
                rows.seed(&keeper).await?;
                observer.insert(Observer::new(&client, told).await?)
            }
        };
        let findings = said(&text, migration, &mut known);
        for step in &steps {
            let observed = run(observer, step).await?;
            proof.statements.push(proven(migration, step, &findings, observed, rows));
        }
    }
    Ok(proof)
}

async fn run(observer: &mut Observer<'_>, step: &Step) -> Result<Option<Observation>, ProofError> {
    if let Some(begin) = step.control {
        observer.transaction(begin).await?;
        return Ok(None);
    }
    if step.copies {
        return Ok(None);
    }
    observer.run(&step.sql, step.transaction).await.map(Some)
}

fn read(gathered: &Gathered, migration: &Migration) -> Result<Vec<u8>, ProofError> {
    let mut text = Vec::new();
    let read = gathered.open(migration).and_then(|mut file| file.read_to_end(&mut text));
    read.map_err(|error| ProofError::Read { file: migration.path.clone(), error })?;
    Ok(text)
}

fn said(text: &[u8], migration: &Migration, known: &mut Known) -> Vec<Finding> {
    let mut findings = Vec::new();
    let judged =
        judge_file(text, migration, Dialect::Postgres, Options::default(), known, &mut findings);
    // Memory can be read.
    drop(judged);
    findings
}

/// The statements of a file that are applied: what undoes it is left out.
fn steps(text: &[u8]) -> Vec<Step> {
    let mut statements = Statements::new(text, Dialect::Postgres);
    let (mut steps, mut down) = (Vec::new(), false);
    while let Ok(Some(event)) = statements.advance() {
        match event {
            Event::Directive(Directive::Mark(Mark::Up(_)), _) => down = false,
            Event::Directive(Directive::Mark(Mark::Down(_)), _) => down = true,
            Event::Statement if !down => steps.push(step(&statements.current())),
            _ => {}
        }
    }
    steps
}

fn step(source: &Source<'_>) -> Step {
    let mut actions = Vec::new();
    parse(source.text, source.tokens, Dialect::Postgres, |action| actions.push(action));
    let control = actions.iter().find_map(|action| match action.what {
        What::Begin => Some(true),
        What::End | What::Rollback => Some(false),
        _ => None,
    });
    let sql = String::from_utf8_lossy(source.text).into_owned();
    let upper = sql.to_ascii_uppercase();
    let copies = upper.starts_with("COPY") && (upper.contains("STDIN") || upper.contains("STDOUT"));
    Step {
        span: source.span(),
        control,
        transaction: !actions.iter().any(|action| no_transaction(&action.what).is_some()),
        copies,
        sql,
    }
}

fn proven(
    migration: &Migration,
    step: &Step,
    findings: &[Finding],
    observed: Option<Observation>,
    rows: &Rows,
) -> Proven {
    let here = |pos: Pos| step.span.start <= pos && pos < step.span.end;
    let of_it: Vec<&Finding> = findings.iter().filter(|finding| here(finding.span.start)).collect();
    let all = rules::all();
    let categories: Vec<(String, Observed)> = of_it
        .iter()
        .filter_map(|finding| {
            let rule = all.iter().find(|rule| rule.rule.id == finding.rule)?;
            Some((finding.rule.to_string(), rule.observed))
        })
        .collect();
    let said = categories
        .iter()
        .map(|(rule, of)| (rule.clone(), observed.as_ref().and_then(|seen| shows(*of, seen))))
        .collect();
    let unsaid = observed.iter().filter_map(|seen| unsaid(migration, step, &categories, seen));
    let estimate = observed.as_ref().and_then(|seen| estimate(seen, rows));
    Proven {
        file: migration.path.clone(),
        span: step.span,
        excerpt: step.sql.lines().next().unwrap_or_default().chars().take(120).collect(),
        unsaid: unsaid.collect(),
        observed,
        said,
        estimate,
    }
}

/// Whether what a rule says was seen; nothing where that cannot be.
#[must_use]
pub fn shows(of: Observed, seen: &Observation) -> Option<bool> {
    let failed = seen.error.is_some();
    Some(match of {
        Observed::Not(_) => return None,
        Observed::Refused => failed,
        // What a statement that fails would have done cannot be seen.
        _ if failed => return None,
        Observed::Dropped => !seen.dropped.is_empty(),
        Observed::Rewritten => !seen.rewritten.is_empty(),
        Observed::Scanned => !seen.scanned.is_empty() && seen.strongest() >= Some(Lock::Share),
        Observed::Written => !seen.written.is_empty() || !seen.emptied.is_empty(),
        Observed::Locked => seen.strongest() >= Some(Lock::Share),
        Observed::Held => !seen.held.is_empty(),
        Observed::Changed => seen.changed,
    })
}

/// What loses data or writes tables anew, and was not said of the statement: it runs something
/// that is not written here.
fn unsaid(
    migration: &Migration,
    step: &Step,
    said: &[(String, Observed)],
    seen: &Observation,
) -> Option<Finding> {
    let has = |of: &[Observed]| said.iter().any(|(_, said)| of.contains(said));
    let tables: Vec<_> = seen.dropped.iter().filter(|it| it.kind.starts_with("table")).collect();
    let what = if !tables.is_empty() && !has(&[Observed::Dropped]) {
        format!("drops {}", tables.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(", "))
    } else if !seen.emptied.is_empty() && !has(&[Observed::Written]) {
        format!("empties {}", seen.emptied.join(", "))
    } else if !seen.rewritten.is_empty()
        && !has(&[Observed::Rewritten, Observed::Locked, Observed::Dropped, Observed::Written])
    {
        // A unique index that is rebuilt with its table is said by the table's rule.
        format!("writes {} anew", seen.rewritten.join(", "))
    } else {
        return None;
    };
    let message = format!("{what}, which its text does not show");
    let mut finding = Finding::new(&OBSERVED_ONLY.rule, migration.path.clone(), step.span, message);
    finding.excerpt = step.sql.chars().take(240).collect();
    Some(finding)
}

/// How long it takes for the rows that were given: what is read or written grows with them.
fn estimate(seen: &Observation, rows: &Rows) -> Option<Duration> {
    let read = seen.scanned.iter().chain(&seen.written);
    let largest = read.filter_map(|(table, sampled)| {
        let wanted = rows.of(table)?;
        // A statement may read its rows more than once.
        let sample = wanted.clamp(1, SAMPLE);
        (*sampled > 0).then(|| wanted as f64 / sample as f64)
    });
    let factor = largest.reduce(f64::max)?;
    Some(seen.took.mul_f64(factor))
}

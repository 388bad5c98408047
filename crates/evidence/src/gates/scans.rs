//! What is found by looking at the commit: migrations, secrets, what stands twice.

use shipway_checks::migrations::Options;
use shipway_checks::migrations::approval::is_destructive;
use shipway_checks::migrations::rules::UNUSED_ALLOW;
use shipway_checks::policy::shown::{Findings, Migrations, Seen, Share, Statement};
use shipway_checks::secrets::{Baseline, Rules};
use shipway_checks::{Check, Finding, Kind, Severity};
use shipway_core::config::People;
use shipway_core::config::gates::MigrationSafety;
use shipway_core::digest::Digest;
use shipway_core::gate::Role;

use super::findings::{counted, told};
use super::reports::{self, Piece};
use super::{Look, LookError};
use crate::git::Since;
use crate::migrations::{Request, gather, summary};
use crate::secrets::{Scope, search};

/// What the change's migrations do.
pub(super) fn migrations(look: &Look<'_>) -> Result<Seen<Migrations>, LookError> {
    let Some(gate) = &look.asked.migrations else { return Ok(Seen::default()) };
    let options = Options { additive_only: gate.additive_only, ..Options::default() };
    let request = Request {
        paths: gate.paths.iter().map(Into::into).collect(),
        base: look.base.map(str::to_owned),
        all: look.base.is_none(),
        dialect: None,
        options,
    };
    let mut check = Check::new("migrations");
    let looked = gather(look.root, &request)?.judge(options, &mut check)?;
    let migrations = Migrations {
        findings: counted(&check.findings, severity(gate.from)),
        statements: statements(look, gate, &check.findings),
        pull_request: look.pull_request.clone(),
        idle: check
            .findings
            .iter()
            .filter(|of| of.rule == UNUSED_ALLOW.rule.id)
            .map(told)
            .collect(),
    };
    let said = summary(&looked, &check.tally);
    let sources = vec![look.own(said, "shipway check migrations")];
    Ok(Seen { what: Some(migrations), sources, broken: Vec::new() })
}

/// What it takes a database administrator for. What is destructive, or could not be analysed, needs
/// one even where its author allows it in the file: nobody approves their own statement.
fn statements(look: &Look<'_>, gate: &MigrationSafety, findings: &[Finding]) -> Vec<Statement> {
    let Some(approval) = &gate.approval else { return Vec::new() };
    let allowed = People { by: approval.by.clone(), unverified: approval.unverified };
    let from = severity(gate.from);
    let wants = |finding: &&Finding| match (finding.kind, &finding.allowed) {
        (Kind::Found, None) => finding.severity >= from,
        (Kind::Found, Some(_)) => finding.severity >= from && is_destructive(&finding.rule),
        (Kind::Undecided, allowed) => allowed.is_some(),
    };
    let statement = |finding: &Finding| {
        let subject = Digest::of(finding.fingerprint.as_str().as_bytes());
        let agreed = look.ledger.agreement(subject, Role::Dba, &allowed).cloned();
        Statement { what: told(finding), subject, agreed }
    };
    findings.iter().filter(wants).map(statement).collect()
}

pub(super) const fn severity(of: shipway_core::config::Severity) -> Severity {
    match of {
        shipway_core::config::Severity::Low => Severity::Low,
        shipway_core::config::Severity::Medium => Severity::Medium,
        shipway_core::config::Severity::High => Severity::High,
        shipway_core::config::Severity::Critical => Severity::Critical,
    }
}

/// Tokens, keys and passwords that the change adds.
pub(super) fn secrets(look: &Look<'_>, since: Option<&Since>) -> Result<Seen<Findings>, LookError> {
    let Some(gate) = &look.asked.secrets else { return Ok(Seen::default()) };
    let wrong = |error: &dyn std::fmt::Display| LookError::Judge(error.to_string());
    let rules = match &gate.rules {
        Some(path) => {
            let text = look.judge_file(path)?;
            let text =
                text.ok_or_else(|| LookError::Judge(format!("there is no file `{path}`")))?;
            Rules::read(path, &text).map_err(|error| wrong(&error))?
        }
        None => Rules::built_in(),
    };
    let baseline = match look.judge_file(&gate.baseline)? {
        Some(text) => Baseline::read(&gate.baseline, &text).map_err(|error| wrong(&error))?,
        None => Baseline::default(),
    };
    let scope = since.map_or(Scope::Tree, |since| Scope::Since(since.clone()));
    let mut found = search(look.root, &scope, &rules)?;
    found.findings.iter_mut().for_each(|finding| baseline.apply(finding));
    let said = format!("{} files", found.looked_at);
    let sources = vec![look.own(said, "shipway check secrets")];
    Ok(Seen { what: Some(counted(&found.findings, Severity::Low)), sources, broken: Vec::new() })
}

/// What stands twice: as a report says, or as is seen here.
pub(super) fn duplication(look: &Look<'_>, pieces: &[Piece]) -> Result<Seen<Share>, LookError> {
    if look.asked.duplication.is_none() {
        return Ok(Seen::default());
    }
    let reported = reports::duplication(pieces);
    if reported.what.is_some() || !reported.broken.is_empty() {
        return Ok(reported);
    }
    let found = crate::duplication::look(look.root)?;
    let share = Share { part: found.duplicated, of: found.of };
    let sources = vec![look.own(format!("{} lines", found.of), "shipway check duplication")];
    Ok(Seen { what: Some(share), sources, broken: Vec::new() })
}

//! A release that a person wants in an environment.

use jiff::Timestamp;

use crate::config::Config;
use crate::deployment::Kind;
use crate::environment::Candidate;
use crate::gate;
use crate::ids::EnvName;
use crate::journal::Actor;
use crate::machine::Illegal;
use crate::release::Release;

use super::decide::wanted;

/// `release` as a candidate for `env`, configured as `config` says. What was
/// shown of it when it was built is its evidence.
///
/// # Errors
/// When the environment or a service is not configured.
pub fn manual_candidate(
    release: &Release,
    config: &Config,
    env: &EnvName,
    by: Actor,
    at: Timestamp,
) -> Result<Candidate, Illegal> {
    let rules = config.environments.get(env).ok_or_else(|| {
        Illegal::new(format!("there is no environment `{env}` at {}", release.commit.short()))
    })?;
    let passed: Vec<String> = release.runs.iter().map(ToString::to_string).collect();
    let evidence = if passed.is_empty() {
        vec!["it was released when no workflow was required".to_owned()]
    } else {
        passed
    };
    let position = gate::Position::Open { evidence };
    Ok(Candidate {
        plan: None,
        order: at,
        kind: Kind::Manual,
        release: release.id(),
        commit: release.commit.clone(),
        wanted: wanted(None, release, config, rules)?,
        rules: rules.clone(),
        verdicts: vec![gate::Verdict::required("workflows", position)],
        by,
    })
}

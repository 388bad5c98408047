//! What makes two deployments the same: releases and configuration.

use indexmap::IndexMap;
use serde::Serialize;

use crate::config::{Environment, Placement, Service};
use crate::digest::Digest;
use crate::ids::{EnvName, ServiceName};

use super::plan::Wanted;

#[derive(Serialize)]
struct Identity<'a> {
    env: &'a EnvName,
    services: Vec<(&'a ServiceName, Digest, &'a Service, &'a Placement)>,
    config: &'a Environment,
}

/// The digest of what goes where, and how. Approvals are bound to it. Where
/// secrets come from is part of it, their values are not: taking a rotated
/// secret is not a new deployment.
///
/// # Errors
/// When the configuration cannot be written as JSON.
pub fn identity(
    env: &EnvName,
    wanted: &IndexMap<ServiceName, Wanted>,
    config: &Environment,
) -> Result<Digest, serde_json::Error> {
    let services =
        wanted.iter().map(|(name, of)| (name, of.artifact.digest(), &of.config, &of.place));
    Digest::of_json(&Identity { env, services: services.collect(), config })
}

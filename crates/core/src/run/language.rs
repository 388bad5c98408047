//! What the workflow's own text says about a job.

use indexmap::IndexMap;

use crate::ids::JobKey;

use super::{Expanded, RunSpec, UnderWay};

/// What becomes of a job whose needs are done.
pub(super) enum Judgement {
    Run { instances: Vec<Expanded>, fail_fast: bool, max_parallel: Option<usize> },
    Skip { why: String },
    Fail { why: String },
}

pub(super) fn jobs(_spec: &RunSpec) -> Result<IndexMap<JobKey, Vec<JobKey>>, String> {
    Ok(IndexMap::new())
}

pub(super) fn judge(_run: &UnderWay, _key: &JobKey) -> Judgement {
    Judgement::Skip { why: String::new() }
}

pub(super) fn needs(_run: &UnderWay, _key: &JobKey) -> serde_json::Value {
    serde_json::Value::Null
}

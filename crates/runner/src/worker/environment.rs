//! The environment of a step's program.

use std::ffi::OsString;

use indexmap::IndexMap;

use crate::worker::contexts::default_variables;
use crate::worker::job::JobRun;
use crate::worker::step::{Frame, Occurrence};

/// The machine's variables, then the job's, those around a composite action,
/// the step's, then GitHub's defaults, which nothing replaces (but `CI`).
pub(crate) fn environment(
    job: &JobRun<'_>,
    frame: &Frame,
    at: &Occurrence,
    step_env: &IndexMap<String, String>,
) -> Vec<(OsString, OsString)> {
    let shared = job.shared;
    let mut env: IndexMap<OsString, OsString> = shared.machine_env.iter().cloned().collect();
    env.insert("CI".into(), "true".into());
    let around = frame.inside.as_ref().map(|inside| inside.around().env).unwrap_or_default();
    let state = job.state.lock();
    for (name, value) in state.env.iter().chain(&around).chain(step_env) {
        env.insert(name.into(), value.into());
    }
    for (name, value) in default_variables(shared, frame, at) {
        env.insert(name.into(), value.into());
    }
    if let Some(services) = &shared.message.services {
        for (name, value) in services.step_variables() {
            env.insert(name.into(), value.into());
        }
    }
    if !state.path.is_empty() {
        let old = env.get(&OsString::from("PATH")).cloned().unwrap_or_default();
        let mut path = OsString::new();
        for folder in state.path.iter().rev() {
            path.push(folder);
            path.push(":");
        }
        path.push(old);
        env.insert("PATH".into(), path);
    }
    env.into_iter().collect()
}

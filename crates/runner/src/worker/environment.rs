//! The environment of a step's program.

use std::ffi::OsString;

use indexmap::IndexMap;

use crate::worker::contexts::default_variables;
use crate::worker::shared::Shared;
use crate::worker::state::JobState;

/// The machine's variables, then the job's, then the step's, then GitHub's
/// defaults, which nothing replaces (but `CI`).
pub(crate) fn environment(
    shared: &Shared,
    state: &JobState,
    action: &str,
    step_env: &IndexMap<String, String>,
) -> Vec<(OsString, OsString)> {
    let mut env: IndexMap<OsString, OsString> = shared.machine_env.iter().cloned().collect();
    env.insert("CI".into(), "true".into());
    for (name, value) in state.env.iter().chain(step_env) {
        env.insert(name.into(), value.into());
    }
    for (name, value) in default_variables(shared, action) {
        env.insert(name.into(), value.into());
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

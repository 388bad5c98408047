//! The environment of a step's program.

use std::ffi::OsString;

use indexmap::IndexMap;

use crate::worker::contexts::default_variables;
use crate::worker::job::JobRun;
use crate::worker::place::Place;
use crate::worker::step::{Frame, Occurrence};

/// What a program has before anything is said.
#[derive(Clone, Copy)]
pub(crate) enum Base {
    /// The variables of this machine.
    Machine,
    /// Those of the job's container, which it has by itself.
    Container,
    /// Those of an action's container, whose PATH is its own.
    Action,
}

/// The machine's variables, then the job's, those around a composite action,
/// the step's, then GitHub's defaults, which nothing replaces (but `CI`).
pub(crate) fn environment(
    job: &JobRun<'_>,
    frame: &Frame,
    at: &Occurrence,
    step_env: &IndexMap<String, String>,
    base: Base,
) -> Vec<(OsString, OsString)> {
    let shared = job.shared;
    let mut env: IndexMap<OsString, OsString> = match base {
        Base::Machine => shared.machine_env.iter().cloned().collect(),
        Base::Container | Base::Action => IndexMap::new(),
    };
    if !matches!(base, Base::Container) {
        env.insert("CI".into(), "true".into());
    }
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
    if !state.path.is_empty() && !matches!(base, Base::Action) {
        let old = match job.shared.containers.place() {
            Place::Container(container) if matches!(base, Base::Container) => {
                container.search().into()
            }
            _ => env.get(&OsString::from("PATH")).cloned().unwrap_or_default(),
        };
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

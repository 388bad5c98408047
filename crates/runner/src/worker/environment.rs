//! The environment of a step's program.

use std::ffi::{OsStr, OsString};

use indexmap::IndexMap;

use crate::worker::contexts::{variables_of_job, variables_of_step};
use crate::worker::job::JobRun;
use crate::worker::place::Place;
use crate::worker::shared::Shared;
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

type Variables = IndexMap<OsString, OsString>;

/// What a program of a job has before its steps say something, put together once.
pub(crate) struct BeforeSteps {
    /// GitHub's defaults.
    defaults: Variables,
    /// Those of the machine, and the defaults over them.
    on_machine: Variables,
}

impl BeforeSteps {
    fn of(shared: &Shared) -> Self {
        let pairs = variables_of_job(shared).into_iter();
        let defaults: Variables = pairs.map(|(name, value)| (name.into(), value.into())).collect();
        let mut on_machine = with_ci(shared.machine_env.iter().cloned().collect());
        on_machine.extend(defaults.clone());
        Self { defaults, on_machine }
    }
}

fn with_ci(mut env: Variables) -> Variables {
    env.insert("CI".into(), "true".into());
    env
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
    let before = shared.before_steps(|| BeforeSteps::of(shared));
    let mut env = match base {
        Base::Machine => before.on_machine.clone(),
        Base::Container => before.defaults.clone(),
        Base::Action => with_ci(before.defaults.clone()),
    };
    let around = frame.inside.as_ref().map(|inside| inside.around().env).unwrap_or_default();
    let state = job.state.lock();
    for (name, value) in state.env.iter().chain(&around).chain(step_env) {
        let name = OsStr::new(name);
        if !before.defaults.contains_key(name) {
            env.insert(name.to_owned(), value.into());
        }
    }
    for (name, value) in variables_of_step(frame, at) {
        env.insert(name.into(), value.into());
    }
    if let Some(services) = &shared.message.services {
        for (name, value) in services.step_variables() {
            env.insert(name.into(), value.into());
        }
        past_proxies(&mut env, &services.url);
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

/// Where a proxy is set, clients of the results service at `url` are told to go
/// there without it: not all of them know by themselves what loopback is.
fn past_proxies(env: &mut Variables, url: &str) {
    let proxies = ["http_proxy", "https_proxy", "all_proxy"];
    let is_proxy = |name: &OsString| proxies.iter().any(|proxy| name.eq_ignore_ascii_case(proxy));
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split([':', '/']).next().unwrap_or_default();
    if !env.keys().any(is_proxy) || host.is_empty() {
        return;
    }
    for name in ["no_proxy", "NO_PROXY"] {
        let value = env.entry(name.into()).or_default();
        if !value.is_empty() {
            value.push(",");
        }
        value.push(host);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_proxy(pairs: &[(&str, &str)]) -> [Option<String>; 2] {
        let pairs = pairs.iter().map(|(name, value)| (name.into(), value.into()));
        let mut env: Variables = pairs.collect();
        past_proxies(&mut env, "http://127.0.0.1:4123/");
        let get = |name: &str| env.get(&OsString::from(name)).cloned();
        ["no_proxy", "NO_PROXY"].map(|name| get(name).map(|value| value.into_string().unwrap()))
    }

    #[test]
    fn a_proxy_is_not_asked_for_what_is_here() {
        assert_eq!(no_proxy(&[]), [None, None]);
        assert_eq!(no_proxy(&[("NO_PROXY", "a")]), [None, Some("a".to_owned())]);
        let here = || Some("127.0.0.1".to_owned());
        assert_eq!(no_proxy(&[("HTTP_PROXY", "http://p")]), [here(), here()]);
        let both = no_proxy(&[("https_proxy", "http://p"), ("NO_PROXY", "a,b")]);
        assert_eq!(both, [here(), Some("a,b,127.0.0.1".to_owned())]);
    }
}

//! Actions that many use: what they take and return, so that it is known without a copy.
//!
//! The table holds, for each action, the versions it is right for; other versions are unknown.

use indexmap::IndexMap;

use super::callee::{Interface, Taken};

mod actions;

/// An action in the table.
struct Known {
    /// `owner/name` or `owner/name/path`, in lower case.
    name: &'static str,
    /// The major versions that the lists are right for, the first and the last.
    versions: (u32, u32),
    /// The inputs; `!` behind a name says that it must be given.
    inputs: &'static [&'static str],
    /// The outputs; nothing when it may have any.
    outputs: Option<&'static [&'static str]>,
    /// Inputs that should no longer be given, and what to do instead.
    deprecated: &'static [(&'static str, &'static str)],
}

/// What an action takes and returns, if it is in the table.
pub(super) fn interface(owner: &str, name: &str, path: &str, reference: &str) -> Option<Interface> {
    let full = full_name(owner, name, path);
    let version = major(reference)?;
    let (first, last) = (|known: &Known| known.versions.0, |known: &Known| known.versions.1);
    let known = actions::ACTIONS
        .iter()
        .find(|known| known.name == full && (first(known)..=last(known)).contains(&version))?;
    let inputs = known.inputs.iter().map(|input| {
        let (name, required) = match input.strip_suffix('!') {
            Some(name) => (name, true),
            None => (*input, false),
        };
        let deprecation = known.deprecated.iter().find(|(old, _)| *old == name);
        let deprecation = deprecation.map(|(_, instead)| (*instead).to_owned());
        (name.to_owned(), Taken { required, deprecation })
    });
    let outputs = known.outputs.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
    let inputs: IndexMap<String, Taken> = inputs.collect();
    Some(Interface { name: format!("{full}@{reference}"), inputs, outputs })
}

/// The oldest major version of an action that still works, and why older ones do not.
pub(super) fn oldest(owner: &str, name: &str, path: &str) -> Option<(u32, &'static str)> {
    let full = full_name(owner, name, path);
    let (_, version, why) = actions::OLDEST.iter().find(|(name, _, _)| *name == full)?;
    Some((*version, why))
}

fn full_name(owner: &str, name: &str, path: &str) -> String {
    let separator = if path.is_empty() { "" } else { "/" };
    format!("{owner}/{name}{separator}{path}").to_lowercase()
}

/// 4, of `v4`, `v4.1.2` and `4`.
pub(super) fn major(reference: &str) -> Option<u32> {
    let digits = reference.strip_prefix('v').unwrap_or(reference);
    let major = digits.split('.').next().unwrap_or_default();
    // A commit may begin with digits as well.
    if reference.len() >= 40 { None } else { major.parse().ok() }
}

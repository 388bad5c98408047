//! Actions that many use: what they take and return, known without a copy of them.

use std::sync::LazyLock;

use super::callee::{Interface, Taken};

/// The table; its head says how it is written.
const TABLE: &str = include_str!("actions.txt");

/// The oldest major version of actions that still works, and why older ones do not.
const OLDEST: &[(&str, u32, &str)] = &[
    ("actions/cache", 4, SERVICE),
    ("actions/upload-artifact", 4, SERVICE),
    ("actions/download-artifact", 4, SERVICE),
    ("actions/checkout", 4, NODE),
    ("actions/setup-node", 4, NODE),
    ("actions/setup-python", 5, NODE),
    ("actions/setup-go", 5, NODE),
    ("actions/setup-java", 4, NODE),
    ("actions/setup-dotnet", 4, NODE),
    ("actions/github-script", 7, NODE),
    ("actions/stale", 9, NODE),
    ("actions/labeler", 5, NODE),
    ("docker/build-push-action", 5, NODE),
    ("docker/login-action", 3, NODE),
    ("docker/metadata-action", 5, NODE),
    ("docker/setup-buildx-action", 3, NODE),
    ("docker/setup-qemu-action", 3, NODE),
    ("github/codeql-action", 3, NODE),
];
const SERVICE: &str = "GitHub has shut down the service that older versions talk to";
const NODE: &str = "older versions are made for Node 16 or 12, which runners no longer have";

static ACTIONS: LazyLock<Vec<Known>> = LazyLock::new(|| read(TABLE));

/// An action in the table.
#[derive(Debug, Default)]
struct Known {
    /// `owner/name` or `owner/name/path`, in lower case.
    name: &'static str,
    /// The major versions that this is right for, the first and the last.
    versions: (u32, u32),
    inputs: Vec<&'static str>,
    outputs: Option<Vec<&'static str>>,
    deprecated: Vec<(&'static str, &'static str)>,
}

fn read(table: &'static str) -> Vec<Known> {
    let list = |text: &'static str| {
        text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect::<Vec<_>>()
    };
    let mut actions: Vec<Known> = Vec::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let fields = line.trim().split_once(':').filter(|_| line.starts_with(' '));
        match (fields, line.split_once(' ')) {
            (Some((key, value)), _) => {
                let Some(action) = actions.last_mut() else { continue };
                match key {
                    "in" => action.inputs = list(value),
                    "out" => action.outputs = Some(list(value)),
                    _ => action.deprecated.extend(value.trim().split_once(": ")),
                }
            }
            (None, Some((name, versions))) => {
                let (first, last) = versions.split_once("..").unwrap_or((versions, versions));
                let versions = (first.parse().unwrap_or(0), last.parse().unwrap_or(0));
                actions.push(Known { name, versions, ..Known::default() });
            }
            (None, None) => {}
        }
    }
    actions
}

/// What an action takes and returns, if it is in the table.
pub(super) fn interface(owner: &str, name: &str, path: &str, reference: &str) -> Option<Interface> {
    let full = full_name(owner, name, path);
    let version = major(reference)?;
    let known = ACTIONS.iter().find(|known| {
        known.name == full && (known.versions.0..=known.versions.1).contains(&version)
    })?;
    let inputs = known.inputs.iter().map(|input| {
        let (name, required) = match input.strip_suffix('!') {
            Some(name) => (name, true),
            None => (*input, false),
        };
        let deprecation = known.deprecated.iter().find(|(old, _)| *old == name);
        let deprecation = deprecation.map(|(_, instead)| (*instead).to_owned());
        (name.to_owned(), Taken { required, deprecation })
    });
    let outputs = known.outputs.as_ref();
    Some(Interface {
        name: format!("{full}@{reference}"),
        inputs: inputs.collect(),
        outputs: outputs.map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
        has_pre: false,
    })
}

/// The oldest major version of an action that still works, and why older ones do not.
pub(super) fn oldest(owner: &str, name: &str) -> Option<(u32, &'static str)> {
    let full = full_name(owner, name, "");
    let (_, version, why) = OLDEST.iter().find(|(name, _, _)| *name == full)?;
    Some((*version, why))
}

fn full_name(owner: &str, name: &str, path: &str) -> String {
    let separator = if path.is_empty() { "" } else { "/" };
    format!("{owner}/{name}{separator}{path}").to_lowercase()
}

/// 4, of `v4`, `v4.1.2` and `4`.
pub(super) fn major(reference: &str) -> Option<u32> {
    let digits = reference.strip_prefix('v').unwrap_or(reference);
    let parts: Vec<&str> = digits.split('.').collect();
    let version = parts.len() <= 3 && parts.iter().all(|part| part.parse::<u32>().is_ok());
    if version { parts.first()?.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::{ACTIONS, interface, major, oldest};

    #[test]
    fn the_table_is_whole() {
        assert!(ACTIONS.len() > 20);
        for known in ACTIONS.iter() {
            let (first, last) = known.versions;
            assert!(first > 0 && first <= last, "{known:?}");
            assert!(!known.inputs.is_empty(), "{known:?}");
            for (input, _) in &known.deprecated {
                assert!(known.inputs.contains(input), "{known:?}");
            }
        }
    }

    #[test]
    fn by_version() {
        let cache = interface("Actions", "cache", "", "v4.2.0").unwrap();
        assert!(cache.inputs["key"].required && !cache.inputs["restore-keys"].required);
        assert_eq!(cache.outputs.as_deref(), Some(&["cache-hit".to_owned()][..]));
        assert!(interface("actions", "cache", "", "v99").is_none());
        assert!(interface("actions", "github-script", "", "v7").unwrap().outputs.is_none());
        assert_eq!(oldest("actions", "checkout").map(|(version, _)| version), Some(4));
        assert_eq!(
            ["v4", "v4.1.2", "4", "main", "11bd719"].map(major),
            [Some(4), Some(4), Some(4), None, None]
        );
    }
}

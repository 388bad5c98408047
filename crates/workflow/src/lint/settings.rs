//! What a team has decided about the rules.

use serde::Deserialize;

/// What a team has decided about the rules.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Actions that need no commit in their `uses`: `owner/*` or `owner/name`. Their tags are
    /// trusted, their branches are not.
    pub trusted_actions: Vec<String>,
    /// Labels of runners of one's own; `*` stands for any characters.
    pub runner_labels: Vec<String>,
}

impl Default for Settings {
    /// Trusts GitHub's own actions: whoever runs on GitHub trusts it already.
    fn default() -> Self {
        let trusted_actions = vec!["actions/*".into(), "github/*".into()];
        Self { trusted_actions, runner_labels: Vec::new() }
    }
}

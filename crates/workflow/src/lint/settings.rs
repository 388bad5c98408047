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
    /// Rules of other checks: comments that allow their findings are theirs.
    #[serde(skip)]
    pub other_rules: Vec<String>,
}

impl Default for Settings {
    /// Trusts GitHub's own actions: whoever runs on GitHub trusts it already.
    fn default() -> Self {
        let trusted_actions = vec!["actions/*".into(), "github/*".into()];
        Self { trusted_actions, runner_labels: Vec::new(), other_rules: Vec::new() }
    }
}

impl Settings {
    /// Whether tags of an action (`owner/name`) are trusted.
    pub(super) fn trusts(&self, action: &str) -> bool {
        self.trusted_actions.iter().any(|pattern| fits(pattern, action))
    }

    /// Whether a label is one of the team's own.
    pub(super) fn has_label(&self, label: &str) -> bool {
        self.runner_labels.iter().any(|pattern| fits(pattern, label))
    }
}

/// Whether a name fits a pattern, in which `*` stands for any characters; case is ignored.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, name) in [("a/*", "A/b"), ("a/b", "a/b"), ("*", ""), ("g*-x*", "gpu-x1")] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("a/*", "b/a/c"), ("a/b", "a/bc"), ("a*b", "ab c"), ("ab*b", "ab")]
        {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }
}

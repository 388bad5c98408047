//! What a repository is called.

use std::fmt;

/// A repository's owner and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryName {
    pub(crate) owner: String,
    pub(crate) name: String,
}

impl RepositoryName {
    /// Both of them; nothing if they are of characters that none has: GitHub's are letters, digits,
    /// `-`, `_` and `.`.
    #[must_use]
    pub fn new(owner: &str, name: &str) -> Option<Self> {
        let fit = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let is_name =
            |text: &str| !text.is_empty() && !matches!(text, "." | "..") && text.chars().all(fit);
        (is_name(owner) && is_name(name))
            .then(|| Self { owner: owner.to_owned(), name: name.to_owned() })
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_no_other_place() {
        let shown = |owner, name| RepositoryName::new(owner, name).map(|name| name.to_string());
        assert_eq!(shown("acme", "shop.v2").as_deref(), Some("acme/shop.v2"));
        for (owner, name) in
            [("", "a"), ("a", ""), ("..", "a"), ("a", "."), ("a/b", "c"), ("a", "ü")]
        {
            assert_eq!(shown(owner, name), None, "{owner}/{name}");
        }
    }
}

//! The parts of an image's name.
//!
//! Source: the grammar of `distribution/reference`.

/// An image's name in its parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference<'n> {
    /// The registry's host; `None`: Docker Hub.
    pub(super) registry: Option<&'n str>,
    /// The name without tag and digest, the registry included.
    pub(super) repository: &'n str,
    /// The tag, or the digest; `latest` unless it says otherwise.
    pub(super) version: &'n str,
}

impl<'n> Reference<'n> {
    pub(super) fn parse(name: &'n str) -> Self {
        let first = name.split_once('/').map(|(first, _)| first);
        let registry = first.filter(|f| f.contains(['.', ':']) || *f == "localhost");
        let (repository, version) = match name.split_once('@') {
            Some((tagged, digest)) => (untagged(tagged).0, digest),
            None => {
                let (repository, tag) = untagged(name);
                (repository, tag.unwrap_or("latest"))
            }
        };
        Self { registry: registry.filter(|r| !is_hub(r)), repository, version }
    }
}

fn is_hub(registry: &str) -> bool {
    matches!(registry, "docker.io" | "index.docker.io" | "registry-1.docker.io")
}

/// A colon behind the last slash begins the tag; one before it, a port.
fn untagged(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (name, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_its_registry_and_version() {
        let parts = |name| {
            let Reference { registry, repository, version } = Reference::parse(name);
            (registry, repository, version)
        };
        assert_eq!(parts("node"), (None, "node", "latest"));
        assert_eq!(parts("acme/shop:1.2"), (None, "acme/shop", "1.2"));
        assert_eq!(parts("docker.io/acme/shop"), (None, "docker.io/acme/shop", "latest"));
        assert_eq!(parts("localhost/a"), (Some("localhost"), "localhost/a", "latest"));
        assert_eq!(
            parts("r.example:5000/a"),
            (Some("r.example:5000"), "r.example:5000/a", "latest")
        );
        assert_eq!(parts("ghcr.io/a/b:x@sha256:ab"), (Some("ghcr.io"), "ghcr.io/a/b", "sha256:ab"));
    }
}

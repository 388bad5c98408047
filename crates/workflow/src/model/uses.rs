//! `uses`: the actions and workflows of others.

use super::code;
use super::reader::Reader;
use crate::span::Spanned;
use crate::yaml::Node;

/// The action of a step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Uses {
    /// `./path`: in the workspace.
    Local {
        /// The folder, relative to the workspace.
        path: String,
    },
    /// `$/path`: in the repository of the workflow or action that says so, at its own commit.
    SameRepository {
        /// The folder in the repository.
        path: String,
    },
    /// `owner/name/path@ref`
    Repository {
        /// Who owns the repository.
        owner: String,
        /// The repository.
        name: String,
        /// The folder in it; empty is its root.
        path: String,
        /// Branch, tag or commit.
        reference: String,
    },
    /// `docker://image`
    Docker {
        /// The image.
        image: String,
    },
}

/// The workflow that a job calls.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum WorkflowUses {
    /// `./.github/workflows/file.yml`: of the same commit.
    Local {
        /// The file in the repository.
        path: String,
    },
    /// `owner/name/.github/workflows/file.yml@ref`
    Repository {
        /// Who owns the repository.
        owner: String,
        /// The repository.
        name: String,
        /// The file in it.
        path: String,
        /// Branch, tag or commit.
        reference: String,
    },
}

impl Uses {
    pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Option<Spanned<Self>> {
        let text = reader.text(node, "`uses`")?;
        let uses = Self::parse(&text);
        if uses.is_none() {
            let message = format!("`{}` names no action", text.value);
            let help = "write owner/name@ref, owner/name/path@ref, ./path or docker://image";
            reader.problem_with_help(code::BAD_USES, text.span, message, help);
        }
        uses.map(|uses| Spanned::new(uses, text.span))
    }

    /// Takes a `uses` apart.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(image) = text.strip_prefix("docker://") {
            let named = !image.is_empty() && !image.ends_with([':', '@', '/']);
            return named.then(|| Self::Docker { image: image.into() });
        }
        if text == "." || text.starts_with("./") || text.starts_with(".\\") {
            let path = text.get(2..).unwrap_or_default().replace('\\', "/");
            return Some(Self::Local { path });
        }
        if let Some(path) = text.strip_prefix("$/") {
            return Some(Self::SameRepository { path: path.into() });
        }
        let (owner, name, path, reference) = repository(text)?;
        Some(Self::Repository { owner, name, path, reference })
    }
}

impl WorkflowUses {
    pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Option<Spanned<Self>> {
        let text = reader.text(node, "`uses`")?;
        let uses = Self::parse(&text);
        if uses.is_none() {
            let message = format!("`{}` names no workflow", text.value);
            let help = "write ./.github/workflows/file.yml or \
                        owner/name/.github/workflows/file.yml@ref";
            reader.problem_with_help(code::BAD_USES, text.span, message, help);
        }
        uses.map(|uses| Spanned::new(uses, text.span))
    }

    /// Takes a job's `uses` apart.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_file = |path: &str| path.ends_with(".yml") || path.ends_with(".yaml");
        if let Some(path) = text.strip_prefix("./").or_else(|| text.strip_prefix("$/")) {
            return is_file(path).then(|| Self::Local { path: path.into() });
        }
        let (owner, name, path, reference) = repository(text)?;
        is_file(&path).then_some(Self::Repository { owner, name, path, reference })
    }
}

/// `owner/name[/path]@ref`
fn repository(text: &str) -> Option<(String, String, String, String)> {
    let (place, reference) = text.split_once('@')?;
    let mut segments = place.split(['/', '\\']).filter(|segment| !segment.is_empty());
    let (owner, name) = (segments.next()?, segments.next()?);
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if reference.is_empty() || !owner.chars().chain(name.chars()).all(legal) {
        return None;
    }
    let path: Vec<&str> = segments.collect();
    Some((owner.into(), name.into(), path.join("/"), reference.into()))
}

#[cfg(test)]
mod tests {
    use super::{Uses, WorkflowUses};

    #[test]
    fn actions() {
        let parts = |text: &str| match Uses::parse(text) {
            Some(Uses::Repository { owner, name, path, reference }) => {
                format!("{owner}|{name}|{path}|{reference}")
            }
            other => format!("{other:?}"),
        };
        assert_eq!(parts("actions/checkout@v4"), "actions|checkout||v4");
        assert_eq!(parts("a/b/c/d@refs/heads/x"), "a|b|c/d|refs/heads/x");
        insta::assert_snapshot!(parts("./x/y"), @r#"Some(Local { path: "x/y" })"#);
        insta::assert_snapshot!(parts("docker://alpine:3"), @r#"Some(Docker { image: "alpine:3" })"#);
        insta::assert_snapshot!(parts("$/x"), @r#"Some(SameRepository { path: "x" })"#);
        for text in [
            "actions/checkout",
            "checkout@v4",
            "a/b@",
            "docker://",
            "docker://image:",
            "a b/c@v1",
            "",
        ] {
            assert_eq!(Uses::parse(text), None, "{text}");
        }
    }

    #[test]
    fn workflows() {
        let path = ".github/workflows/a.yml".to_owned();
        let local = WorkflowUses::parse("./.github/workflows/a.yml");
        assert_eq!(local, Some(WorkflowUses::Local { path }));
        assert!(WorkflowUses::parse("o/n/.github/workflows/a.yaml@main").is_some());
        for text in ["./.github/workflows/a.exe", "some-other@String.com", "o/n@v1"] {
            assert_eq!(WorkflowUses::parse(text), None, "{text}");
        }
    }
}

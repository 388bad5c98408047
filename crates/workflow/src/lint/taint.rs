//! Values that strangers decide about: who opens an issue names it as he likes.
//!
//! Source: GitHub's "Security hardening: understanding the risk of script injections", and the
//! events' payloads.

use super::site::Site;
use super::types::path;
use crate::expr::{Expression, Function, Node, NodeKind};
use crate::model::Bindings;

/// Below `github`; `*` is any item or member.
const UNTRUSTED: &[&str] = &[
    "event.issue.title",
    "event.issue.body",
    "event.pull_request.title",
    "event.pull_request.body",
    "event.pull_request.head.ref",
    "event.pull_request.head.label",
    "event.pull_request.head.repo.default_branch",
    "event.pull_request.head.repo.description",
    "event.pull_request.head.repo.homepage",
    "event.comment.body",
    "event.review.body",
    "event.review_comment.body",
    "event.discussion.title",
    "event.discussion.body",
    "event.pages.*.page_name",
    "event.pages.*.title",
    "event.commits.*.message",
    "event.commits.*.author.email",
    "event.commits.*.author.name",
    "event.commits.*.committer.email",
    "event.commits.*.committer.name",
    "event.head_commit.message",
    "event.head_commit.author.email",
    "event.head_commit.author.name",
    "event.head_commit.committer.email",
    "event.head_commit.committer.name",
    "event.workflow_run.head_branch",
    "event.workflow_run.display_title",
    "event.workflow_run.head_commit.message",
    "event.workflow_run.head_commit.author.email",
    "event.workflow_run.head_commit.author.name",
    "event.workflow_run.pull_requests.*.head.ref",
    "event.merge_group.head_commit.message",
    "event.merge_group.head_commit.author.email",
    "event.merge_group.head_commit.author.name",
    "head_ref",
];

/// Something untrusted in an expression's value.
pub(super) struct Untrusted {
    /// Bytes from the start of the expression.
    pub(super) offset: usize,
    /// As it is written.
    pub(super) path: String,
    /// The variable of `env` that it came through.
    pub(super) through: Option<String>,
}

/// What strangers decide about in the value of an expression.
pub(super) fn untrusted(expression: &Expression, site: &Site<'_>) -> Option<Untrusted> {
    let search = Search { env: &site.env };
    search.node(expression.root(), false)
}

struct Search<'s, 'a> {
    env: &'s [&'a Bindings],
}

impl Search<'_, '_> {
    /// `whole`: whether an object's members become part of the value, as with `toJSON`.
    fn node(&self, node: &Node, whole: bool) -> Option<Untrusted> {
        match &node.kind {
            NodeKind::Context(_) | NodeKind::Index { .. } | NodeKind::All(_) => {
                self.member(node, whole)
            }
            NodeKind::Or(nodes) => nodes.iter().find_map(|node| self.node(node, whole)),
            // What comes before the last is only the value when it is empty.
            NodeKind::And(nodes) => self.node(nodes.last()?, whole),
            NodeKind::Call { function, arguments } => match function {
                Function::Format | Function::FromJson => {
                    arguments.iter().find_map(|argument| self.node(argument, whole))
                }
                Function::Join => arguments.iter().find_map(|argument| self.node(argument, whole)),
                Function::ToJson => arguments.iter().find_map(|argument| self.node(argument, true)),
                Function::Case => {
                    let values = arguments.iter().skip(1).step_by(2).chain(arguments.last());
                    values.into_iter().find_map(|argument| self.node(argument, whole))
                }
                _ => None,
            },
            NodeKind::Literal(_) | NodeKind::Not(_) | NodeKind::Binary { .. } => None,
        }
    }

    fn member(&self, node: &Node, whole: bool) -> Option<Untrusted> {
        let way = way(node)?;
        let found = |through| Untrusted { offset: root(node).offset, path: path(node), through };
        match way.split_first()? {
            (Step::Named(context), rest) if context == "github" => {
                let fits = |pattern: &str| fits(rest, pattern, whole);
                UNTRUSTED.iter().any(|pattern| fits(pattern)).then(|| found(None))
            }
            (Step::Named(context), [Step::Named(name)]) if context == "env" => {
                let value = self.env.iter().find_map(|bindings| bindings.get(name))?;
                let first = value.expressions().find_map(|(expression, _)| {
                    Search { env: &[] }.node(expression.root(), false)
                })?;
                Some(Untrusted { through: Some(first.path), ..found(None) })
            }
            _ => None,
        }
    }
}

enum Step {
    Named(String),
    /// `*`, a number, or a key that is computed.
    Any,
}

/// The names from the context to the member.
fn way(node: &Node) -> Option<Vec<Step>> {
    match &node.kind {
        NodeKind::Context(name) => Some(vec![Step::Named(name.to_lowercase())]),
        NodeKind::Index { of, key } => {
            let mut way = way(of)?;
            way.push(match &key.kind {
                NodeKind::Literal(value) => match value.as_str() {
                    Some(name) => Step::Named(name.to_lowercase()),
                    None => Step::Any,
                },
                _ => Step::Any,
            });
            Some(way)
        }
        NodeKind::All(of) => {
            let mut way = way(of)?;
            way.push(Step::Any);
            Some(way)
        }
        _ => None,
    }
}

fn root(node: &Node) -> &Node {
    match &node.kind {
        NodeKind::Index { of, .. } | NodeKind::All(of) => root(of),
        _ => node,
    }
}

/// Whether a way leads to a pattern; with `whole`, also to an object that holds it.
fn fits(way: &[Step], pattern: &str, whole: bool) -> bool {
    let wanted: Vec<&str> = pattern.split('.').collect();
    let long_enough = way.len() == wanted.len() || (whole && way.len() < wanted.len());
    long_enough
        && way.iter().zip(&wanted).all(|(step, wanted)| match step {
            Step::Named(name) => *wanted == "*" || name == wanted,
            Step::Any => true,
        })
}

//! The tree and how it is asked.

use super::scalar::{Resolved, Scalar};
use crate::span::{Span, Spanned};

/// One node of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where its content is written. For a node that came by an alias, that is at the anchor.
    pub span: Span,
    /// Where the alias is, when the node came by one.
    pub alias: Option<Span>,
    /// What it is.
    pub kind: NodeKind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind {
    /// Text, a number, a boolean or null.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values in the order of the file.
    Mapping(Mapping),
}

/// Keys and values in the order of the file; no key is there twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mapping {
    pub(super) entries: Vec<Entry>,
}

/// One key with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key's text and where it is written.
    pub key: Spanned<String>,
    /// Its value.
    pub value: Node,
}

impl Node {
    /// Where a reader looks for this node: at the alias if it came by one, else at its content.
    #[must_use]
    pub fn at(&self) -> Span {
        self.alias.unwrap_or(self.span)
    }

    /// The scalar, if it is one.
    #[must_use]
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            NodeKind::Scalar(scalar) => Some(scalar),
            NodeKind::Sequence(_) | NodeKind::Mapping(_) => None,
        }
    }

    /// The list, if it is one.
    #[must_use]
    pub fn as_sequence(&self) -> Option<&[Node]> {
        match &self.kind {
            NodeKind::Sequence(items) => Some(items),
            NodeKind::Scalar(_) | NodeKind::Mapping(_) => None,
        }
    }

    /// The mapping, if it is one.
    #[must_use]
    pub fn as_mapping(&self) -> Option<&Mapping> {
        match &self.kind {
            NodeKind::Mapping(mapping) => Some(mapping),
            NodeKind::Scalar(_) | NodeKind::Sequence(_) => None,
        }
    }

    /// The text of a scalar that is a string under the core schema; `1.0` and `true` are not.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.as_scalar().filter(|s| s.value == Resolved::String).map(|s| s.text.as_str())
    }

    /// The text of any scalar, as written (without quotes), whatever its type.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.as_scalar().map(|s| s.text.as_str())
    }

    /// `true` or `false`, unquoted.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.as_scalar()?.value {
            Resolved::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// An unquoted whole number within the range of `i64`.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self.as_scalar()?.value {
            Resolved::Int(value) => Some(value),
            _ => None,
        }
    }

    /// An unquoted number, whole or not.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "YAML's numbers are floats to GitHub")]
    pub fn as_float(&self) -> Option<f64> {
        match self.as_scalar()?.value {
            Resolved::Int(value) => Some(value as f64),
            Resolved::Float(value) => Some(value),
            _ => None,
        }
    }

    /// Whether it is null: nothing at all, `~` or `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.as_scalar().is_some_and(|s| s.value == Resolved::Null)
    }

    /// Whether it holds an expression, in a key or in a value.
    #[must_use]
    pub fn has_expressions(&self) -> bool {
        match &self.kind {
            NodeKind::Scalar(scalar) => scalar.text.contains("${{"),
            NodeKind::Sequence(items) => items.iter().any(Self::has_expressions),
            NodeKind::Mapping(mapping) => mapping
                .iter()
                .any(|entry| entry.key.contains("${{") || entry.value.has_expressions()),
        }
    }

    /// What it is, for messages: `a mapping`, `a list`, `a number`, …
    #[must_use]
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            NodeKind::Sequence(_) => "a list",
            NodeKind::Mapping(_) => "a mapping",
            NodeKind::Scalar(scalar) => match scalar.value {
                Resolved::Null => "nothing",
                Resolved::Bool(_) => "a boolean",
                Resolved::Int(_) | Resolved::Float(_) => "a number",
                Resolved::String => "a string",
            },
        }
    }
}

impl Mapping {
    /// The entries in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries.iter()
    }

    /// The value of a key, exactly as spelled.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of a key, exactly as spelled.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key.value == key)
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<'a> IntoIterator for &'a Mapping {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

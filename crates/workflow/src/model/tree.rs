//! Any YAML with expressions in it.

use indexmap::IndexMap;

use super::reader::{Reader, value};
use crate::expr::{Context, EvaluateError, Object, Scope, Template, Value};
use crate::span::Span;
use crate::yaml::{Node, NodeKind, Resolved};

/// A value of any shape, with expressions at its leaves.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// A scalar.
    Scalar(Template),
    /// A list.
    Sequence(Vec<Tree>),
    /// Keys and values in order.
    Mapping(IndexMap<String, Tree>),
}

impl Tree {
    pub(super) fn read(
        reader: &mut Reader<'_>,
        node: &Node,
        what: &str,
        scope: &Scope<'_>,
    ) -> Option<Self> {
        match &node.kind {
            NodeKind::Scalar(scalar) if scalar.value != Resolved::String => {
                Some(Self::Scalar(Template::value(value(scalar), node.at())))
            }
            NodeKind::Scalar(_) => reader.template(node, what, scope).map(Self::Scalar),
            NodeKind::Sequence(items) => {
                let items = items.iter().filter_map(|item| Self::read(reader, item, what, scope));
                Some(Self::Sequence(items.collect()))
            }
            NodeKind::Mapping(_) => {
                let fields = reader.plain_mapping(node, what)?;
                let mut entries = IndexMap::new();
                for entry in fields.iter() {
                    if let Some(tree) = Self::read(reader, &entry.value, what, scope) {
                        entries.insert(entry.key.value.clone(), tree);
                    }
                }
                Some(Self::Mapping(entries))
            }
        }
    }

    /// The value under a key, when this is a mapping.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Mapping(entries) => entries.get(key),
            Self::Scalar(_) | Self::Sequence(_) => None,
        }
    }

    /// The templates in it.
    #[must_use]
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Scalar(template) => vec![template],
            Self::Sequence(items) => items.iter().flat_map(Self::templates).collect(),
            Self::Mapping(entries) => entries.values().flat_map(Self::templates).collect(),
        }
    }

    /// Where its first scalar stands.
    #[must_use]
    pub fn span(&self) -> Span {
        self.templates().first().map_or_else(Span::default, |template| template.span)
    }

    /// The value, with every expression evaluated.
    ///
    /// # Errors
    /// The first expression that has no value.
    pub fn evaluate(&self, context: &dyn Context) -> Result<Value, EvaluateError> {
        match self {
            Self::Scalar(template) => template.evaluate(context),
            Self::Sequence(items) => {
                let mut values = Vec::new();
                for item in items {
                    match (item, item.evaluate(context)?) {
                        // As on GitHub, an item that comes to a list stands for its items.
                        (Self::Scalar(_), Value::Array(inner)) => {
                            values.extend(inner.iter().cloned())
                        }
                        (_, value) => values.push(value),
                    }
                }
                Ok(Value::from(values))
            }
            Self::Mapping(entries) => {
                let object: Result<Object, _> = entries
                    .iter()
                    .map(|(key, tree)| Ok((key.as_str(), tree.evaluate(context)?)))
                    .collect();
                object.map(Value::from)
            }
        }
    }
}

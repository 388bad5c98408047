//! Values that are written in YAML.

use super::object::Object;
use super::value::Value;
use crate::yaml::{Node, NodeKind, Resolved, Scalar};

impl From<&Scalar> for Value {
    fn from(scalar: &Scalar) -> Self {
        match scalar.value {
            Resolved::Null => Self::Null,
            Resolved::Bool(value) => Self::Bool(value),
            #[expect(clippy::cast_precision_loss, reason = "every number is a float to GitHub")]
            Resolved::Int(value) => Self::Number(value as f64),
            Resolved::Float(value) => Self::Number(value),
            Resolved::String => scalar.text.as_str().into(),
        }
    }
}

impl From<&Node> for Value {
    fn from(node: &Node) -> Self {
        match &node.kind {
            NodeKind::Scalar(scalar) => scalar.into(),
            NodeKind::Sequence(items) => items.iter().map(Self::from).collect::<Vec<_>>().into(),
            NodeKind::Mapping(mapping) => {
                let members = mapping.iter();
                let members = members.map(|entry| (entry.key.as_str(), Self::from(&entry.value)));
                members.collect::<Object>().into()
            }
        }
    }
}

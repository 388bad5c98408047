//! Values that are written out or computed.

use super::reader::Reader;
use crate::expr::{Context, EvaluateError, Scope, Template, Value};
use crate::span::Spanned;
use crate::yaml::Node;

/// A value of the file, or an expression that yields one.
#[derive(Clone, Debug, PartialEq)]
pub enum Dynamic<T> {
    /// Written out.
    Fixed(Spanned<T>),
    /// `${{ … }}`
    Computed(Template),
}

impl Dynamic<bool> {
    pub(super) fn read(
        reader: &mut Reader<'_>,
        node: &Node,
        what: &str,
        scope: &Scope<'_>,
    ) -> Option<Self> {
        if let Some(template) = reader.whole_expression(node, what, scope) {
            return template.map(Self::Computed);
        }
        reader.boolean(node, what).map(|value| Self::Fixed(Spanned::new(value, node.at())))
    }

    /// The value in a context.
    ///
    /// # Errors
    /// The expression has no value, or one that is neither true nor false.
    pub fn evaluate(&self, context: &dyn Context) -> Result<bool, EvaluateError> {
        match self {
            Self::Fixed(value) => Ok(value.value),
            Self::Computed(template) => {
                boolean(&template.evaluate(context)?).map_err(|message| template.wrong(&message))
            }
        }
    }
}

impl Dynamic<f64> {
    pub(super) fn read(
        reader: &mut Reader<'_>,
        node: &Node,
        what: &str,
        scope: &Scope<'_>,
    ) -> Option<Self> {
        if let Some(template) = reader.whole_expression(node, what, scope) {
            return template.map(Self::Computed);
        }
        let Some(value) = node.as_float() else {
            reader.wrong_kind(node, what, "a number");
            return None;
        };
        if !value.is_finite() {
            let message = format!("{what} must be a finite number");
            reader.problem(super::code::WRONG_VALUE, node.at(), message);
            return None;
        }
        Some(Self::Fixed(Spanned::new(value, node.at())))
    }

    /// The limit in a context, if it is one: 0 and less are none.
    ///
    /// # Errors
    /// The expression has no value, or one that is no number.
    pub fn evaluate(&self, context: &dyn Context) -> Result<Option<f64>, EvaluateError> {
        let number = match self {
            Self::Fixed(value) => value.value,
            Self::Computed(template) => {
                number(&template.evaluate(context)?).map_err(|message| template.wrong(&message))?
            }
        };
        Ok(Some(number).filter(|number| *number > 0.0))
    }
}

/// A computed value that has to be true or false. GitHub never makes one of a text.
pub(super) fn boolean(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(value) => Ok(*value),
        other => Err(unexpected(other, "`true` or `false`")),
    }
}

/// A computed value that has to be a number. GitHub never makes one of a text.
pub(super) fn number(value: &Value) -> Result<f64, String> {
    match value {
        Value::Number(value) if value.is_finite() => Ok(*value),
        other => Err(unexpected(other, "a number")),
    }
}

fn unexpected(value: &Value, wanted: &str) -> String {
    match value {
        Value::String(text) => format!(
            "{wanted} was expected here, not the text `{text}`; `fromJSON(…)` makes a value of a text"
        ),
        Value::Number(_) => format!("{wanted} was expected here, not the number {value}"),
        other => format!("{wanted} was expected here, not {}", other.describe()),
    }
}

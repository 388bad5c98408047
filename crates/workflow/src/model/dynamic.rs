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
            Self::Computed(template) => match template.evaluate(context)? {
                Value::Bool(value) => Ok(value),
                Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
                Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(false),
                other => {
                    let message =
                        format!("`true` or `false` was expected here, not {}", other.describe());
                    Err(template.wrong(&message))
                }
            },
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
        let Some(value) = node.as_float().filter(|value| value.is_finite()) else {
            reader.wrong_kind(node, what, "a number");
            return None;
        };
        if value <= 0.0 {
            let message = format!("{what} must be greater than 0");
            reader.problem(super::code::WRONG_VALUE, node.at(), message);
            return None;
        }
        Some(Self::Fixed(Spanned::new(value, node.at())))
    }

    /// The value in a context.
    ///
    /// # Errors
    /// The expression has no value, or one that is no number above 0.
    pub fn evaluate(&self, context: &dyn Context) -> Result<f64, EvaluateError> {
        match self {
            Self::Fixed(value) => Ok(value.value),
            Self::Computed(template) => {
                let value = template.evaluate(context)?;
                let number = value.to_number();
                if value.is_primitive() && number.is_finite() && number > 0.0 {
                    Ok(number)
                } else {
                    let message =
                        format!("a number above 0 was expected here, not `{}`", value.to_text());
                    Err(template.wrong(&message))
                }
            }
        }
    }
}

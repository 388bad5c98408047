//! Strings with `${{ … }}` in them.

use super::ast::Expression;
use super::context::Context;
use super::eval::EvaluateError;
use super::lexer::SyntaxError;
use super::parsed::Parsed;
use super::scope::Scope;
use super::value::Value;
use super::{Object, code};
use crate::diagnostic::Diagnostic;
use crate::span::{Pos, Span};

/// A string as it stands in a file, with its expressions parsed.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// Where it stands.
    pub span: Span,
    text: String,
    parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text that stays as it is.
    Text(String),
    /// `${{ expression }}`
    Expression {
        /// What is between the braces.
        expression: Expression,
        /// Where it stands, braces included.
        span: Span,
    },
    /// A YAML value that is no string: `true`, `1.5`, nothing.
    Literal(Value),
}

impl Template {
    /// Text without any expression, whatever it contains.
    #[must_use]
    pub fn literal(text: impl Into<String>, span: Span) -> Self {
        let text = text.into();
        Self { span, parts: vec![Part::Text(text.clone())], text }
    }

    /// A value that is no string.
    #[must_use]
    pub fn value(value: Value, span: Span) -> Self {
        Self { span, text: value.to_text(), parts: vec![Part::Literal(value)] }
    }

    /// Parses a string of a file. `parsed` are the expressions of the file so far; `locate` says where a byte of `text` stands in it; it is asked
    /// from left to right.
    ///
    /// # Errors
    /// Every expression that cannot be parsed.
    pub fn parse(
        file: &str,
        text: &str,
        span: Span,
        scope: &Scope<'_>,
        parsed: &mut Parsed,
        mut locate: impl FnMut(usize) -> Pos,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut parts = Vec::new();
        let mut problems = Vec::new();
        let mut at = 0;
        while let Some(open) = text[at..].find(OPEN).map(|i| at + i) {
            if open > at {
                parts.push(Part::Text(text[at..open].into()));
            }
            let start = locate(open);
            let Some(close) = closing(text, open + OPEN.len()) else {
                let message = "this `${{` has no closing `}}`";
                let here = Span::new(start, span.end.max(start));
                problems.push(Diagnostic::error(code::UNCLOSED, file, here, message));
                return Err(problems);
            };
            let inner = &text[open + OPEN.len()..close];
            let trimmed = inner.trim();
            let lead = open + OPEN.len() + (inner.len() - inner.trim_start().len());
            match expression(trimmed, scope, parsed) {
                Ok(expression) => {
                    at = close + CLOSE.len();
                    let end = locate(at);
                    parts.push(Part::Expression { expression, span: Span::new(start, end) });
                }
                Err(error) => {
                    problems.push(error.diagnostic(file, |offset| locate(lead + offset)));
                    at = close + CLOSE.len();
                }
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        if at < text.len() || parts.is_empty() {
            parts.push(Part::Text(text[at..].into()));
        }
        Ok(Self { span, text: text.into(), parts })
    }

    /// The text as it stands in the file.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The pieces in order, at least one.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The expressions in it.
    pub fn expressions(&self) -> impl Iterator<Item = (&Expression, Span)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Expression { expression, span } => Some((expression, *span)),
            Part::Text(_) | Part::Literal(_) => None,
        })
    }

    /// Whether there is no expression in it.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.expressions().next().is_none()
    }

    /// The value, when there is no expression in it.
    #[must_use]
    pub fn as_literal(&self) -> Option<Value> {
        match self.parts.as_slice() {
            [Part::Text(text)] => Some(text.as_str().into()),
            [Part::Literal(value)] => Some(value.clone()),
            _ => None,
        }
    }

    /// The expression, when the whole string is one.
    #[must_use]
    pub fn as_expression(&self) -> Option<&Expression> {
        match self.parts.as_slice() {
            [Part::Expression { expression, .. }] => Some(expression),
            _ => None,
        }
    }

    /// The value: of any kind when the whole is one expression, else a string.
    ///
    /// # Errors
    /// The first expression that has no value.
    pub fn evaluate(&self, context: &dyn Context) -> Result<Value, EvaluateError> {
        if let [part] = self.parts.as_slice() {
            return part.evaluate(context);
        }
        let mut out = String::new();
        for part in &self.parts {
            out.push_str(&part.evaluate(context)?.to_text());
        }
        Ok(out.into())
    }

    /// The value as text. As on GitHub, an expression that is the whole of it must not yield a
    /// list or an object; inside of a text these are `Array` and `Object`.
    ///
    /// # Errors
    /// The first expression that has no value, or none that is text.
    pub fn render(&self, context: &dyn Context) -> Result<String, EvaluateError> {
        Ok(self.evaluate_scalar(context)?.to_text())
    }

    /// The value, if it is no list and no object.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub fn evaluate_scalar(&self, context: &dyn Context) -> Result<Value, EvaluateError> {
        let value = self.evaluate(context)?;
        self.refuse_collection(&value)?;
        Ok(value)
    }

    /// Refuses a list or an object where text is wanted.
    pub(crate) fn refuse_collection(&self, value: &Value) -> Result<(), EvaluateError> {
        match value {
            Value::Array(_) | Value::Object(_) => Err(self.wrong(&format!(
                "text was expected here, not {}; `toJSON(…)` makes text of it",
                value.describe()
            ))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }

    /// The object that a whole expression yields, as `env: ${{ fromJSON(…) }}` needs it.
    ///
    /// # Errors
    /// The expression has no value, or another kind of value.
    pub fn evaluate_object(&self, context: &dyn Context) -> Result<Object, EvaluateError> {
        match self.evaluate(context)? {
            Value::Object(object) => Ok(object.as_ref().clone()),
            other => {
                Err(self.wrong(&format!("an object was expected here, not {}", other.describe())))
            }
        }
    }

    /// An error about this template's value.
    #[must_use]
    pub fn wrong(&self, message: &str) -> EvaluateError {
        EvaluateError { message: message.into(), expression: self.text.clone(), span: self.span }
    }
}

impl Part {
    fn evaluate(&self, context: &dyn Context) -> Result<Value, EvaluateError> {
        match self {
            Self::Text(text) => Ok(text.as_str().into()),
            Self::Literal(value) => Ok(value.clone()),
            Self::Expression { expression, span } => {
                expression.evaluate(context).map_err(|error| EvaluateError { span: *span, ..error })
            }
        }
    }
}

const OPEN: &str = "${{";
const CLOSE: &str = "}}";

/// An expression of a template, which may not be empty.
fn expression(
    text: &str,
    scope: &Scope<'_>,
    parsed: &mut Parsed,
) -> Result<Expression, SyntaxError> {
    if text.is_empty() {
        return Err(SyntaxError::at(0, "An expression was expected"));
    }
    parsed.parse(text, scope)
}

/// Where the `}}` is that ends the expression starting at `from`; one in a string does not.
fn closing(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut in_string = false;
    for i in from..bytes.len() {
        match bytes[i] {
            b'\'' => in_string = !in_string,
            b'}' if !in_string && bytes.get(i + 1) == Some(&b'}') => return Some(i),
            _ => {}
        }
    }
    None
}

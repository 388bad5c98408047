//! `if:`.

use super::ast::Expression;
use super::context::{Context, Status};
use super::eval::EvaluateError;
use super::parsed::Parsed;
use super::scope::Scope;
use super::template::Template;
use crate::diagnostic::Diagnostic;
use crate::span::{Pos, Span};

/// An `if:`. Unless it uses a status function, `success() &&` is put before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Where it stands; the default for one that is not written.
    pub span: Span,
    test: Option<Test>,
    bare: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    Expression(Expression),
    /// Text around `${{ … }}`: a string, and so true unless it is empty.
    Text(Template),
}

impl Condition {
    /// The condition of what has no `if:`: `success()`.
    #[must_use]
    pub fn success() -> Self {
        Self { span: Span::default(), test: None, bare: false }
    }

    /// A condition that always holds: that of `pre` and `post` of an action, unless they say.
    #[must_use]
    pub fn always() -> Self {
        Self { span: Span::default(), test: None, bare: true }
    }

    /// The same condition without `success() &&` before it, as `pre-if` and `post-if` have it.
    #[must_use]
    pub fn bare(self) -> Self {
        Self { bare: true, ..self }
    }

    /// Parses an `if:`, with or without `${{ }}`. `parsed` and `locate` are as in
    /// [`Template::parse`].
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
        let trimmed = text.trim();
        let test = if trimmed.is_empty() {
            None
        } else if trimmed.contains("${{") {
            // Untrimmed: with anything around `${{ }}`, even a line end, it is text, as on GitHub.
            let template = Template::parse(file, text, span, scope, parsed, locate)?;
            Some(match template.as_expression() {
                Some(expression) => Test::Expression(expression.clone()),
                None => Test::Text(template),
            })
        } else {
            let lead = text.len() - text.trim_start().len();
            let expression = parsed
                .parse(trimmed, scope)
                .map_err(|error| vec![error.diagnostic(file, |at| locate(lead + at))])?;
            Some(Test::Expression(expression))
        };
        Ok(Self { span, test, bare: false })
    }

    /// Whether a status function occurs in it, so that it is asked even after a failure.
    #[must_use]
    pub fn uses_status(&self) -> bool {
        match &self.test {
            None => false,
            Some(Test::Expression(expression)) => expression.uses_status(),
            Some(Test::Text(template)) => template.expressions().any(|(e, _)| e.uses_status()),
        }
    }

    /// Whether it is text around `${{ … }}`, which holds always unless it is empty.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self.test, Some(Test::Text(_)))
    }

    /// Whether there is an `if:` at all.
    #[must_use]
    pub fn is_written(&self) -> bool {
        self.test.is_some()
    }

    /// The expressions in it, with the place of each.
    pub fn expressions(&self) -> impl Iterator<Item = (&Expression, Span)> {
        let (one, template) = match &self.test {
            None => (None, None),
            Some(Test::Expression(expression)) => (Some((expression, self.span)), None),
            Some(Test::Text(template)) => (None, Some(template)),
        };
        one.into_iter().chain(template.into_iter().flat_map(Template::expressions))
    }

    /// Whether it holds.
    ///
    /// # Errors
    /// The expression has no value.
    pub fn evaluate(&self, context: &dyn Context) -> Result<bool, EvaluateError> {
        if !self.bare && !self.uses_status() && context.status(&[]) != Status::Success {
            return Ok(false);
        }
        match &self.test {
            None => Ok(true),
            Some(Test::Expression(expression)) => expression
                .evaluate(context)
                .map(|value| value.is_truthy())
                .map_err(|error| EvaluateError { span: self.span, ..error }),
            Some(Test::Text(template)) => Ok(template.evaluate(context)?.is_truthy()),
        }
    }
}

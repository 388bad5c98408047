//! Places where expressions stand.

use std::rc::Rc;

use super::types::Contexts;
use crate::expr::{Condition, Expression, Template};
use crate::model::Bindings;
use crate::span::{Pos, Span};
use crate::yaml::{SourceMap, Style};

/// One string of the file that may hold expressions.
#[derive(Clone, Debug)]
pub(super) struct Site<'a> {
    pub(super) source: Source<'a>,
    pub(super) role: Role,
    pub(super) contexts: Rc<Contexts>,
    /// The `env` that is visible here, the innermost first.
    pub(super) env: Rc<Vec<&'a Bindings>>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Source<'a> {
    Template(&'a Template),
    Condition(&'a Condition),
}

/// What becomes of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Text.
    Text,
    /// A program: whoever decides about the value decides what runs.
    Script,
    /// Whether something runs.
    Condition,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// An object, as in `env: ${{ … }}`.
    Object,
    /// A value of any type.
    Value,
}

impl<'a> Site<'a> {
    /// The expressions in it, with the place of each.
    pub(super) fn expressions(&self) -> Vec<(&'a Expression, Span)> {
        match self.source {
            Source::Template(template) => template.expressions().collect(),
            Source::Condition(condition) => condition.expressions().collect(),
        }
    }

    /// Whether the value is that of one expression, whatever its type.
    pub(super) fn is_whole(&self) -> bool {
        match self.source {
            Source::Template(template) => template.as_expression().is_some(),
            Source::Condition(condition) => !condition.is_text(),
        }
    }
}

/// Where a byte of an expression's text is written. `span` is the place of the expression, with
/// its braces or without.
pub(super) fn place(source: &str, span: Span, expression: &str, offset: usize) -> Pos {
    // The first visible characters of the expression are found behind the braces; no expression
    // begins with `{`.
    let start = match span.slice(source) {
        Some(written) if written.starts_with("${{") => span.start.after("${{"),
        _ => span.start,
    };
    let inner = Span::new(start, span.end);
    SourceMap::new(expression, Style::Plain, inner, source).locate(offset)
}

/// From a byte of an expression's text to the end of the word there.
pub(super) fn word(source: &str, span: Span, expression: &str, offset: usize) -> Span {
    let start = place(source, span, expression, offset);
    let rest = source.get(start.offset..span.end.offset).unwrap_or_default();
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    Span::new(start, start.after(&rest[..length]))
}

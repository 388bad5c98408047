//! Names and their values: `env`, `with`, `outputs`, `secrets`.

use indexmap::IndexMap;

use super::reader::{Reader, texts_of};
use crate::expr::{Context, EvaluateError, Object, Scope, Template};
use crate::span::Span;
use crate::yaml::Node;

/// Names with a value each, or one expression that yields them all.
#[derive(Clone, Debug, PartialEq)]
pub enum Bindings {
    /// Written out, in order.
    Named(IndexMap<String, Binding>),
    /// `env: ${{ fromJSON(…) }}`
    Computed(Template),
}

/// The value of a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    /// Where the name stands.
    pub span: Span,
    /// The name, when it holds expressions; the key is then its text.
    pub computed_name: Option<Template>,
    /// The value.
    pub value: Template,
}

impl Binding {
    fn name(&self, key: &str, context: &dyn Context) -> Result<String, EvaluateError> {
        self.computed_name.as_ref().map_or_else(|| Ok(key.to_owned()), |name| name.render(context))
    }
}

impl Default for Bindings {
    fn default() -> Self {
        Self::Named(IndexMap::new())
    }
}

impl Bindings {
    /// Reads a mapping of scalars; a value's scope may differ from that of the whole.
    pub(super) fn read(
        reader: &mut Reader<'_>,
        node: Option<&Node>,
        what: &str,
        scope: &Scope<'_>,
    ) -> Self {
        let Some(node) = node else { return Self::default() };
        if let Some(template) = reader.whole_expression(node, what, scope) {
            return template.map_or_else(Self::default, Self::Computed);
        }
        let Some(fields) = reader.mapping(node, what) else { return Self::default() };
        let mut named = IndexMap::new();
        for entry in fields.iter() {
            let of = format!("`{}` in {what}", *entry.key);
            if let Some(value) = reader.template(&entry.value, &of, scope) {
                let computed_name = reader.computed_key(entry, scope);
                let binding = Binding { span: entry.key.span, computed_name, value };
                named.insert(entry.key.value.clone(), binding);
            }
        }
        Self::Named(named)
    }

    /// Whether nothing is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Named(named) if named.is_empty())
    }

    /// The value of a name that is written out; names ignore case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Template> {
        match self {
            Self::Named(named) => named
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, binding)| &binding.value),
            Self::Computed(_) => None,
        }
    }

    /// The templates in it.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        let (named, computed) = match self {
            Self::Named(named) => (Some(named), None),
            Self::Computed(template) => (None, Some(template)),
        };
        named
            .into_iter()
            .flat_map(IndexMap::values)
            .flat_map(|binding| binding.computed_name.iter().chain([&binding.value]))
            .chain(computed)
    }

    /// The values with their kinds, in order.
    ///
    /// # Errors
    /// The first expression that has no value.
    pub fn evaluate(&self, context: &dyn Context) -> Result<Object, EvaluateError> {
        match self {
            Self::Computed(template) => template.evaluate_object(context),
            Self::Named(named) => named
                .iter()
                .map(|(name, binding)| {
                    Ok((binding.name(name, context)?, binding.value.evaluate(context)?))
                })
                .collect(),
        }
    }

    /// The values as texts, in order.
    ///
    /// # Errors
    /// The first expression that has no value.
    pub fn render(&self, context: &dyn Context) -> Result<IndexMap<String, String>, EvaluateError> {
        match self {
            Self::Computed(template) => template.evaluate_object(context).map(|o| texts_of(&o)),
            Self::Named(named) => named
                .iter()
                .map(|(name, binding)| {
                    Ok((binding.name(name, context)?, binding.value.render(context)?))
                })
                .collect(),
        }
    }
}

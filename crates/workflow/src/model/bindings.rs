//! Names and their values: `env`, `with`, `outputs`, `secrets`.

use indexmap::IndexMap;

use super::reader::{Reader, texts_of};
use crate::expr::{Context, EvaluateError, Object, Scope, Template, Value};
use crate::span::Span;
use crate::yaml::{Entry, Node};

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
    /// What the key of the mapping, its text, is.
    pub name: Name,
    /// The value.
    pub value: Template,
}

/// What a key of a mapping is.
#[derive(Clone, Debug, PartialEq)]
pub enum Name {
    /// The name itself.
    Written,
    /// A name with expressions.
    Computed(Template),
    /// `${{ insert }}`: the names and values are those of the object that the value yields.
    Insert,
}

impl Name {
    fn read(reader: &mut Reader<'_>, entry: &Entry, scope: &Scope<'_>) -> Self {
        let directive = entry.key.trim().strip_prefix("${{").and_then(|key| key.strip_suffix("}}"));
        if directive.is_some_and(|directive| directive.trim() == "insert") {
            return Self::Insert;
        }
        reader.computed_key(entry, scope).map_or(Self::Written, Self::Computed)
    }

    /// The name, when it holds expressions.
    #[must_use]
    pub fn template(&self) -> Option<&Template> {
        match self {
            Self::Computed(template) => Some(template),
            Self::Written | Self::Insert => None,
        }
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
                let name = Name::read(reader, entry, scope);
                if name == Name::Insert && value.as_expression().is_none() {
                    reader.wrong_kind(
                        &entry.value,
                        "the value of `${{ insert }}`",
                        "an expression",
                    );
                    continue;
                }
                let binding = Binding { span: entry.key.span, name, value };
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

    /// Names and values, if all of the names are written out.
    #[must_use]
    pub fn written(&self) -> Option<&IndexMap<String, Binding>> {
        match self {
            Self::Named(named) if named.values().all(|b| b.name == Name::Written) => Some(named),
            Self::Named(_) | Self::Computed(_) => None,
        }
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
            .flat_map(|binding| binding.name.template().into_iter().chain([&binding.value]))
            .chain(computed)
    }

    /// The values with their kinds, in order.
    ///
    /// # Errors
    /// The first expression that has no value, or one that is no text, number or boolean; a name
    /// that is empty or there twice.
    pub fn evaluate(&self, context: &dyn Context) -> Result<Object, EvaluateError> {
        let mut object = Object::new();
        let named = match self {
            Self::Computed(template) => {
                let members = template.evaluate_object(context)?;
                members.iter().try_for_each(|(name, value)| {
                    put(&mut object, template, name.into(), value.clone())
                })?;
                return Ok(object);
            }
            Self::Named(named) => named,
        };
        for (key, binding) in named {
            let mut put = |name, value| put(&mut object, &binding.value, name, value);
            match &binding.name {
                Name::Written => put(key.clone(), binding.value.evaluate(context)?)?,
                Name::Computed(name) => {
                    put(name.render(context)?, binding.value.evaluate(context)?)?;
                }
                Name::Insert => {
                    let inserted = binding.value.evaluate(context)?;
                    let members = inserted.as_object().ok_or_else(|| {
                        let what = inserted.describe();
                        binding.value.wrong(&format!("an object was expected here, not {what}"))
                    })?;
                    members.iter().try_for_each(|(name, value)| put(name.into(), value.clone()))?;
                }
            }
        }
        Ok(object)
    }

    /// The values as texts, in order.
    ///
    /// # Errors
    /// As [`Self::evaluate`].
    pub fn render(&self, context: &dyn Context) -> Result<IndexMap<String, String>, EvaluateError> {
        self.evaluate(context).map(|object| texts_of(&object))
    }
}

/// Adds a value as GitHub takes it: one of its own, of a name of its own.
fn put(
    object: &mut Object,
    place: &Template,
    name: String,
    value: Value,
) -> Result<(), EvaluateError> {
    place.refuse_collection(&value)?;
    if name.is_empty() {
        return Err(place.wrong("a name must not be empty"));
    }
    if object.contains_key(&name) {
        return Err(place.wrong(&format!("`{name}` is already defined")));
    }
    object.insert(name, value);
    Ok(())
}

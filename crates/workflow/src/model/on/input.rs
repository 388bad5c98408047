//! The inputs of `workflow_dispatch` and `workflow_call`, and what a called workflow returns.

use indexmap::IndexMap;

use crate::expr::{Scope, Template, scopes};
use crate::model::code;
use crate::model::reader::{Fields, Reader};
use crate::span::{Span, Spanned};
use crate::yaml::{Entry, Node};

/// An input of a workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Where its name stands.
    pub span: Span,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it must be given.
    pub required: bool,
    /// What it is when it is not given.
    pub default: Option<Template>,
    /// What it holds.
    pub kind: InputKind,
}

/// What an input holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// Text.
    String,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// One of these.
    Choice(Vec<Spanned<String>>),
    /// The name of an environment.
    Environment,
}

/// `on.workflow_call`: how other workflows call this one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Call {
    /// What it takes.
    pub inputs: IndexMap<String, Input>,
    /// The secrets it takes.
    pub secrets: IndexMap<String, CallSecret>,
    /// What it returns.
    pub outputs: IndexMap<String, CallOutput>,
}

/// A secret that a called workflow takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallSecret {
    /// Where its name stands.
    pub span: Span,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it must be given.
    pub required: bool,
}

/// What a called workflow returns under a name.
#[derive(Clone, Debug, PartialEq)]
pub struct CallOutput {
    /// Where its name stands.
    pub span: Span,
    /// What it is for.
    pub description: Option<String>,
    /// The value.
    pub value: Template,
}

/// Which event the inputs belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Dispatch,
    Call,
}

pub(super) fn read_inputs(
    reader: &mut Reader<'_>,
    node: Option<&Node>,
    of: Of,
) -> IndexMap<String, Input> {
    read_map(reader, node, "`inputs`", |reader, entry| Input::read(reader, entry, of))
}

fn read_map<T>(
    reader: &mut Reader<'_>,
    node: Option<&Node>,
    what: &str,
    read: impl Fn(&mut Reader<'_>, &Entry) -> Option<T>,
) -> IndexMap<String, T> {
    // A list of nothing is how people write "none yet".
    let Some(node) = node.filter(|node| !node.is_null()) else { return IndexMap::new() };
    let Some(fields) = reader.plain_mapping(node, what) else { return IndexMap::new() };
    fields
        .iter()
        .filter_map(|entry| Some((entry.key.value.clone(), read(reader, entry)?)))
        .collect()
}

/// The mapping under a name; nothing at all is a mapping without keys.
fn fields_of<'n>(
    reader: &mut Reader<'_>,
    entry: &'n Entry,
    what: &str,
    keys: &[&str],
) -> Option<Option<Fields<'n>>> {
    if entry.value.is_null() {
        return Some(None);
    }
    reader.fields(&entry.value, what, keys).map(Some)
}

fn description(reader: &mut Reader<'_>, fields: Option<&Fields<'_>>) -> Option<String> {
    let node = fields?.get("description")?;
    let template = reader.template(node, "`description`", &scopes::NONE)?;
    Some(template.text().to_owned())
}

fn required(reader: &mut Reader<'_>, fields: Option<&Fields<'_>>) -> bool {
    fields
        .and_then(|fields| fields.get("required"))
        .and_then(|node| reader.boolean(node, "`required`"))
        .unwrap_or(false)
}

impl Input {
    fn read(reader: &mut Reader<'_>, entry: &Entry, of: Of) -> Option<Self> {
        let what = format!("input `{}`", *entry.key);
        let keys: &[&str] = match of {
            Of::Dispatch => &["description", "type", "required", "default", "options"],
            Of::Call => &["description", "type", "required", "default"],
        };
        let fields = fields_of(reader, entry, &what, keys)?;
        let fields = fields.as_ref();
        let get = |key: &str| fields.and_then(|fields| fields.get(key));
        let kind = read_kind(reader, entry, get("type"), get("options"), of);
        let scope = if of == Of::Call { &scopes::WORKFLOW } else { &scopes::NONE };
        let default = get("default").and_then(|node| read_default(reader, node, &kind, scope));
        Some(Self {
            span: entry.key.span,
            description: description(reader, fields),
            required: required(reader, fields),
            default,
            kind,
        })
    }
}

fn read_kind(
    reader: &mut Reader<'_>,
    entry: &Entry,
    kind: Option<&Node>,
    options: Option<&Node>,
    of: Of,
) -> InputKind {
    let choices = options.map(|node| reader.texts(node, "`options`")).unwrap_or_default();
    let simple = [
        ("string", InputKind::String),
        ("boolean", InputKind::Boolean),
        ("number", InputKind::Number),
        ("environment", InputKind::Environment),
        ("choice", InputKind::Choice(choices)),
    ];
    let known = if of == Of::Call { &simple[..3] } else { &simple[..] };
    let indexed: Vec<(&str, usize)> =
        known.iter().enumerate().map(|(i, (name, _))| (*name, i)).collect();
    let found = match kind {
        Some(node) => reader.word(node, "type of an input", &indexed),
        None if of == Of::Call => {
            let message = format!("input `{}` has no `type`, which is required", *entry.key);
            reader.problem(code::MISSING_KEY, entry.key.span, message);
            None
        }
        None => None,
    };
    let kind = found.and_then(|i| known.get(i)).map_or(InputKind::String, |(_, k)| k.clone());
    match (&kind, options) {
        (InputKind::Choice(choices), _) if choices.is_empty() => {
            let message = format!("input `{}` is a choice without `options`", *entry.key);
            reader.problem(code::MISSING_KEY, entry.key.span, message);
        }
        (InputKind::Choice(_), _) | (_, None) => {}
        (_, Some(node)) if of == Of::Dispatch => {
            let message = "`options` belong to an input of type `choice` only";
            reader.problem(code::MISPLACED_KEY, node.at(), message);
        }
        (_, Some(_)) => {}
    }
    kind
}

/// A default of the input's own type, or an expression.
fn read_default(
    reader: &mut Reader<'_>,
    node: &Node,
    kind: &InputKind,
    scope: &Scope<'_>,
) -> Option<Template> {
    let template = reader.template(node, "`default`", scope)?;
    let fits = match kind {
        _ if !template.is_literal() || node.is_null() => true,
        InputKind::Boolean => node.as_bool().is_some(),
        InputKind::Number => node.as_float().is_some(),
        // A number for a string is what people write for versions, and GitHub takes it as text.
        InputKind::String | InputKind::Choice(_) | InputKind::Environment => {
            node.as_bool().is_none()
        }
    };
    let expected = match kind {
        InputKind::Boolean => "`true` or `false`",
        InputKind::Number => "a number",
        InputKind::String | InputKind::Choice(_) | InputKind::Environment => "a string",
    };
    if !fits {
        reader.wrong_kind(node, "the default of this input", expected);
        return None;
    }
    if let InputKind::Choice(choices) = kind
        && template.is_literal()
        && !choices.is_empty()
        && !choices.iter().any(|choice| choice.as_str() == template.text())
    {
        let text = Spanned::new(template.text().to_owned(), node.at());
        let names: Vec<&str> = choices.iter().map(|choice| choice.as_str()).collect();
        reader.wrong_value(&text, "option of this input", &names);
    }
    Some(template)
}

impl Call {
    pub(super) fn read(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Self {
        let inputs = read_inputs(reader, fields.get("inputs"), Of::Call);
        let secrets = read_map(reader, fields.get("secrets"), "`secrets`", |reader, entry| {
            let what = format!("secret `{}`", *entry.key);
            let fields = fields_of(reader, entry, &what, &["description", "required"])?;
            Some(CallSecret {
                span: entry.key.span,
                description: description(reader, fields.as_ref()),
                required: required(reader, fields.as_ref()),
            })
        });
        let outputs = read_map(reader, fields.get("outputs"), "`outputs`", |reader, entry| {
            let what = format!("output `{}`", *entry.key);
            let fields = reader.fields(&entry.value, &what, &["description", "value"])?;
            let description = description(reader, Some(&fields));
            let value = reader.require(&fields, "value", &what)?;
            let value = reader.template(value, "`value`", &scopes::WORKFLOW_OUTPUT)?;
            Some(CallOutput { span: entry.key.span, description, value })
        });
        Self { inputs, secrets, outputs }
    }
}

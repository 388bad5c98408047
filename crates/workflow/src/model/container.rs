//! `container` and `services`.

use indexmap::IndexMap;

use super::reader::{Fields, Reader, texts_of};
use super::tree::Tree;
use super::{Bindings, code};
use crate::expr::{Context, EvaluateError, Object, Scope, Template, Value, scopes};
use crate::span::Span;
use crate::yaml::Node;

/// A container of a job: the one its steps run in, or a service beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Container {
    /// Where it stands.
    pub span: Span,
    source: Source,
}

#[derive(Clone, Debug, PartialEq)]
enum Source {
    /// `container: image`, or an expression that yields an image or an object.
    Short(Template),
    Fields(Box<Written>),
}

#[derive(Clone, Debug, PartialEq)]
struct Written {
    image: Option<Template>,
    credentials: Bindings,
    env: Bindings,
    ports: Option<Tree>,
    volumes: Option<Tree>,
    options: Option<Template>,
    entrypoint: Option<Template>,
    command: Option<Template>,
}

/// What to start, expressions evaluated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerSpec {
    /// The image, such as `node:22`.
    pub image: String,
    /// User and password for the registry.
    pub credentials: Option<(String, String)>,
    /// The environment in the container.
    pub env: IndexMap<String, String>,
    /// Ports to publish, such as `8080:80`.
    pub ports: Vec<String>,
    /// Volumes to mount, such as `/a:/b`.
    pub volumes: Vec<String>,
    /// Further options of `docker create`.
    pub options: Option<String>,
    /// What to start instead of the image's entry point; services only.
    pub entrypoint: Option<String>,
    /// What to hand to the entry point; services only.
    pub command: Option<String>,
}

/// What is written of a container, for those who look and do not start it.
pub(crate) struct Parts<'a> {
    /// The image, or an expression that yields an image or an object.
    pub(crate) short: Option<&'a Template>,
    pub(crate) image: Option<&'a Template>,
    pub(crate) credentials: Option<&'a Bindings>,
    pub(crate) env: Option<&'a Bindings>,
    pub(crate) lists: Vec<&'a Tree>,
    /// Options, entry point and command.
    pub(crate) texts: Vec<&'a Template>,
}

/// The services of a job.
#[derive(Clone, Debug, PartialEq)]
pub enum Services {
    /// By name, in order.
    Named(IndexMap<String, Container>),
    /// `services: ${{ fromJSON(…) }}`
    Computed(Template),
}

const KEYS: &[&str] = &["image", "credentials", "env", "ports", "volumes", "options"];
const SERVICE_KEYS: &[&str] =
    &["image", "credentials", "env", "ports", "volumes", "options", "entrypoint", "command"];

impl Container {
    /// The container that a job's steps run in; `container: null` is none.
    pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Option<Self> {
        if node.is_null() {
            return None;
        }
        Self::read_with(reader, node, "`container`", KEYS)
    }

    fn read_with(reader: &mut Reader<'_>, node: &Node, what: &str, keys: &[&str]) -> Option<Self> {
        if node.as_mapping().is_none() {
            let image = reader.template(node, what, &scopes::JOB)?;
            return Some(Self { span: node.at(), source: Source::Short(image) });
        }
        let fields = reader.fields(node, what, keys)?;
        let written = Written::read(reader, &fields, what);
        Some(Self { span: node.at(), source: Source::Fields(Box::new(written)) })
    }

    /// What to start; nothing when the image turns out to be empty.
    ///
    /// # Errors
    /// An expression has no value, or one of another shape.
    pub fn evaluate(&self, context: &dyn Context) -> Result<Option<ContainerSpec>, EvaluateError> {
        let spec = match &self.source {
            Source::Short(template) => spec_of(template, &template.evaluate(context)?)?,
            Source::Fields(written) => written.evaluate(context)?,
        };
        Ok((!spec.image.is_empty()).then_some(spec))
    }

    /// What is written of it.
    pub(crate) fn parts(&self) -> Parts<'_> {
        match &self.source {
            Source::Short(template) => Parts {
                short: Some(template),
                image: None,
                credentials: None,
                env: None,
                lists: Vec::new(),
                texts: Vec::new(),
            },
            Source::Fields(written) => Parts {
                short: None,
                image: written.image.as_ref(),
                credentials: Some(&written.credentials),
                env: Some(&written.env),
                lists: [&written.ports, &written.volumes].into_iter().flatten().collect(),
                texts: [&written.options, &written.entrypoint, &written.command]
                    .into_iter()
                    .flatten()
                    .collect(),
            },
        }
    }

    /// The image as written, when it stands by itself.
    #[must_use]
    pub fn image(&self) -> Option<&Template> {
        match &self.source {
            Source::Short(template) => Some(template),
            Source::Fields(written) => written.image.as_ref(),
        }
    }

    /// The further options of `docker create`, if there are any.
    #[must_use]
    pub fn options(&self) -> Option<&Template> {
        match &self.source {
            Source::Short(_) => None,
            Source::Fields(written) => written.options.as_ref(),
        }
    }
}

impl Written {
    fn read(reader: &mut Reader<'_>, fields: &Fields<'_>, what: &str) -> Self {
        let mut template = |key: &str, scope: &Scope<'_>| {
            let node = fields.get(key)?;
            reader.template(node, &format!("`{key}` of {what}"), scope)
        };
        let image = template("image", &scopes::JOB);
        let options = template("options", &scopes::JOB);
        let entrypoint = template("entrypoint", &scopes::JOB);
        let command = template("command", &scopes::JOB);
        let credentials = credentials(reader, fields.get("credentials"));
        let env = Bindings::read(reader, fields.get("env"), "`env`", &scopes::JOB_OUTPUT);
        let ports = list(reader, fields, "ports");
        let volumes = list(reader, fields, "volumes");
        if fields.get("image").is_none() {
            let message = format!("{what} has no `image`, which is required");
            reader.problem(code::MISSING_KEY, fields.span(), message);
        }
        Self { image, credentials, env, ports, volumes, options, entrypoint, command }
    }

    fn evaluate(&self, context: &dyn Context) -> Result<ContainerSpec, EvaluateError> {
        let text = |template: &Option<Template>| -> Result<Option<String>, EvaluateError> {
            template.as_ref().map(|template| template.render(context)).transpose()
        };
        let texts = |tree: &Option<Tree>| -> Result<Vec<String>, EvaluateError> {
            let value = tree.as_ref().map(|tree| tree.evaluate(context)).transpose()?;
            Ok(value.as_ref().map(texts).unwrap_or_default())
        };
        Ok(ContainerSpec {
            image: text(&self.image)?.unwrap_or_default(),
            credentials: credentials_of(&self.credentials.evaluate(context)?, |name, message| {
                let written =
                    self.credentials.get(name).or_else(|| self.credentials.templates().next());
                written.map_or_else(|| unplaced(message), |template| template.wrong(message))
            })?,
            env: self.env.render(context)?,
            ports: texts(&self.ports)?,
            volumes: texts(&self.volumes)?,
            options: text(&self.options)?,
            entrypoint: text(&self.entrypoint)?,
            command: text(&self.command)?,
        })
    }
}

impl Services {
    pub(super) fn read(reader: &mut Reader<'_>, node: Option<&Node>) -> Self {
        let none = || Self::Named(IndexMap::new());
        let Some(node) = node else { return none() };
        if let Some(template) = reader.whole_expression(node, "`services`", &scopes::JOB) {
            return template.map_or_else(none, Self::Computed);
        }
        let Some(fields) = reader.plain_mapping(node, "`services`") else { return none() };
        let mut named = IndexMap::new();
        for entry in fields.iter() {
            let what = format!("service `{}`", *entry.key);
            if let Some(service) = Container::read_with(reader, &entry.value, &what, SERVICE_KEYS) {
                named.insert(entry.key.value.clone(), service);
            }
        }
        Self::Named(named)
    }

    /// What to start, by name. A service without an image is not started, as on GitHub.
    ///
    /// # Errors
    /// An expression has no value, or one of another shape.
    pub fn evaluate(
        &self,
        context: &dyn Context,
    ) -> Result<IndexMap<String, ContainerSpec>, EvaluateError> {
        let mut specs = IndexMap::new();
        match self {
            Self::Named(named) => {
                for (name, container) in named {
                    if let Some(spec) = container.evaluate(context)? {
                        specs.insert(name.clone(), spec);
                    }
                }
            }
            Self::Computed(template) => {
                for (name, value) in template.evaluate_object(context)?.iter() {
                    let spec = spec_of(template, value)?;
                    if !spec.image.is_empty() {
                        specs.insert(name.to_owned(), spec);
                    }
                }
            }
        }
        Ok(specs)
    }

    /// Whether none is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Named(named) if named.is_empty())
    }
}

fn credentials(reader: &mut Reader<'_>, node: Option<&Node>) -> Bindings {
    let what = "`credentials`";
    if let Some(node) = node.filter(|node| node.as_mapping().is_some())
        && let Some(fields) = reader.fields(node, what, &["username", "password"])
    {
        for key in ["username", "password"] {
            reader.require(&fields, key, what);
        }
    }
    Bindings::read(reader, node, what, &scopes::CREDENTIALS)
}

/// User and password. As on GitHub, one that is empty is wrong: so is a secret that a fork's pull
/// request does not get.
fn credentials_of(
    object: &Object,
    wrong: impl FnOnce(&str, &str) -> EvaluateError,
) -> Result<Option<(String, String)>, EvaluateError> {
    let text = |key: &str| object.get(key).map(Value::to_text);
    let found = [("username", text("username")), ("password", text("password"))];
    if let Some((key, _)) = found.iter().find(|(_, value)| value.as_deref() == Some("")) {
        return Err(wrong(key, &format!("`{key}` of `credentials` must not be empty")));
    }
    let [(_, user), (_, password)] = found;
    Ok(user.zip(password))
}

fn unplaced(message: &str) -> EvaluateError {
    EvaluateError { message: message.into(), expression: String::new(), span: Span::default() }
}

fn list(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str) -> Option<Tree> {
    let node = fields.get(key)?;
    let what = format!("`{key}`");
    if node.as_sequence().is_none() && reader.whole_expression(node, &what, &scopes::JOB).is_none()
    {
        reader.wrong_kind(node, &what, "a list");
        return None;
    }
    Tree::read(reader, node, &what, &scopes::JOB)
}

fn texts(value: &Value) -> Vec<String> {
    match value.as_array() {
        Some(items) => items.iter().map(Value::to_text).collect(),
        None => vec![value.to_text()],
    }
}

/// A container from an expression's value: an image, or an object with the keys of a container.
fn spec_of(template: &Template, value: &Value) -> Result<ContainerSpec, EvaluateError> {
    match value {
        Value::Object(object) => spec_of_object(template, object),
        Value::Array(_) => Err(template.wrong("a container was expected here, not a list")),
        other => Ok(ContainerSpec { image: other.to_text(), ..ContainerSpec::default() }),
    }
}

fn spec_of_object(template: &Template, object: &Object) -> Result<ContainerSpec, EvaluateError> {
    let text = |key: &str| object.get(key).map(Value::to_text);
    let list = |key: &str| object.get(key).map(texts).unwrap_or_default();
    let credentials = object.get("credentials").and_then(Value::as_object);
    let credentials =
        credentials.map(|of| credentials_of(of, |_, message| template.wrong(message)));
    Ok(ContainerSpec {
        image: text("image").unwrap_or_default(),
        credentials: credentials.transpose()?.flatten(),
        env: object.get("env").and_then(Value::as_object).map(texts_of).unwrap_or_default(),
        ports: list("ports"),
        volumes: list("volumes"),
        options: text("options"),
        entrypoint: text("entrypoint"),
        command: text("command"),
    })
}

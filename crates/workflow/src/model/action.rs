//! `action.yml`: what a `uses` runs.
//!
//! As GitHub's runner, this takes keys that it does not know at the top and in inputs: released
//! actions have them.

use indexmap::IndexMap;

use super::reader::{Fields, Reader};
use super::step::{Known, Place};
use super::{Bindings, Step, code};
use crate::diagnostic::Diagnostic;
use crate::expr::{Condition, Template, scopes};
use crate::span::{Span, Spanned};
use crate::yaml::{self, Node};

/// An action.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// The file as the caller named it.
    pub file: String,
    /// Its name.
    pub name: Option<String>,
    /// What it takes.
    pub inputs: IndexMap<String, ActionInput>,
    /// What it returns.
    pub outputs: IndexMap<String, ActionOutput>,
    /// How it runs.
    pub runs: Runs,
}

/// An input of an action.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionInput {
    /// Where its name stands.
    pub span: Span,
    /// Whether it should be given; the runner does not insist.
    pub required: bool,
    /// What it is when it is not given.
    pub default: Option<Template>,
    /// What to tell somebody who gives it.
    pub deprecation: Option<String>,
}

/// An output of an action.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionOutput {
    /// Where its name stands.
    pub span: Span,
    /// The value; only composite actions have one here.
    pub value: Option<Template>,
}

/// How an action runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Runs {
    /// In Node.
    JavaScript(Box<JavaScriptAction>),
    /// In a container.
    Docker(Box<DockerAction>),
    /// As steps.
    Composite(Vec<Step>),
}

impl Runs {
    /// Whether the action itself does something before the job's first step; what the steps of a
    /// composite action do then is theirs.
    #[must_use]
    pub fn has_pre(&self) -> bool {
        match self {
            Self::JavaScript(action) => action.pre.is_some(),
            Self::Docker(action) => action.pre_entrypoint.is_some(),
            Self::Composite(_) => false,
        }
    }
}

/// An action that runs in Node.
#[derive(Clone, Debug, PartialEq)]
pub struct JavaScriptAction {
    /// The major version of Node, such as 24.
    pub node: u32,
    /// The script, relative to the action.
    pub main: String,
    /// The script to run before the job's first step.
    pub pre: Option<String>,
    /// Whether that runs.
    pub pre_if: Condition,
    /// The script to run after the job's last step.
    pub post: Option<String>,
    /// Whether that runs.
    pub post_if: Condition,
}

/// An action that runs in a container.
#[derive(Clone, Debug, PartialEq)]
pub struct DockerAction {
    /// The image.
    pub image: DockerImage,
    /// What to start instead of the image's entry point.
    pub entrypoint: Option<String>,
    /// What to hand to the entry point.
    pub args: Vec<Template>,
    /// The environment in the container.
    pub env: Bindings,
    /// What to start before the job's first step.
    pub pre_entrypoint: Option<String>,
    /// Whether that runs.
    pub pre_if: Condition,
    /// What to start after the job's last step.
    pub post_entrypoint: Option<String>,
    /// Whether that runs.
    pub post_if: Condition,
}

/// The image of a docker action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DockerImage {
    /// Built from this Dockerfile, relative to the action.
    Build(String),
    /// Pulled.
    Pull(String),
}

const NODE_KEYS: &[&str] = &["using", "main", "pre", "pre-if", "post", "post-if"];
const DOCKER_KEYS: &[&str] = &[
    "using",
    "image",
    "entrypoint",
    "args",
    "env",
    "pre-entrypoint",
    "pre-if",
    "post-entrypoint",
    "post-if",
];

impl Action {
    /// Reads an action. `file` is named in the problems, and kept.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the file, at least one problem.
    pub fn read(file: &str, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let (root, problems) = yaml::read(file, text);
        match Self::read_tree(file, text, root.as_ref(), problems) {
            (Some(action), problems) if problems.is_empty() => Ok(action),
            (_, problems) => Err(problems),
        }
    }

    /// As much of a tree as can be read, and everything that is wrong with it, in the order of
    /// the file.
    pub(crate) fn read_tree(
        file: &str,
        text: &str,
        root: Option<&Node>,
        problems: Vec<Diagnostic>,
    ) -> (Option<Self>, Vec<Diagnostic>) {
        let mut reader = Reader::new(file, text, problems);
        let action = root.and_then(|root| Self::read_root(&mut reader, root));
        (action, reader.sorted())
    }

    /// Its steps; none unless it is composite.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        match &self.runs {
            Runs::Composite(steps) => steps,
            Runs::JavaScript(_) | Runs::Docker(_) => &[],
        }
    }

    fn read_root(reader: &mut Reader<'_>, root: &Node) -> Option<Self> {
        let what = "the action";
        let fields = reader.mapping(root, what)?;
        let name = fields.get("name").and_then(|node| reader.text(node, "`name`"));
        let inputs = read_map(reader, fields.get("inputs"), "`inputs`", ActionInput::read);
        let outputs = read_map(reader, fields.get("outputs"), "`outputs`", ActionOutput::read);
        let runs = reader.require(&fields, "runs", what)?;
        let runs = Runs::read(reader, runs)?;
        let file = reader.file().to_owned();
        Some(Self { file, name: name.map(|name| name.value), inputs, outputs, runs })
    }
}

fn read_map<T>(
    reader: &mut Reader<'_>,
    node: Option<&Node>,
    what: &str,
    read: impl Fn(&mut Reader<'_>, Span, Option<&Fields<'_>>) -> T,
) -> IndexMap<String, T> {
    let mut map = IndexMap::new();
    let Some(node) = node.filter(|node| !node.is_null()) else { return map };
    let Some(fields) = reader.plain_mapping(node, what) else { return map };
    for entry in fields.iter() {
        let fields = if entry.value.is_null() {
            None
        } else {
            let what = format!("`{}` in {what}", *entry.key);
            match reader.mapping(&entry.value, &what) {
                Some(fields) => Some(fields),
                None => continue,
            }
        };
        map.insert(entry.key.value.clone(), read(reader, entry.key.span, fields.as_ref()));
    }
    map
}

impl ActionInput {
    fn read(reader: &mut Reader<'_>, span: Span, fields: Option<&Fields<'_>>) -> Self {
        let get = |key: &str| fields.and_then(|fields| fields.get(key));
        let default = get("default")
            .and_then(|node| reader.template(node, "`default`", &scopes::ACTION_INPUT));
        let deprecation = get("deprecationMessage")
            .and_then(|node| reader.text(node, "`deprecationMessage`"))
            .map(|text| text.value);
        // Released actions write `required: 'true'`; the runner does not look at it at all.
        let required = get("required")
            .and_then(Node::text)
            .is_some_and(|text| text.eq_ignore_ascii_case("true"));
        Self { span, required, default, deprecation }
    }
}

impl ActionOutput {
    fn read(reader: &mut Reader<'_>, span: Span, fields: Option<&Fields<'_>>) -> Self {
        let value = fields
            .and_then(|fields| fields.get("value"))
            .and_then(|node| reader.template(node, "`value`", &scopes::ACTION_OUTPUT));
        Self { span, value }
    }
}

impl Runs {
    fn read(reader: &mut Reader<'_>, node: &Node) -> Option<Self> {
        let what = "`runs`";
        let fields = reader.mapping(node, what)?;
        let using = reader.require(&fields, "using", what)?;
        let using = reader.text(using, "`using`")?;
        match using.value.to_lowercase().as_str() {
            "composite" => {
                let fields = reader.fields(node, what, &["using", "steps"])?;
                let steps = reader.require(&fields, "steps", what)?;
                let mut known = Known::none_in(Place::Action);
                Some(Self::Composite(Step::read_all(reader, steps, &mut known)))
            }
            "docker" => {
                let fields = reader.fields(node, what, DOCKER_KEYS)?;
                DockerAction::read(reader, &fields).map(|action| Self::Docker(Box::new(action)))
            }
            other => match node_version(other) {
                Some(version) => {
                    let fields = reader.fields(node, what, NODE_KEYS)?;
                    JavaScriptAction::read(reader, &fields, version)
                        .map(|action| Self::JavaScript(Box::new(action)))
                }
                None => {
                    let known = ["composite", "docker", "node20", "node24"];
                    reader.wrong_value(&using, "way to run an action", &known);
                    None
                }
            },
        }
    }
}

/// 24, from `node24`.
fn node_version(using: &str) -> Option<u32> {
    let digits = using.strip_prefix("node")?;
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

fn text(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str) -> Option<String> {
    let text: Spanned<String> = reader.text(fields.get(key)?, &format!("`{key}`"))?;
    Some(text.value)
}

/// `pre-if` or `post-if`, which stands for itself; missing holds always.
fn condition(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str) -> Condition {
    match fields.get(key) {
        Some(node) => reader.condition(Some(node), &scopes::ACTION_IF).bare(),
        None => Condition::always(),
    }
}

impl JavaScriptAction {
    fn read(reader: &mut Reader<'_>, fields: &Fields<'_>, node: u32) -> Option<Self> {
        let pre = text(reader, fields, "pre");
        let post = text(reader, fields, "post");
        let pre_if = condition(reader, fields, "pre-if");
        let post_if = condition(reader, fields, "post-if");
        reader.require(fields, "main", "`runs`")?;
        let main = text(reader, fields, "main")?;
        Some(Self { node, main, pre, pre_if, post, post_if })
    }
}

impl DockerAction {
    fn read(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Self> {
        let args = match fields.get("args") {
            None => Vec::new(),
            Some(node) => match node.as_sequence() {
                Some(items) => items
                    .iter()
                    .filter_map(|item| reader.template(item, "`args`", &scopes::ACTION_ARGS))
                    .collect(),
                None => {
                    reader.wrong_kind(node, "`args`", "a list");
                    Vec::new()
                }
            },
        };
        let env = Bindings::read(reader, fields.get("env"), "`env`", &scopes::ACTION_ARGS);
        let entrypoint = text(reader, fields, "entrypoint");
        let pre_entrypoint = text(reader, fields, "pre-entrypoint");
        let post_entrypoint = text(reader, fields, "post-entrypoint");
        let pre_if = condition(reader, fields, "pre-if");
        let post_if = condition(reader, fields, "post-if");
        let image = reader.require(fields, "image", "`runs`")?;
        let image = reader.text(image, "`image`")?;
        let image = match image.strip_prefix("docker://") {
            Some("") => {
                reader.problem(code::BAD_USES, image.span, "`docker://` names no image");
                return None;
            }
            Some(name) => DockerImage::Pull(name.into()),
            None => DockerImage::Build(image.value),
        };
        Some(Self {
            image,
            entrypoint,
            args,
            env,
            pre_entrypoint,
            pre_if,
            post_entrypoint,
            post_if,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, DockerImage, Runs};
    use crate::expr::{Status, Variables};

    fn problems(text: &str) -> String {
        let problems = Action::read("action.yml", text).err().unwrap_or_default();
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn javascript() {
        let text = "\
name: Setup
author: somebody
inputs:
  token: {description: x, required: 'true', default: '${{ github.token }}', odd: 1}
  plain:
outputs: {path: {description: x}}
runs: {using: node24, main: dist/main.js, post: dist/post.js, post-if: success()}
branding: {icon: code, color: blue}
";
        let action = Action::read("action.yml", text).unwrap();
        assert!(action.inputs["token"].required);
        assert_eq!(action.inputs.len(), 2);
        let Runs::JavaScript(runs) = action.runs else { panic!() };
        assert_eq!((runs.node, runs.main.as_str(), runs.pre), (24, "dist/main.js", None));
        let failed = Variables { status: Status::Failure, ..Variables::default() };
        assert_eq!(runs.pre_if.evaluate(&failed), Ok(true));
        assert_eq!(runs.post_if.evaluate(&failed), Ok(false));
    }

    #[test]
    fn docker_and_composite() {
        let docker = "runs: {using: docker, image: Dockerfile, args: ['${{ inputs.who }}']}";
        let Runs::Docker(runs) = Action::read("f", docker).unwrap().runs else { panic!() };
        assert_eq!(runs.image, DockerImage::Build("Dockerfile".into()));
        assert_eq!(runs.args.len(), 1);
        let composite = "\
outputs: {v: {value: '${{ steps.s.outputs.v }}'}}
runs: {using: composite, steps: [{id: s, run: x, shell: bash}, {uses: ./other}]}
";
        let Runs::Composite(steps) = Action::read("f", composite).unwrap().runs else { panic!() };
        assert_eq!(steps.len(), 2);
    }

    #[test]
    fn mistakes() {
        let table = [
            "name: x",
            "runs: {using: python, main: x}",
            "runs: {using: node20, main: x, stps: []}",
            "runs: {using: node20}",
            "runs: {using: docker, image: 'docker://', args: x}",
            "runs: {using: composite, steps: [{run: x}, {run: x, shell: sh, timeout-minutes: 1}]}",
            "runs: {using: composite, steps: [{run: '${{ secrets.x }}', shell: sh}]}",
        ]
        .map(problems);
        insta::assert_snapshot!(table.join("\n"), @r"
        action.yml:1:1: error[SW0302]: the action has no `runs`, which is required
        action.yml:1:15: error[SW0304]: `python` is no way to run an action
        action.yml:1:32: error[SW0301]: unknown key `stps` in `runs`
        action.yml:1:8: error[SW0302]: `runs` has no `main`, which is required
        action.yml:1:30: error[SW0311]: `docker://` names no image
        action.yml:1:49: error[SW0303]: `args` must be a list, not a string
        action.yml:1:35: error[SW0302]: a `run` step of an action has no `shell`, which is required
        action.yml:1:64: error[SW0313]: `timeout-minutes` cannot stand beside `run` in a step of an action
        action.yml:1:45: error[SW0201]: Unrecognized named-value: 'secrets'. Located at position 1 within expression: secrets.x
        ");
    }
}

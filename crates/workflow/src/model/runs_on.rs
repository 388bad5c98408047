//! `runs-on`: which runner takes a job.

use super::code;
use super::reader::Reader;
use crate::expr::{Context, EvaluateError, Template, Value, scopes};
use crate::yaml::{Node, NodeKind};

/// What `runs-on` says.
#[derive(Clone, Debug, PartialEq)]
pub struct RunsOn {
    /// The group of runners.
    pub group: Option<Template>,
    /// The labels that a runner must have, all of them. One that is a whole expression may also
    /// yield a list, or (alone) an object with `group` and `labels`.
    pub labels: Vec<Template>,
}

/// The runner that is wanted, expressions evaluated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runner {
    /// The group of runners.
    pub group: Option<String>,
    /// The labels that a runner must have, all of them.
    pub labels: Vec<String>,
}

impl RunsOn {
    pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Option<Self> {
        if node.as_mapping().is_none() {
            let labels = labels(reader, node);
            return (!labels.is_empty()).then_some(Self { group: None, labels });
        }
        let fields = reader.fields(node, "`runs-on`", &["group", "labels"])?;
        let group =
            fields.get("group").and_then(|node| reader.filled(node, "`group`", &scopes::JOB));
        let labels = fields.get("labels").map(|node| labels(reader, node)).unwrap_or_default();
        if fields.get("group").is_none() && fields.get("labels").is_none() {
            let message = "`runs-on` names neither a `group` nor `labels`";
            reader.problem(code::MISSING_KEY, node.at(), message);
        }
        Some(Self { group, labels })
    }

    /// The runner that is wanted.
    ///
    /// # Errors
    /// An expression has no value, or one that names no runner.
    pub fn evaluate(&self, context: &dyn Context) -> Result<Runner, EvaluateError> {
        let mut runner = Runner::default();
        if let Some(group) = &self.group {
            runner.group = Some(group.render(context)?);
        }
        for template in &self.labels {
            match template.evaluate(context)? {
                Value::Object(object) if self.group.is_none() && self.labels.len() == 1 => {
                    runner.group = object.get("group").map(Value::to_text);
                    if let Some(labels) = object.get("labels") {
                        runner.add(labels);
                    }
                }
                Value::Object(_) => {
                    return Err(template.wrong("a label was expected here, not an object"));
                }
                value => runner.add(&value),
            }
        }
        let named = |text: &String| !text.is_empty();
        if runner.labels.iter().all(named) && (runner.group.is_some() || !runner.labels.is_empty())
        {
            return Ok(runner);
        }
        match self.labels.first().or(self.group.as_ref()) {
            Some(template) => Err(template.wrong("`runs-on` names no runner")),
            None => Ok(runner),
        }
    }
}

impl Runner {
    /// A label, or a list of them.
    fn add(&mut self, labels: &Value) {
        match labels.as_array() {
            Some(items) => self.labels.extend(items.iter().map(Value::to_text)),
            None => self.labels.push(labels.to_text()),
        }
    }
}

fn labels(reader: &mut Reader<'_>, node: &Node) -> Vec<Template> {
    match &node.kind {
        NodeKind::Sequence(items) if items.is_empty() => {
            reader.problem(code::WRONG_VALUE, node.at(), "`runs-on` lists no label");
            Vec::new()
        }
        NodeKind::Sequence(items) => items
            .iter()
            .filter_map(|item| reader.filled(item, "a label of `runs-on`", &scopes::JOB))
            .collect(),
        _ => reader.filled(node, "`runs-on`", &scopes::JOB).into_iter().collect(),
    }
}

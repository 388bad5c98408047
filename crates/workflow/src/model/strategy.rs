//! `strategy`: the jobs that a job becomes.

use super::code;
use super::dynamic::{self, Dynamic};
use super::reader::{Fields, Reader};
use super::tree::Tree;
use crate::expr::{Context, EvaluateError, Template, Value, scopes};
use crate::matrix::{self, Combination, MatrixError};
use crate::span::Span;
use crate::yaml::Node;

/// What `strategy` says.
#[derive(Clone, Debug, PartialEq)]
pub enum Strategy {
    /// Written out.
    Written {
        /// Whether one failure cancels the others; it does unless this says no.
        fail_fast: Option<Dynamic<bool>>,
        /// How many run at the same time; as many as can unless this says, or says 0.
        max_parallel: Option<Dynamic<f64>>,
        /// The matrix.
        matrix: Option<Tree>,
    },
    /// `strategy: ${{ fromJSON(…) }}`
    Computed(Template),
}

/// What a strategy comes to when its expressions are evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Whether one failure cancels the others.
    pub fail_fast: bool,
    /// How many run at the same time, if that is limited.
    pub max_parallel: Option<usize>,
    /// The jobs: at least one, with no values when there is no matrix, or nothing left of it.
    pub combinations: Vec<Combination>,
}

impl Default for Plan {
    fn default() -> Self {
        let combinations = vec![Combination::default()];
        Self { fail_fast: true, max_parallel: None, combinations }
    }
}

impl Plan {
    /// Whether the jobs are those of a matrix.
    #[must_use]
    pub fn has_matrix(&self) -> bool {
        self.combinations.iter().any(|combination| !combination.values.is_empty())
    }

    fn expand(&mut self, matrix: &Value, span: Span) -> Result<(), EvaluateError> {
        let combinations = matrix::expand(matrix).map_err(|e| wrong(e, span))?;
        if !combinations.is_empty() {
            self.combinations = combinations;
        }
        Ok(())
    }
}

impl Strategy {
    pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Option<Self> {
        let what = "`strategy`";
        if let Some(template) = reader.whole_expression(node, what, &scopes::MATRIX) {
            return template.map(Self::Computed);
        }
        let fields = reader.fields(node, what, &["matrix", "fail-fast", "max-parallel"])?;
        let fail_fast = fields
            .get("fail-fast")
            .and_then(|node| Dynamic::<bool>::read(reader, node, "`fail-fast`", &scopes::MATRIX));
        let max_parallel = fields
            .get("max-parallel")
            .and_then(|node| Dynamic::<f64>::read(reader, node, "`max-parallel`", &scopes::MATRIX));
        let matrix = fields.get("matrix").and_then(|node| read_matrix(reader, node));
        Some(Self::Written { fail_fast, max_parallel, matrix })
    }

    /// The jobs, their order and their limits.
    ///
    /// # Errors
    /// An expression has no value, or the matrix is none.
    pub fn evaluate(&self, context: &dyn Context) -> Result<Plan, EvaluateError> {
        match self {
            Self::Written { fail_fast, max_parallel, matrix } => {
                let fail_fast = fail_fast.as_ref().map(|value| value.evaluate(context));
                let max_parallel = max_parallel.as_ref().map(|value| value.evaluate(context));
                let mut plan = Plan {
                    fail_fast: fail_fast.transpose()?.unwrap_or(true),
                    max_parallel: max_parallel.transpose()?.flatten().and_then(at_a_time),
                    ..Plan::default()
                };
                if let Some(tree) = matrix {
                    plan.expand(&tree.evaluate(context)?, tree.span())?;
                }
                Ok(plan)
            }
            Self::Computed(template) => {
                let object = template.evaluate_object(context)?;
                let mut plan = Plan::default();
                let wrong_kind = |message: String| template.wrong(&message);
                if let Some(value) = object.get("fail-fast") {
                    plan.fail_fast = dynamic::boolean(value).map_err(wrong_kind)?;
                }
                if let Some(value) = object.get("max-parallel") {
                    plan.max_parallel = at_a_time(dynamic::number(value).map_err(wrong_kind)?);
                }
                if let Some(value) = object.get("matrix") {
                    plan.expand(value, template.span)?;
                }
                Ok(plan)
            }
        }
    }
}

fn wrong(error: MatrixError, span: Span) -> EvaluateError {
    EvaluateError { message: error.to_string(), expression: "matrix".into(), span }
}

/// How many at a time: the fraction is cut, and nothing, or less, is no limit.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is no number of jobs saturates"
)]
fn at_a_time(number: f64) -> Option<usize> {
    Some(number as usize).filter(|number| *number > 0)
}

/// A mapping of lists, with expressions wherever a list may stand.
fn read_matrix(reader: &mut Reader<'_>, node: &Node) -> Option<Tree> {
    let scope = &scopes::MATRIX;
    if let Some(template) = reader.whole_expression(node, "`matrix`", scope) {
        return template.map(Tree::Scalar);
    }
    let fields = reader.mapping(node, "`matrix`")?;
    for entry in fields.iter() {
        let what = format!("`{}` of `matrix`", *entry.key);
        let Some(items) = entry.value.as_sequence() else {
            if reader.whole_expression(&entry.value, &what, scope).is_none() {
                reader.wrong_kind(&entry.value, &what, "a list");
            }
            continue;
        };
        if !matrix::is_filter(&entry.key) {
            continue;
        }
        for item in items {
            let computed = reader.whole_expression(item, &what, scope).is_some();
            if item.as_mapping().is_none() && !computed {
                reader.wrong_kind(item, &format!("each item of {what}"), "a mapping");
            }
        }
    }
    // GitHub looks at the items beforehand only where nothing of the matrix is computed.
    if !node.has_expressions() {
        check_items(reader, &fields);
    }
    Tree::read(reader, node, "`matrix`", scope)
}

/// No item of `include` or `exclude` is empty, and `exclude` names rows.
fn check_items(reader: &mut Reader<'_>, fields: &Fields<'_>) {
    let keys = fields.iter().map(|entry| entry.key.as_str());
    let rows: Vec<&str> = keys.filter(|key| !matrix::is_filter(key)).collect();
    for key in ["include", "exclude"] {
        let items = fields.get(key).and_then(Node::as_sequence).unwrap_or_default();
        for (item, mapping) in items.iter().filter_map(|item| Some((item, item.as_mapping()?))) {
            if mapping.is_empty() {
                let message = format!("an item of `{key}` of `matrix` has no values");
                reader.problem(code::WRONG_VALUE, item.at(), message);
            }
            let is_known = |name: &str| rows.iter().any(|row| row.eq_ignore_ascii_case(name));
            for entry in mapping.iter().filter(|entry| key == "exclude" && !is_known(&entry.key)) {
                let message =
                    format!("`exclude` names `{}`, and the matrix has no such row", *entry.key);
                let help = format!("rows: {}", rows.join(", "));
                reader.problem_with_help(code::UNKNOWN_KEY, entry.key.span, message, help);
            }
        }
    }
}

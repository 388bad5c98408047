//! From a tree to a value.

use std::cell::Cell;

use super::ast::{Expression, Node, NodeKind};
use super::context::{Context, Status};
use super::function::Function;
use super::value::Value;
use super::{fold, from_json, operators, to_json};
use crate::span::Span;

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvaluateError {
    /// What is wrong, in one sentence.
    pub message: String,
    /// The expression, without `${{` and `}}`.
    pub expression: String,
    /// Where it stands in its file; the default for an expression of no file.
    pub span: Span,
}

impl Expression {
    /// The value in a context.
    ///
    /// # Errors
    /// A function was given what it cannot take, or too much memory was asked for.
    pub fn evaluate(&self, context: &dyn Context) -> Result<Value, EvaluateError> {
        let evaluator = Evaluator { context, memory: Cell::new(0) };
        evaluator.node(&self.root).map(Outcome::into_value).map_err(|message| EvaluateError {
            message,
            expression: self.text.to_string(),
            span: Span::default(),
        })
    }
}

/// A value, or what `*` picked out: members asked of that are asked of each.
enum Outcome {
    Value(Value),
    Picked(Vec<Value>),
}

impl Outcome {
    fn into_value(self) -> Value {
        match self {
            Self::Value(value) => value,
            Self::Picked(values) => values.into(),
        }
    }

    fn is_truthy(&self) -> bool {
        match self {
            Self::Value(value) => value.is_truthy(),
            Self::Picked(_) => true,
        }
    }
}

struct Evaluator<'a> {
    context: &'a dyn Context,
    memory: Cell<usize>,
}

impl Evaluator<'_> {
    fn value(&self, node: &Node) -> Result<Value, String> {
        self.node(node).map(Outcome::into_value)
    }

    fn node(&self, node: &Node) -> Result<Outcome, String> {
        let value = match &node.kind {
            NodeKind::Literal(value) => value.clone(),
            NodeKind::Context(name) => self.context.get(name).unwrap_or_default(),
            NodeKind::Index { of, key } => {
                let of = self.node(of)?;
                let key = self.value(key)?;
                return Ok(match of {
                    Outcome::Value(value) => {
                        Outcome::Value(member(&value, &key).unwrap_or_default())
                    }
                    Outcome::Picked(values) => Outcome::Picked(
                        values.iter().filter_map(|value| member(value, &key)).collect(),
                    ),
                });
            }
            NodeKind::All(of) => {
                return Ok(Outcome::Picked(match self.node(of)? {
                    Outcome::Value(value) => members(&value),
                    Outcome::Picked(values) => values.iter().flat_map(members).collect(),
                }));
            }
            NodeKind::Not(of) => Value::Bool(!self.value(of)?.is_truthy()),
            NodeKind::Binary { op, left, right } => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                Value::Bool(operators::compare(*op, &left, &right))
            }
            NodeKind::And(nodes) => return self.first(nodes, false),
            NodeKind::Or(nodes) => return self.first(nodes, true),
            NodeKind::Call { function: Function::Case, arguments } => return self.case(arguments),
            NodeKind::Call { function, arguments } => self.call(*function, arguments)?,
        };
        Ok(Outcome::Value(value))
    }

    /// The first value that is as true as this, else the last one.
    fn first(&self, nodes: &[Node], truthy: bool) -> Result<Outcome, String> {
        let mut last = Outcome::Value(Value::Null);
        for node in nodes {
            last = self.node(node)?;
            if last.is_truthy() == truthy {
                break;
            }
        }
        Ok(last)
    }

    fn call(&self, function: Function, arguments: &[Node]) -> Result<Value, String> {
        let values =
            arguments.iter().map(|node| self.value(node)).collect::<Result<Vec<_>, _>>()?;
        let null = Value::Null;
        let argument = |i: usize| values.get(i).unwrap_or(&null);
        match function {
            Function::Contains => Ok(contains(argument(0), argument(1)).into()),
            Function::StartsWith => {
                Ok(affix(argument(0), argument(1), |a, b| a.starts_with(b)).into())
            }
            Function::EndsWith => Ok(affix(argument(0), argument(1), |a, b| a.ends_with(b)).into()),
            Function::Format => self.format(&argument(0).to_text(), values.get(1..).unwrap_or(&[])),
            Function::Join => self.join(argument(0), values.get(1)),
            Function::ToJson => self.made(to_json::print(argument(0))),
            Function::FromJson => {
                let text = argument(0).to_text();
                self.charge(text.len())?;
                from_json::read(&text)
                    .map_err(|error| format!("fromJSON cannot read its text: {error}"))
            }
            Function::HashFiles => {
                let patterns: Vec<String> = values.iter().map(Value::to_text).collect();
                self.context.hash_files(&patterns).map(Value::from)
            }
            Function::Always => Ok(true.into()),
            Function::Success => Ok((self.status(&values) == Status::Success).into()),
            Function::Failure => Ok((self.status(&values) == Status::Failure).into()),
            Function::Cancelled => Ok((self.status(&[]) == Status::Cancelled).into()),
            Function::Case => Ok(null),
        }
    }

    fn status(&self, jobs: &[Value]) -> Status {
        let jobs: Vec<String> = jobs.iter().map(Value::to_text).collect();
        self.context.status(&jobs)
    }

    /// Pairs of condition and value, then what holds otherwise; only what is needed is evaluated.
    fn case(&self, arguments: &[Node]) -> Result<Outcome, String> {
        for pair in arguments.chunks(2) {
            match pair {
                [condition, value] => match self.value(condition)? {
                    Value::Bool(true) => return self.node(value),
                    Value::Bool(false) => {}
                    _ => return Err("case predicate must evaluate to a boolean value".into()),
                },
                [otherwise] => return self.node(otherwise),
                _ => {}
            }
        }
        Ok(Outcome::Value(Value::Null))
    }

    fn format(&self, format: &str, arguments: &[Value]) -> Result<Value, String> {
        let invalid = || format!("The following format string is invalid: {format}");
        let mut out = String::new();
        let mut rest = format;
        while let Some(at) = rest.find(['{', '}']) {
            out.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                out.push_str(brace);
                rest = after;
                continue;
            }
            if brace == "}" {
                return Err(invalid());
            }
            let (index, after) = rest.split_once('}').ok_or_else(invalid)?;
            if index.is_empty() || !index.bytes().all(|b| b.is_ascii_digit()) {
                return Err(invalid());
            }
            let index: u8 = index.parse().map_err(|_| invalid())?;
            let argument = arguments.get(usize::from(index)).ok_or_else(|| {
                format!(
                    "The following format string references more arguments than were supplied: \
                     {format}"
                )
            })?;
            let text = argument.to_text();
            self.charge(text.len())?;
            out.push_str(&text);
            rest = after;
        }
        out.push_str(rest);
        self.made(out)
    }

    fn join(&self, list: &Value, separator: Option<&Value>) -> Result<Value, String> {
        let Some(items) = list.as_array() else {
            let text = if list.is_primitive() { list.to_text() } else { String::new() };
            return self.made(text);
        };
        let separator = separator.filter(|s| s.is_primitive()).map_or(",".into(), Value::to_text);
        let mut out = String::new();
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                out.push_str(&separator);
            }
            out.push_str(&item.to_text());
            self.fits(out.len())?;
        }
        self.made(out)
    }

    /// A string that a function made; its memory counts.
    fn made(&self, text: String) -> Result<Value, String> {
        self.charge(text.encode_utf16().count())?;
        Ok(text.into())
    }

    fn charge(&self, units: usize) -> Result<(), String> {
        self.fits(units)?;
        self.memory.set(self.memory.get() + cost(units));
        Ok(())
    }

    fn fits(&self, units: usize) -> Result<(), String> {
        if self.memory.get().saturating_add(cost(units)) > self.context.max_memory() {
            return Err("The maximum allowed memory size was exceeded".into());
        }
        Ok(())
    }
}

/// What the runner counts for a string: two bytes a UTF-16 unit, and its header.
fn cost(units: usize) -> usize {
    units.saturating_mul(2).saturating_add(26)
}

/// What `of[key]` is, if there is such a member.
fn member(of: &Value, key: &Value) -> Option<Value> {
    match of {
        Value::Array(items) => items.get(position(key)?).cloned(),
        Value::Object(object) if key.is_primitive() => object.get(&key.to_text()).cloned(),
        _ => None,
    }
}

/// The place in a list that a key names: any number from 0 on, rounded down.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float beyond usize saturates, and names no place"
)]
fn position(key: &Value) -> Option<usize> {
    let number = key.to_number();
    (number.is_finite() && number >= 0.0).then_some(number as usize)
}

fn members(of: &Value) -> Vec<Value> {
    match of {
        Value::Array(items) => items.to_vec(),
        Value::Object(object) => object.values().cloned().collect(),
        _ => Vec::new(),
    }
}

fn contains(search: &Value, item: &Value) -> bool {
    match search {
        Value::Array(items) => items.iter().any(|candidate| operators::equal(candidate, item)),
        Value::Object(_) => false,
        _ => {
            item.is_primitive()
                && fold::folded(&search.to_text()).contains(&fold::folded(&item.to_text()))
        }
    }
}

fn affix(text: &Value, part: &Value, test: fn(&str, &str) -> bool) -> bool {
    text.is_primitive()
        && part.is_primitive()
        && test(&fold::folded(&text.to_text()), &fold::folded(&part.to_text()))
}

//! From an expression to its type, and what is wrong on the way.

use super::signature::{self, Wanted};
use super::{Contexts, Type};
use crate::diagnostic::nearest;
use crate::expr::{BinaryOp, Expression, Function, Node, NodeKind, Value, Variables, from_json};

/// What an expression comes to.
pub(in crate::lint) struct Inferred {
    pub(in crate::lint) of: Type,
    pub(in crate::lint) problems: Vec<Problem>,
}

/// What is wrong in an expression. `offset` is in bytes from its start.
#[derive(Debug)]
pub(in crate::lint) struct Problem {
    pub(in crate::lint) offset: usize,
    pub(in crate::lint) kind: Kind,
    pub(in crate::lint) message: String,
    pub(in crate::lint) help: Option<String>,
}

/// Which rule it is a matter of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lint) enum Kind {
    /// A member that does not exist.
    Member,
    /// A value of the wrong type: what is written can only come to nothing.
    Type,
    /// A comparison that holds, or not, by a conversion that is seldom meant.
    Comparison,
    /// `format` that fails.
    Format,
    /// An argument of `format` that is not used.
    UnusedArgument,
    /// Text for `fromJSON` that is none.
    Json,
}

pub(in crate::lint) fn infer(expression: &Expression, contexts: &Contexts) -> Inferred {
    let mut inference = Inference { contexts, problems: Vec::new() };
    let (of, _) = inference.node(expression.root());
    Inferred { of, problems: inference.problems }
}

struct Inference<'a> {
    contexts: &'a Contexts,
    problems: Vec<Problem>,
}

/// Whether a list is what `*` picked out: members asked of it are asked of each.
type Picked = bool;

impl Inference<'_> {
    fn problem(&mut self, offset: usize, kind: Kind, message: String, help: Option<String>) {
        self.problems.push(Problem { offset, kind, message, help });
    }

    fn of(&mut self, node: &Node) -> Type {
        self.node(node).0
    }

    fn node(&mut self, node: &Node) -> (Type, Picked) {
        let of = match &node.kind {
            NodeKind::Literal(value) => Type::of(value),
            NodeKind::Context(name) => self.contexts.get(name),
            NodeKind::Index { of, key } => return self.index(of, key),
            NodeKind::All(of) => return (self.all(of), true),
            NodeKind::Not(of) => {
                self.of(of);
                Type::Bool
            }
            NodeKind::Binary { op, left, right } => self.binary(*op, left, right),
            NodeKind::And(nodes) | NodeKind::Or(nodes) => {
                let types: Vec<Type> = nodes.iter().map(|node| self.of(node)).collect();
                types.into_iter().reduce(Type::either).unwrap_or_default()
            }
            NodeKind::Call { function, arguments } => self.call(node, *function, arguments),
        };
        (of, false)
    }

    fn index(&mut self, of: &Node, key: &Node) -> (Type, Picked) {
        let (receiver, picked) = self.node(of);
        let key_type = self.of(key);
        if !picked {
            return (self.member(of, &receiver, key, &key_type), false);
        }
        let Type::List(item) = &receiver else { return (Type::Any, true) };
        let member = match (item.as_ref(), name_of(key)) {
            (Type::Object(shape), Some(name)) => shape.get(&name).cloned(),
            _ => None,
        };
        (Type::list(member.unwrap_or_default()), true)
    }

    fn member(&mut self, of: &Node, receiver: &Type, key: &Node, key_type: &Type) -> Type {
        match receiver {
            Type::Any => Type::Any,
            Type::Object(shape) => {
                let Some(name) = name_of(key) else {
                    if key_type.is_collection() {
                        let message = format!("a member of an object has a name, not {key_type}");
                        self.problem(key.offset, Kind::Type, message, None);
                    }
                    return shape.any_member();
                };
                if let NodeKind::Literal(Value::Number(_)) = key.kind
                    && shape.get(&name).is_none()
                {
                    let message = "an object has members with names, not with numbers".to_owned();
                    self.problem(key.offset, Kind::Type, message, None);
                    return Type::Any;
                }
                match shape.get(&name) {
                    Some(member) => member.clone(),
                    None => {
                        let names: Vec<&str> = shape.members().map(|(name, _)| name).collect();
                        let message = unknown(&path(of), &name);
                        let help = there_are(&path(of), &name, &names);
                        self.problem(key.offset, Kind::Member, message, Some(help));
                        Type::Any
                    }
                }
            }
            Type::List(item) => {
                if let NodeKind::Literal(Value::String(name)) = &key.kind
                    && name.parse::<f64>().is_err()
                {
                    let message = format!("`{}` is a list: it has no member `{name}`", path(of));
                    let help = "take an item with `[0]`, or a member of all items with `.*.name`";
                    self.problem(key.offset, Kind::Type, message, Some(help.into()));
                    return Type::Any;
                }
                item.as_ref().clone()
            }
            scalar => {
                let message = format!("`{}` is {scalar}: it has no members", path(of));
                self.problem(key.offset, Kind::Type, message, None);
                Type::Any
            }
        }
    }

    fn all(&mut self, of: &Node) -> Type {
        let (receiver, picked) = self.node(of);
        let inner = |of: &Type| match of {
            Type::List(item) => item.as_ref().clone(),
            Type::Object(shape) => shape.any_member(),
            _ => Type::Any,
        };
        match &receiver {
            Type::Any => Type::list(Type::Any),
            Type::List(item) if picked => Type::list(inner(item)),
            Type::List(_) | Type::Object(_) => Type::list(inner(&receiver)),
            scalar => {
                let message = format!("`{}` is {scalar}: `*` finds nothing in it", path(of));
                self.problem(of.offset, Kind::Type, message, None);
                Type::list(Type::Any)
            }
        }
    }

    fn binary(&mut self, op: BinaryOp, left: &Node, right: &Node) -> Type {
        let (a, b) = (self.of(left), self.of(right));
        let open = |of: &Type| matches!(of, Type::Any | Type::Null);
        let known = !open(&a) && !open(&b);
        let equality = matches!(op, BinaryOp::Equal | BinaryOp::NotEqual);
        if known && (a.is_collection() != b.is_collection() || (!equality && a.is_collection())) {
            let message = format!("{a} is never equal to, less or greater than {b}");
            self.problem(left.offset, Kind::Type, message, None);
        } else if known && !equality && (a == Type::Bool || b == Type::Bool) {
            let message = format!("{a} is compared with {b} by converting both to numbers");
            self.problem(left.offset, Kind::Comparison, message, None);
        } else if equality && compares_words(&a, right) | compares_words(&b, left) {
            let message = "a boolean is compared with a word: that converts both to numbers, and \
                           never holds"
                .to_owned();
            let help = "compare with `true` or `false` without quotes, or not at all";
            self.problem(left.offset, Kind::Type, message, Some(help.into()));
        }
        Type::Bool
    }

    fn call(&mut self, node: &Node, function: Function, arguments: &[Node]) -> Type {
        let types: Vec<Type> = arguments.iter().map(|argument| self.of(argument)).collect();
        for (index, (argument, of)) in arguments.iter().zip(&types).enumerate() {
            let wanted = signature::argument(function, index, arguments.len());
            if wanted != Wanted::Any && !wanted.takes(of) {
                let place = index + 1;
                let message = format!(
                    "argument {place} of `{}` has to be {}, not {of}",
                    function.name(),
                    wanted.describe()
                );
                let help = of.is_collection().then(|| "`toJSON` makes text of it".to_owned());
                self.problem(argument.offset, Kind::Type, message, help);
            }
        }
        match function {
            Function::Format => self.check_format(node, arguments),
            Function::FromJson => return self.parsed_literal(arguments),
            Function::Case => return case(&types),
            _ => {}
        }
        signature::result(function)
    }

    /// The braces of a literal format, against the arguments that follow it.
    fn check_format(&mut self, node: &Node, arguments: &[Node]) {
        let Some((format, rest)) = arguments.split_first() else { return };
        let NodeKind::Literal(Value::String(text)) = &format.kind else { return };
        let Some(used) = placeholders(text) else {
            let message = format!("the format `{text}` has a brace without its other one");
            let help = "write `{{` and `}}` for braces".to_owned();
            self.problem(node.offset, Kind::Format, message, Some(help));
            return;
        };
        let (places, given) = (used.len(), rest.len());
        if let Some(most) = used.iter().max().filter(|most| **most >= given) {
            let message = format!("the format asks for `{{{most}}}`, but {given} arguments follow");
            let help = "the first argument behind the format is `{0}`".to_owned();
            self.problem(node.offset, Kind::Format, message, Some(help));
        } else if let Some(unused) = (0..given).find(|index| !used.contains(index)) {
            let message = format!("the format does not use its argument `{{{unused}}}`");
            let help = format!("the format has {places} places for {given} arguments");
            self.problem(node.offset, Kind::UnusedArgument, message, Some(help));
        }
    }

    /// A literal tells what it yields.
    fn parsed_literal(&mut self, arguments: &[Node]) -> Type {
        let Some(Node { offset, kind: NodeKind::Literal(Value::String(text)), .. }) =
            arguments.first()
        else {
            return Type::Any;
        };
        match from_json(text) {
            Ok(value) => Type::of(&value),
            Err(error) => {
                let message = format!("this is no JSON: {error}");
                self.problem(*offset, Kind::Json, message, None);
                Type::Any
            }
        }
    }
}

/// The values of `case`: every second argument, and the last.
fn case(types: &[Type]) -> Type {
    let values = types.iter().skip(1).step_by(2).chain(types.last());
    values.cloned().reduce(Type::either).unwrap_or_default()
}

/// Whether a boolean is compared with a text that is no number, such as `'true'`.
fn compares_words(of: &Type, with: &Node) -> bool {
    match (&of, &with.kind) {
        (Type::Bool, NodeKind::Literal(value @ Value::String(_))) => value.to_number().is_nan(),
        _ => false,
    }
}

/// The name that a literal key asks for.
fn name_of(key: &Node) -> Option<String> {
    match &key.kind {
        NodeKind::Literal(value) if value.is_primitive() => Some(value.to_text()),
        _ => None,
    }
}

/// The places in a format, or nothing if it is none.
fn placeholders(format: &str) -> Option<Vec<usize>> {
    let mut places = Vec::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '{' if chars.next_if_eq(&'{').is_some() => {}
            '}' if chars.next_if_eq(&'}').is_some() => {}
            '{' => {
                let digits: String =
                    std::iter::from_fn(|| chars.next_if(char::is_ascii_digit)).collect();
                places.push(digits.parse().ok()?);
                chars.next_if_eq(&'}')?;
            }
            '}' => return None,
            _ => {}
        }
    }
    Some(places)
}

/// A node as its author would name it.
pub(in crate::lint) fn path(node: &Node) -> String {
    match &node.kind {
        NodeKind::Context(name) => name.clone(),
        NodeKind::Index { of, key } => match name_of(key) {
            Some(name) => format!("{}.{name}", path(of)),
            None => format!("{}[…]", path(of)),
        },
        NodeKind::All(of) => format!("{}.*", path(of)),
        NodeKind::Call { function, .. } => format!("{}(…)", function.name()),
        NodeKind::Literal(value) => value.to_text(),
        _ => "(…)".into(),
    }
}

fn unknown(of: &str, name: &str) -> String {
    match of {
        "steps" => format!("no step before this one has the id `{name}`"),
        "needs" => format!("this job does not need a job `{name}`"),
        "inputs" => format!("there is no input `{name}`"),
        "matrix" => format!("the matrix of this job has no `{name}`"),
        "jobs" => format!("there is no job `{name}`"),
        "secrets" => format!("`workflow_call` does not declare a secret `{name}`"),
        _ => format!("`{of}` has no member `{name}`"),
    }
}

fn there_are(of: &str, name: &str, names: &[&str]) -> String {
    if let Some(near) = nearest(name, names.iter().copied()) {
        return format!("did you mean `{near}`?");
    }
    if names.is_empty() {
        return match of {
            "needs" => "this job has no `needs`".into(),
            "matrix" => "this job has no matrix".into(),
            "inputs" => "declare it under `workflow_dispatch` or `workflow_call`".into(),
            _ => format!("`{of}` has no members here"),
        };
    }
    format!("there are: {}", names.join(", "))
}

/// The value of an expression that asks nothing of the world, if it has one.
pub(in crate::lint) fn constant(expression: &Expression) -> Option<Value> {
    let mut depends = false;
    expression.root().visit(&mut |node| {
        depends |= match &node.kind {
            NodeKind::Context(_) => true,
            NodeKind::Call { function, .. } => {
                function.is_status() || *function == Function::HashFiles
            }
            _ => false,
        };
    });
    if depends { None } else { expression.evaluate(&Variables::default()).ok() }
}

//! `shipway expr`: one expression, evaluated as a workflow would.

use std::fs;
use std::path::Path;

use shipway_workflow::expr::{
    EvaluateError, Expression, Object, Parsed, Scope, StatusFunctions, Template, Value, Variables,
    code,
};
use shipway_workflow::{Diagnostic, Pos, Span, yaml};

use crate::args::Expr;
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;

/// What the text is called in messages.
const FILE: &str = "expression";

/// The contexts of a workflow; those that are not given are empty.
const CONTEXTS: [&str; 12] = [
    "github", "env", "vars", "job", "jobs", "steps", "runner", "secrets", "strategy", "matrix",
    "needs", "inputs",
];

pub(super) fn expr(args: &Expr) -> Result<Exit, CliError> {
    let contexts = match &args.context {
        Some(file) => read(file)?,
        None => Object::new(),
    };
    let text = args.expression.as_str();
    let value = evaluate(text, contexts)
        .map_err(|problem| CliError::usage(problem.render(text).trim_end().to_owned()))?;
    if args.kind {
        print::line(match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        });
    } else if args.json {
        print::json(&value)?;
    } else {
        print::line(value.to_text());
    }
    Ok(Exit::Ok)
}

fn evaluate(text: &str, contexts: Object) -> Result<Value, Box<Diagnostic>> {
    let is_known = |name: &str| CONTEXTS.iter().any(|known| known.eq_ignore_ascii_case(name));
    let others = contexts.iter().map(|(name, _)| name).filter(|name| !is_known(name));
    let names: Vec<&str> = CONTEXTS.into_iter().chain(others).collect();
    let scope = Scope { contexts: &names, status: StatusFunctions::OfJobs, hash_files: false };
    let place = |at: usize| Pos::START.after(text.get(..at).unwrap_or(text));
    let whole = Span::new(Pos::START, place(text.len()));
    let failed = |error: EvaluateError| {
        let span = if error.span == Span::default() { whole } else { error.span };
        Box::new(Diagnostic::error(code::EVALUATION, FILE, span, error.message))
    };
    if text.contains("${{") {
        let template = Template::parse(FILE, text, whole, &scope, &mut Parsed::default(), place)
            .map_err(|problems| Box::new(first(problems, whole)))?;
        return template.evaluate(&Variables::new(contexts.clone())).map_err(failed);
    }
    let expression = Expression::parse(text, &scope).map_err(|error| {
        let span = Span::new(place(error.offset), place(error.offset + error.length));
        let problem = Diagnostic::error(code::SYNTAX, FILE, span, error.message);
        Box::new(match error.help {
            Some(help) => problem.with_help(help),
            None => problem,
        })
    })?;
    expression.evaluate(&Variables::new(contexts.clone())).map_err(failed)
}

fn first(problems: Vec<Diagnostic>, whole: Span) -> Diagnostic {
    let unknown = || Diagnostic::error(code::SYNTAX, FILE, whole, "this is no expression");
    problems.into_iter().next().unwrap_or_else(unknown)
}

/// JSON is YAML, too.
fn read(file: &Path) -> Result<Object, CliError> {
    let name = file.display().to_string();
    let text =
        fs::read_to_string(file).map_err(|error| CliError::usage(format!("{name}: {error}")))?;
    let root = yaml::parse(&name, &text).map_err(|problems| {
        let all: Vec<String> = problems.iter().map(|problem| problem.render(&text)).collect();
        CliError::usage(all.join("\n").trim_end().to_owned())
    })?;
    match Value::from(&root) {
        Value::Object(object) => Ok(object.as_ref().clone()),
        Value::Null => Ok(Object::new()),
        other => {
            let what = other.describe();
            Err(CliError::usage(format!("{name}: the contexts are {what}, not an object"))
                .hint("write an object for each context: {\"github\": {\"ref\": \"…\"}}"))
        }
    }
}

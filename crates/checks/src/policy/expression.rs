//! Expressions of gates, in CEL (the Common Expression Language).

use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use cel::{Context, Program, Value as Cel};
use serde_json::Value;

/// What an expression may be about: each name and its members. `services` and `flags` of coverage
/// have members of the project's own.
pub(super) const NAMES: &[(&str, &[&str])] = &[
    ("coverage", &["total", "changed_lines", "before", "services", "flags"]),
    ("tests", &["passed", "failed", "skipped", "pass_rate"]),
    ("vulnerabilities", VULNERABILITIES),
    ("images", VULNERABILITIES),
    ("analysis", FINDINGS),
    ("secrets", FINDINGS),
    ("migrations", FINDINGS),
    ("licences", &["packages", "refused", "unknown"]),
    ("load", &["p95", "p99", "error_rate", "requests_per_second", "users", "crossed"]),
    ("sonarqube", &["passed", "reliability", "security", "maintainability"]),
    ("duplication", &["percent", "lines"]),
    ("policies", &["asked", "denied", "warned"]),
];

const VULNERABILITIES: &[&str] =
    &["total", "critical", "high", "medium", "low", "unknown", "new", "overdue", "waived"];
const FINDINGS: &[&str] = &["critical", "high", "medium", "low", "undecided", "allowed"];

/// Functions that expressions may call, beside operators and macros.
const FUNCTIONS: &[&str] = &[
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "max",
    "min",
    "string",
    "int",
    "double",
    "uint",
    "bool",
];

/// Why an expression gives no verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadExpression {
    /// It is no expression.
    #[error("`{text}` is no expression: {why}")]
    Syntax {
        /// The expression.
        text: String,
        /// Why.
        why: String,
    },
    /// It is about something that there is not.
    #[error("`{name}` is not known here{}", near(.known, .name))]
    Unknown {
        /// What it names.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// There is no evidence for what it is about.
    #[error("no evidence for `{0}`")]
    NoEvidence(String),
    /// It cannot be evaluated.
    #[error("`{text}` cannot be evaluated: {why}")]
    Failed {
        /// The expression.
        text: String,
        /// Why.
        why: String,
    },
    /// It is neither true nor false.
    #[error("`{text}` is neither true nor false, but {found}")]
    NoVerdict {
        /// The expression.
        text: String,
        /// What it is.
        found: String,
    },
}

fn near(known: &[String], name: &str) -> String {
    // Of `coverage.totl`, the member is what is misspelled.
    let name = name.rsplit('.').next().unwrap_or(name);
    match shipway_workflow::diagnostic::nearest(name, known) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => format!(": there are {}", known.join(", ")),
    }
}

/// Whether an expression can be evaluated once there is evidence: it is one, and knows what it
/// speaks of.
///
/// # Errors
/// What is wrong with it.
pub fn check(text: &str) -> Result<(), BadExpression> {
    let program = compile(text)?;
    let mut bound = Vec::new();
    names(program.expression(), &mut bound)
}

/// Whether it is true of these figures.
pub(super) fn evaluate(text: &str, figures: &Value) -> Result<bool, BadExpression> {
    let failed = |why: String| BadExpression::Failed { text: text.to_owned(), why };
    let program = compile(text)?;
    names(program.expression(), &mut Vec::new())?;
    let mut context = Context::default();
    for (name, value) in figures.as_object().into_iter().flatten() {
        let value = cel::to_value(value).map_err(|error| failed(error.to_string()))?;
        context.add_variable_from_value(name.clone(), value);
    }
    match program.execute(&context) {
        Ok(Cel::Bool(verdict)) => Ok(verdict),
        Ok(other) => {
            let found = format!("{:?}", other.type_of());
            Err(BadExpression::NoVerdict { text: text.to_owned(), found })
        }
        Err(cel::ExecutionError::NoSuchKey(key)) => {
            Err(BadExpression::NoEvidence(key.as_ref().clone()))
        }
        Err(error) => Err(failed(error.to_string())),
    }
}

/// The figures that an expression is about, for people: `coverage.total = 81.4`.
pub(super) fn used(text: &str, figures: &Value) -> Vec<String> {
    let Ok(program) = compile(text) else { return Vec::new() };
    let mut used = Vec::new();
    walk(program.expression(), &mut |path| {
        if let [name, member] = path
            && let Some(value) = figures.get(name).and_then(|of| of.get(member))
        {
            let said = format!("{name}.{member} = {value}");
            if !used.contains(&said) {
                used.push(said);
            }
        }
    });
    used
}

/// The kinds of evidence that an expression is about, by their names.
pub(super) fn kinds(text: &str) -> Vec<&'static str> {
    let Ok(program) = compile(text) else { return Vec::new() };
    let mut kinds = Vec::new();
    visit(program.expression(), &mut |expr| {
        if let Expr::Ident(name) = expr
            && let Some((kind, _)) = NAMES.iter().find(|(known, _)| known == name)
            && !kinds.contains(kind)
        {
            kinds.push(*kind);
        }
    });
    kinds
}

/// Whether it asks by itself if there is a figure of a kind (`has(load.p95)`).
pub(super) fn asks_whether_there_is(text: &str, kind: &str) -> bool {
    let Ok(program) = compile(text) else { return false };
    let mut asks = false;
    visit(program.expression(), &mut |expr| {
        if let Expr::Select(select) = expr
            && let Expr::Ident(name) = &select.operand.expr
        {
            asks |= select.test && name == kind;
        }
    });
    asks
}

/// Whether it asks for a figure of a kind.
pub(super) fn asks_for(text: &str, kind: &str, figure: &str) -> bool {
    let Ok(program) = compile(text) else { return false };
    let mut asks = false;
    walk(program.expression(), &mut |path| asks |= path == [kind, figure]);
    asks
}

fn compile(text: &str) -> Result<Program, BadExpression> {
    Program::compile(text).map_err(|error| {
        let why = error.to_string().lines().next().unwrap_or_default().to_owned();
        BadExpression::Syntax { text: text.to_owned(), why }
    })
}

/// Calls `see` with each name that is selected from, root first.
fn walk(of: &IdedExpr, see: &mut dyn FnMut(&[&str])) {
    visit(of, &mut |expr| {
        if let Expr::Select(select) = expr
            && let Expr::Ident(name) = &select.operand.expr
        {
            see(&[name, &select.field]);
        }
    });
}

/// Calls `see` with it and all that is in it.
fn visit(of: &IdedExpr, see: &mut dyn FnMut(&Expr)) {
    see(&of.expr);
    children(&of.expr).into_iter().for_each(|child| visit(child, see));
}

fn children(of: &Expr) -> Vec<&IdedExpr> {
    match of {
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::Comprehension(all) => {
            vec![&all.iter_range, &all.accu_init, &all.loop_cond, &all.loop_step, &all.result]
        }
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map.entries.iter().flat_map(|entry| in_entry(&entry.expr)).collect(),
        Expr::Struct(of) => of.entries.iter().flat_map(|entry| in_entry(&entry.expr)).collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => Vec::new(),
    }
}

fn in_entry(of: &EntryExpr) -> Vec<&IdedExpr> {
    match of {
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
        EntryExpr::StructField(field) => vec![&field.value],
    }
}

fn owned(names: impl Iterator<Item = &'static str>) -> Vec<String> {
    names.map(str::to_owned).collect()
}

/// Checks every name; `bound` are the variables of macros around it.
fn names(of: &IdedExpr, bound: &mut Vec<String>) -> Result<(), BadExpression> {
    let unknown = |name: &str, known| Err(BadExpression::Unknown { name: name.to_owned(), known });
    match &of.expr {
        Expr::Ident(name) if !bound.contains(name) && members(name).is_none() => {
            return unknown(name, owned(NAMES.iter().map(|(name, _)| *name)));
        }
        Expr::Select(select) => {
            if let Expr::Ident(name) = &select.operand.expr
                && !bound.contains(name)
                && let Some(members) = members(name)
                && !members.contains(&select.field.as_str())
            {
                let all = owned(members.iter().copied());
                return unknown(&format!("{name}.{}", select.field), all);
            }
        }
        Expr::Call(call) => {
            let name = call.func_name.as_str();
            let operator = name.starts_with(['_', '!', '-', '@']);
            if !operator && !FUNCTIONS.contains(&name) {
                return unknown(name, owned(FUNCTIONS.iter().copied()));
            }
        }
        _ => {}
    }
    let before = bound.len();
    if let Expr::Comprehension(all) = &of.expr {
        bound.push(all.iter_var.clone());
        bound.extend(all.iter_var2.clone());
        bound.push(all.accu_var.clone());
    }
    let all = children(&of.expr).into_iter().try_for_each(|child| names(child, bound));
    bound.truncate(before);
    all
}

fn members(name: &str) -> Option<&'static [&'static str]> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, members)| *members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_checked_before_there_is_evidence() {
        for good in [
            "coverage.total >= 80",
            "coverage.services['api'] > 70.0 && tests.failed == 0",
            "licences.refused.all(l, l.startsWith('MIT'))",
            "has(load.p95) ? load.p95 < 100 : true",
            "size(policies.denied) == 0 || vulnerabilities.new == 0",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        let wrong = |text: &str| check(text).expect_err(text).to_string();
        insta::assert_snapshot!(wrong("coverage.totl >= 80"), @"`coverage.totl` is not known here; did you mean `total`?");
        insta::assert_snapshot!(wrong("covrage.total >= 80"), @"`covrage` is not known here; did you mean `coverage`?");
        insta::assert_snapshot!(wrong("licences.refused.all(l, x)"), @"`x` is not known here: there are coverage, tests, vulnerabilities, images, analysis, secrets, migrations, licences, load, sonarqube, duplication, policies");
        insta::assert_snapshot!(wrong("sizes(policies.denied) == 0"), @"`sizes` is not known here; did you mean `size`?");
        assert!(matches!(check("coverage.total >="), Err(BadExpression::Syntax { .. })));
    }

    #[test]
    fn the_kinds_of_evidence_are_told_however_they_are_written() {
        let text =
            "has(load.p95) || tests['failed'] == 0 && [1].all(x, policies.denied.size() < x)";
        assert_eq!(kinds(text), ["load", "tests", "policies"]);
        assert_eq!(kinds("'coverage' == 'tests'"), [""; 0]);
        assert!(asks_whether_there_is("!has(load.p95) || load.p95 < 1", "load"));
        assert!(!asks_whether_there_is("has(tests.failed) || load.p95 < 1", "load"));
        assert!(asks_for("analysis.undecided == 0", "analysis", "undecided"));
        assert!(!asks_for("analysis.high == 0", "analysis", "undecided"));
    }

    #[test]
    fn an_expression_without_evidence_is_no_verdict() {
        let figures = json!({"coverage": {"total": 81.5}, "tests": {"failed": 0}, "load": {}});
        assert_eq!(evaluate("coverage.total >= 80 && tests.failed == 0", &figures), Ok(true));
        assert_eq!(evaluate("coverage.total >= 82", &figures), Ok(false));
        assert_eq!(
            evaluate("load.p95 < 100", &figures),
            Err(BadExpression::NoEvidence("p95".to_owned()))
        );
        assert!(matches!(
            evaluate("coverage.total", &figures),
            Err(BadExpression::NoVerdict { .. })
        ));
        assert!(matches!(
            evaluate("coverage.total == 'x' || coverage.total / 0 > 1.0", &figures),
            Err(BadExpression::Failed { .. }) | Ok(true | false)
        ));
        assert_eq!(
            used("coverage.total >= 80 || coverage.total < load.p95", &figures),
            ["coverage.total = 81.5"]
        );
    }
}

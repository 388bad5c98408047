//! Whether two outcomes are the same, or why they are not.

use serde_json::Value as Json;
use shipway_workflow::expr::Value;

/// What came of an expression here.
#[derive(Debug)]
pub(super) enum Ours {
    Syntax,
    Evaluation,
    Value(Value),
}

pub(super) enum Verdict {
    Same,
    /// A known difference between GitHub's runner, which is followed here, and its library.
    Explained(&'static str),
    Different,
}

/// Why an expression may come to something else in GitHub's TypeScript library than in its
/// runner, which is followed here (its source is C#). Each is a rule on the expression's text
/// or on both values, as narrow as it can be.
const RULES: &[(&str, Rule)] = &[
    ("white space of Unicode between tokens: the library takes that of ASCII only", |case| {
        case.theirs["error"] == "syntax"
            && matches!(case.ours, Ours::Value(_) | Ours::Evaluation)
            && case.expression.chars().any(|c| c.is_whitespace() && !c.is_ascii())
    }),
    ("0xffffffff: the runner reads 32 bits with a sign, the library without", |case| {
        case.wild && case.expression.contains("0xffffffff")
    }),
    ("'infinity' as a number: .NET reads it in any case, JavaScript as Infinity only", |case| {
        case.expression.contains("infinity")
    }),
    ("a comma before `)`: the runner's lexer refuses it, the library takes it", |case| {
        matches!(case.ours, Ours::Syntax) && has_trailing_comma(case.expression)
    }),
    (
        "fromJSON with keys that differ in case: the last value stays, in the library the first",
        |case| case.has("fromjson(") && case.expression.contains(r#""A": 2"#),
    ),
    (
        "fromJSON of NaN, infinities and hexadecimal numbers: the runner reads them, the library \
         nothing but JSON",
        |case| {
            let refused = case.theirs["message"].as_str().unwrap_or_default();
            let beside_json = ["nan", "infinity", "0x"].iter().any(|word| case.has(word));
            refused.contains("Error parsing JSON when evaluating fromJson")
                && matches!(case.ours, Ours::Value(_))
                && case.has("fromjson(")
                && beside_json
        },
    ),
    ("format with more than an index in its braces: the library ignores it", |case| {
        matches!(case.ours, Ours::Evaluation) && has_more_than_an_index(case.expression)
    }),
    ("case: the runner evaluates what is needed, the library everything", |case| {
        case.theirs["error"] == "evaluation"
            && matches!(case.ours, Ours::Value(_))
            && case.has("case(")
    }),
    ("toJSON of NaN and infinities: the runner prints them, the library prints null", |case| {
        case.value(&same_json) || case.has("tojson(") && (case.has("nan") || case.has("infinity"))
    }),
    ("numbers as text: the runner prints 15 digits as 1E+15, the library as JavaScript", |case| {
        case.wild && (case.value(&same_numbers) || case.makes_text())
    }),
    ("upper case: JavaScript makes SS of ß, the runner compares letter by letter", |case| {
        case.expression.contains('ß')
    }),
];

/// Whether something else than `}` follows the number of a place, as in `{0)}`.
fn has_more_than_an_index(text: &str) -> bool {
    text.split('{').skip(1).any(|place| {
        let rest = place.trim_start_matches(|c: char| c.is_ascii_digit());
        rest.len() < place.len() && !rest.starts_with('}')
    })
}

/// Whether a comma stands before a closing parenthesis.
fn has_trailing_comma(text: &str) -> bool {
    let tight: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    tight.contains(",)")
}

type Rule = fn(&Case<'_>) -> bool;

struct Case<'a> {
    expression: &'a str,
    wild: bool,
    ours: &'a Ours,
    theirs: &'a Json,
}

impl Case<'_> {
    /// Whether both have a value, the same but for what its texts are compared by.
    fn value(&self, texts: Texts<'_>) -> bool {
        matches!(self.ours, Ours::Value(value) if same(value, &self.theirs["value"], texts))
    }

    fn has(&self, word: &str) -> bool {
        self.expression.to_lowercase().contains(word)
    }

    /// Whether a number may become text inside of the expression.
    fn makes_text(&self) -> bool {
        let functions = ["contains(", "swith(", "format(", "join(", "tojson(", "fromjson(", "["];
        functions.iter().any(|function| self.has(function))
    }
}

pub(super) fn judge(expression: &str, wild: bool, ours: &Ours, theirs: &Json) -> Verdict {
    let case = Case { expression, wild, ours, theirs };
    let stage = theirs["error"].as_str();
    match (ours, stage) {
        (Ours::Syntax, Some("syntax")) | (Ours::Evaluation, Some("evaluation")) => Verdict::Same,
        (Ours::Value(_), None) if case.value(&str::eq) => Verdict::Same,
        _ => match RULES.iter().find(|(_, explains)| explains(&case)) {
            Some((why, _)) => Verdict::Explained(why),
            None => Verdict::Different,
        },
    }
}

fn same_json(ours: &str, theirs: &str) -> bool {
    let plain =
        ours.replace("-Infinity", "null").replace("Infinity", "null").replace("NaN", "null");
    plain == theirs
}

/// The same text but for how its numbers are printed.
fn same_numbers(ours: &str, theirs: &str) -> bool {
    pieces(ours) == pieces(theirs)
}

/// A text with every number in it in one spelling.
fn pieces(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = number(rest);
        if let Ok(value) = rest[..length].parse::<f64>() {
            // Below 15 places, the library prints 0.
            let value = if value.abs() < 5e-15 { 0.0 } else { value };
            out.push_str(&format!("<{value:.13e}>"));
            rest = &rest[length..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// How long the number is that a text begins with; 0 if it does not.
fn number(text: &str) -> usize {
    let digits = |at: usize| text[at..].bytes().take_while(u8::is_ascii_digit).count();
    let mut at = usize::from(text.starts_with('-'));
    let whole = digits(at);
    if whole == 0 {
        return 0;
    }
    at += whole;
    if text[at..].starts_with('.') && digits(at + 1) > 0 {
        at += 1 + digits(at + 1);
    }
    if let Some(exponent) = text[at..].strip_prefix(['e', 'E']) {
        let sign = usize::from(exponent.starts_with(['+', '-']));
        let length = digits(at + 1 + sign);
        if length > 0 {
            at += 1 + sign + length;
        }
    }
    at
}

type Texts<'a> = &'a dyn Fn(&str, &str) -> bool;

fn same(ours: &Value, theirs: &Json, texts: Texts<'_>) -> bool {
    match (ours, theirs["kind"].as_str()) {
        (Value::Null, Some("null")) => true,
        (Value::Bool(value), Some("boolean")) => theirs["value"] == *value,
        (Value::Number(value), Some("number")) => {
            let other: f64 = theirs["value"].as_str().unwrap_or_default().parse().unwrap_or(0.5);
            other == *value || (other.is_nan() && value.is_nan())
        }
        (Value::String(value), Some("string")) => {
            theirs["value"].as_str().is_some_and(|other| texts(value, other))
        }
        (Value::Array(items), Some("array")) => {
            let others = theirs["items"].as_array().cloned().unwrap_or_default();
            others.len() == items.len() && items.iter().zip(&others).all(|(a, b)| same(a, b, texts))
        }
        (Value::Object(object), Some("object")) => {
            let keys = theirs["keys"].as_array().cloned().unwrap_or_default();
            let others = theirs["items"].as_array().cloned().unwrap_or_default();
            keys.len() == object.len()
                && object
                    .iter()
                    .zip(keys.iter().zip(&others))
                    .all(|((key, value), (k, v))| *k == key && same(value, v, texts))
        }
        _ => false,
    }
}

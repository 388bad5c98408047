use proptest::prelude::*;

use super::{
    Condition, Context, EvaluateError, Expression, Object, Parsed, Status, Template, Value,
    Variables, scopes,
};
use crate::span::{Pos, Span};

fn contexts() -> Variables {
    let github: Value = serde_json::from_str(
        r#"{"ref": "refs/heads/main", "event": {"commits": [{"id": 1}, {"id": 2}, {"no": 3}]}}"#,
    )
    .unwrap();
    let mut contexts = Object::new();
    contexts.insert("github", github);
    Variables::new(contexts)
}

fn evaluate(text: &str) -> Result<Value, String> {
    let expression = Expression::parse(text, &scopes::STEP_KEY).map_err(|e| e.to_string())?;
    expression.evaluate(&contexts()).map_err(|e: EvaluateError| e.to_string())
}

fn at_start(offset: usize) -> Pos {
    Pos { offset, line: 1, column: offset + 1 }
}

fn template(text: &str) -> Template {
    Template::parse("f", text, Span::default(), &scopes::STEP_KEY, &mut Parsed::default(), at_start)
        .unwrap()
}

fn condition(text: &str, status: Status) -> bool {
    let condition = Condition::parse(
        "f",
        text,
        Span::default(),
        &scopes::STEP_IF,
        &mut Parsed::default(),
        at_start,
    )
    .unwrap();
    condition.evaluate(&Variables { status, ..contexts() }).unwrap()
}

#[test]
fn members_and_filters() {
    assert_eq!(evaluate("GITHUB.REF"), Ok("refs/heads/main".into()));
    assert_eq!(evaluate("github['event'].commits[1].id"), Ok(2.0.into()));
    assert_eq!(evaluate("join(github.event.commits.*.id, '-')"), Ok("1-2".into()));
    assert_eq!(evaluate("github.nothing.at.all"), Ok(Value::Null));
    assert_eq!(evaluate("github.event == github.event"), Ok(true.into()));
}

#[test]
fn json_keeps_the_order_of_keys() {
    let text = r#"toJSON(fromJSON('{"z":1,"a":[true,null],"m":{}}'))"#;
    let printed = "{\n  \"z\": 1,\n  \"a\": [\n    true,\n    null\n  ],\n  \"m\": {}\n}";
    assert_eq!(evaluate(text), Ok(printed.into()));
}

#[test]
fn a_format_index_beyond_every_range_is_an_error() {
    let error = evaluate("format('{18446744073709551615}', 'a')").unwrap_err();
    insta::assert_snapshot!(error, @"The following format string is invalid: {18446744073709551615}");
}

#[test]
fn functions_are_those_of_the_scope() {
    let error = evaluate("success()").unwrap_err();
    insta::assert_snapshot!(error, @"Unrecognized function: 'success'. Located at position 1 within expression: success()");
}

#[test]
fn templates() {
    let context = contexts();
    let value = |text: &str| template(text).evaluate(&context).unwrap();
    assert_eq!(value("on ${{ github.ref }}: ${{ 1.0 }}."), "on refs/heads/main: 1.".into());
    assert_eq!(value("${{ 1 == 1 }}"), Value::Bool(true));
    assert_eq!(value("${{ '}}' }}"), "}}".into());
    assert_eq!(value("plain $ { text"), "plain $ { text".into());
    assert_eq!(value(""), "".into());
}

#[test]
fn every_bad_expression_of_a_template_is_reported() {
    let text = "a ${{ github. }} b ${{ nobody }} c ${{ 'open }}";
    let problems = Template::parse(
        "f.yml",
        text,
        Span::default(),
        &scopes::STEP_KEY,
        &mut Parsed::default(),
        at_start,
    )
    .unwrap_err();
    let text: String = problems.iter().map(|p| p.render(text)).collect();
    insta::assert_snapshot!(text, @r"
    error[SW0201]: Unexpected end of expression: '.'. Located at position 7 within expression: github.
     --> f.yml:1:13
      |
    1 | a ${{ github. }} b ${{ nobody }} c ${{ 'open }}
      |             ^
    error[SW0201]: Unrecognized named-value: 'nobody'. Located at position 1 within expression: nobody
     --> f.yml:1:24
      |
    1 | a ${{ github. }} b ${{ nobody }} c ${{ 'open }}
      |                        ^^^^^^
      = help: available here: github, inputs, vars, needs, strategy, matrix, secrets, steps, job, runner, env
    error[SW0202]: this `${{` has no closing `}}`
     --> f.yml:1:36
      |
    1 | a ${{ github. }} b ${{ nobody }} c ${{ 'open }}
      |                                    ^
    ");
}

#[test]
fn conditions() {
    assert!(condition("github.ref == 'refs/heads/main'", Status::Success));
    assert!(!condition("github.ref == 'refs/heads/main'", Status::Failure));
    assert!(condition("failure() && github.ref", Status::Failure));
    assert!(condition("${{ always() }}", Status::Cancelled));
    assert!(!condition("!cancelled()", Status::Cancelled));
    assert!(!condition("'success()'", Status::Failure), "a function in a string is none");
    assert!(condition("", Status::Success));
    assert!(!condition("", Status::Skipped));
    assert!(condition("${{ false }} == true", Status::Success), "text is true, as on GitHub");
    assert!(condition("${{ false }}\n", Status::Success), "so is an expression and a line end");
    assert!(!condition("false\n", Status::Success));
    assert!(!condition("${{ false }} or", Status::Failure), "text asks for success before");
}

/// A context whose functions remember nothing and whose memory is small.
struct Small;

impl Context for Small {
    fn get(&self, _: &str) -> Option<Value> {
        Some("x".repeat(1000).into())
    }

    fn max_memory(&self) -> usize {
        1 << 20
    }
}

#[test]
fn memory_is_limited() {
    let inner = (0..6).fold("github".to_owned(), |text, _| {
        format!("format('{{0}}{{0}}{{0}}{{0}}{{0}}{{0}}{{0}}{{0}}', {text})")
    });
    let expression = Expression::parse(&inner, &scopes::STEP_KEY).unwrap();
    let error = expression.evaluate(&Small).unwrap_err();
    assert_eq!(error.message, "The maximum allowed memory size was exceeded");
}

#[test]
fn nesting_is_limited_before_the_stack_is() {
    let nested = |n: usize| format!("{}1{}", "(".repeat(n), ")".repeat(n));
    assert_eq!(evaluate(&nested(150)), Ok(1.0.into()));
    insta::assert_snapshot!(evaluate(&nested(5_000)).unwrap_err(), @"Exceeded max expression depth 50");
    let indexed = format!("github{}", "[github".repeat(5_000));
    insta::assert_snapshot!(evaluate(&indexed).unwrap_err(), @"Exceeded max expression length 21000");
    let chain = vec!["1"; 60].join(" == ");
    insta::assert_snapshot!(evaluate(&chain).unwrap_err(), @"Exceeded max expression depth 50");
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "github",
            "env",
            ".",
            "*",
            "[",
            "]",
            "(",
            ")",
            ",",
            "!",
            "==",
            "!=",
            "<",
            "<=",
            ">",
            ">=",
            "&&",
            "||",
            "'",
            "''",
            "1",
            "-1",
            "0xff",
            "1e999",
            "null",
            "true",
            "NaN",
            " ",
            "contains(",
            "format(",
            "join(",
            "toJSON(",
            "fromJSON(",
            "case(",
            "hashFiles(",
            "'{0}'",
            "'[1,{\"a\":2}]'",
            "ref",
            "é",
            "\u{1F600}",
            "\n",
        ])
        .prop_map(str::to_owned),
        ".{0,3}",
    ]
}

proptest! {
    #[test]
    fn no_expression_panics(pieces in prop::collection::vec(piece(), 0..24)) {
        let _ = evaluate(&pieces.concat());
    }

    #[test]
    fn no_template_panics(pieces in prop::collection::vec(piece(), 0..12)) {
        let text = format!("a ${{{{ {} }}}} b", pieces.concat());
        let _ = Template::parse("f", &text, Span::default(), &scopes::STEP_KEY, &mut Parsed::default(), at_start)
            .map(|template| template.evaluate(&contexts()));
    }

    #[test]
    fn numbers_survive_their_text(value in -1e14f64..1e14) {
        let text = Value::Number(value).to_text();
        let back = Value::from(text).to_number();
        prop_assert!((back - value).abs() <= value.abs() * 1e-14);
    }
}

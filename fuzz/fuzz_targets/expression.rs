//! Parser and evaluator of expressions.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shipway_workflow::expr::{Expression, Object, Scope, StatusFunctions, Value, Variables};

fuzz_target!(|text: &str| {
    let (expression, contexts) = text.split_once('\n').unwrap_or((text, "{}"));
    let contexts: Object = match serde_json::from_str::<Value>(contexts) {
        Ok(Value::Object(object)) => object.as_ref().clone(),
        _ => Object::new(),
    };
    let names: Vec<&str> = contexts.iter().map(|(name, _)| name).chain(["github"]).collect();
    let scope = Scope { contexts: &names, status: StatusFunctions::OfJobs, hash_files: true };
    let expression = match Expression::parse(expression, &scope) {
        Ok(expression) => expression,
        Err(error) => {
            assert!(expression.is_char_boundary(error.offset.min(expression.len())), "{error:?}");
            return;
        }
    };
    let variables = Variables::new(contexts);
    if let Ok(value) = expression.evaluate(&variables) {
        assert!(value.to_text().len() <= 64 << 20);
        let again = expression.evaluate(&variables).expect("it had a value before");
        assert_eq!(value.to_text(), again.to_text());
    }
});

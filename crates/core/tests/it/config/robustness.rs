//! No text makes the reader panic, and what it accepts it shows and accepts
//! again.

use proptest::prelude::*;
use shipway_core::config::{read, show};

use super::tree::SHOP;

/// Words of which files are made, so that more than the first key is reached.
const WORDS: &[&str] = &[
    "project",
    "services",
    "environments",
    "api",
    "prod",
    "run",
    "path",
    "uses",
    "build",
    "health",
    "smoke",
    "migrations",
    "env",
    "secrets",
    "replicas",
    "resources",
    "stop",
    "drain",
    "branch",
    "from",
    "approval",
    "rollout",
    "guard",
    "listen",
    "lease",
    "workflows",
    "limits",
    "off",
    "5%",
    "30s",
    "256MiB",
    "0",
    "-1",
    "99999999999999999999",
    "true",
    "null",
    "{}",
    "[]",
    "\"\"",
    "./x",
    "..",
    "/",
    "é",
    "1.5",
    "blue_green",
    "error_rate",
    "over",
    "p95",
    "*a",
    "&a x",
    "[",
    "{",
    "'",
];

fn line() -> impl Strategy<Value = String> {
    let word = prop::sample::select(WORDS);
    (0_usize..5, word.clone(), prop::option::of(word)).prop_map(|(depth, key, value)| {
        format!("{}{key}: {}\n", "  ".repeat(depth), value.unwrap_or_default())
    })
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(WORDS).prop_map(str::to_owned);
    leaf.prop_recursive(5, 40, 5, |inner| {
        let pair = (prop::sample::select(WORDS), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec(pair, 0..5).prop_map(|pairs| {
                let pairs: Vec<String> =
                    pairs.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
                format!("{{{}}}", pairs.join(", "))
            }),
        ]
    })
}

fn check(text: &str) -> Result<(), TestCaseError> {
    match read("shipway.yaml", text, &SHOP) {
        Err(problems) => {
            prop_assert!(!problems.is_empty());
            for problem in problems {
                prop_assert!(!problem.render(text).is_empty());
            }
        }
        Ok(config) => {
            let shown = show(&config).map_err(|error| TestCaseError::fail(error.to_string()))?;
            let again = read("shown", &shown, &SHOP);
            prop_assert_eq!(again.as_ref(), Ok(&config), "{}", shown);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text(text in "\\PC{0,200}") {
        check(&text)?;
    }

    #[test]
    fn lines_of_keys(lines in prop::collection::vec(line(), 0..30)) {
        check(&lines.concat())?;
    }

    #[test]
    fn any_value_of_a_service(key in prop::sample::select(WORDS), value in value()) {
        check(&format!("project: p\nservices: {{s: {{run: x, {key}: {value}}}}}\nenvironments: {{e: {{}}}}\n"))?;
    }

    #[test]
    fn any_value_of_an_environment(key in prop::sample::select(WORDS), value in value()) {
        check(&format!("project: p\nservices: {{s: {{run: x}}}}\nenvironments: {{e: {{{key}: {value}}}}}\n"))?;
    }

    #[test]
    fn any_command_and_variable(run in "\\PC{1,40}", variable in "(\\PC|\n|\t){0,40}") {
        let quote = |text: &str| serde_json::Value::from(text).to_string();
        let text = format!(
            "project: p\nservices: {{s: {{run: {}, env: {{A: {}}}}}}}\nenvironments: {{e: {{}}}}\n",
            quote(&run), quote(&variable),
        );
        check(&text)?;
    }
}

//! GitHub's own cases that its TypeScript library decides otherwise than its runner, whose source is
//! C#. The runner is what runs workflows, so its outcome is the one that holds here.

use serde_json::Value as Json;
use shipway_workflow::expr::Value;

use super::{library, theirs};
use crate::expressions::{Case, cases};

/// What the library comes to.
struct Theirs<'a>(&'a Json);

impl Theirs<'_> {
    /// Whether it is what the case, and so the runner, has.
    fn agree(&self, case: &Case) -> bool {
        match (&case.result, &case.err) {
            (Some(expected), _) => {
                self.0["value"]["kind"] == expected.kind.to_lowercase()
                    && Value::from(plain(&self.0["value"])) == Value::from(expected.value.clone())
            }
            (None, Some(failure)) => self.message(&case.expr).starts_with(&failure.value),
            (None, None) => false,
        }
    }

    /// Its error as the runner writes it.
    fn message(&self, expression: &str) -> String {
        let message = self.0["message"].as_str().unwrap_or_default();
        match self.0["position"].as_u64() {
            Some(at) => {
                format!("{message}. Located at position {at} within expression: {expression}")
            }
            None => message.to_owned(),
        }
    }

    fn outcome(&self, expression: &str) -> String {
        match &self.0["value"] {
            Json::Null => self.message(expression),
            value => plain(value).to_string(),
        }
    }
}

/// The value as JSON, from the form that `evaluate.mjs` writes.
fn plain(value: &Json) -> Json {
    let items = || value["items"].as_array().into_iter().flatten().map(plain);
    match value["kind"].as_str() {
        Some("number") => value["value"]
            .as_str()
            .and_then(|text| text.parse::<f64>().ok())
            .map_or(Json::Null, Json::from),
        Some("array") => items().collect(),
        Some("object") => {
            let keys = value["keys"].as_array().into_iter().flatten();
            keys.map(|key| key.as_str().unwrap_or_default().to_owned()).zip(items()).collect()
        }
        _ => value["value"].clone(),
    }
}

fn expected(case: &Case) -> String {
    match (&case.result, &case.err) {
        (Some(expected), _) => expected.value.to_string(),
        (None, failure) => failure.as_ref().map_or(String::new(), |failure| failure.value.clone()),
    }
}

/// The beginning of a text, on one line.
fn short(text: &str) -> String {
    let line = text.replace('\n', "\\n");
    match line.char_indices().nth(110) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[test]
fn where_the_library_differs_from_the_runner_the_runner_wins() {
    let Some(cases) = cases() else { return };
    let Some(modules) = library() else { return };
    let contexts: Vec<Json> =
        cases.iter().map(|(_, case)| Json::Object(case.contexts.clone())).collect();
    let given = cases.iter().zip(&contexts).map(|((_, case), all)| (case.expr.as_str(), all));
    let answers = theirs(&modules, given);
    assert_eq!(answers.len(), cases.len());
    let mut differences = String::new();
    for ((file, case), answer) in cases.iter().zip(&answers) {
        let theirs = Theirs(answer);
        let differs = !theirs.agree(case);
        let skipped = case.options.skip.iter().any(|name| name == "typescript");
        assert!(differs || !skipped, "{}: skipped for the library, and the same", case.expr);
        if differs {
            differences.push_str(&format!(
                "{file}: `{}`\n  runner:  {}\n  library: {}\n",
                short(&case.expr),
                short(&expected(case)),
                short(&theirs.outcome(&case.expr)),
            ));
        }
    }
    insta::assert_snapshot!(differences, @r"
    basic.json: ``
      runner:  null
      library: Cannot read properties of undefined (reading 'accept')
    syntax-errors.json: `github.event_name == 'push'\n && !contains(env.COMMIT_MESSAGES)`
      runner:  Unrecognized named-value: 'env'. Located at position 43 within expression: github.event_name == 'push'\n && !c…
      library: Unrecognized named-value: 'env'. Located at position 15 within expression: github.event_name == 'push'\n && !c…
    syntax-errors.json: `github.event_name == 'push' \n&& true\n&& !contains(env.COMMIT_MESSAGES)`
      runner:  Unrecognized named-value: 'env'. Located at position 51 within expression: github.event_name == 'push' \n&& tr…
      library: Unrecognized named-value: 'env'. Located at position 14 within expression: github.event_name == 'push' \n&& tr…
    syntax-errors.json: `github.event_name == 'push' \n&& true\n&& true\n&& !contains(env.COMMIT_MESSAGES)`
      runner:  Unrecognized named-value: 'env'. Located at position 59 within expression: github.event_name == 'push' \n&& tr…
      library: Unrecognized named-value: 'env'. Located at position 14 within expression: github.event_name == 'push' \n&& tr…
    syntax-errors.json: `github.event_name == 'push' \n&& true\n&& true\n&& true\n&& !contains(env.COMMIT_MESSAGES)`
      runner:  Unrecognized named-value: 'env'. Located at position 67 within expression: github.event_name == 'push' \n&& tr…
      library: Unrecognized named-value: 'env'. Located at position 14 within expression: github.event_name == 'push' \n&& tr…
    syntax-errors.json: `startswith(format('{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}{…`
      runner:  The maximum allowed memory size was exceeded
      library: true
    ");
}

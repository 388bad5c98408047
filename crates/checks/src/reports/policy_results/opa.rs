//! OPA: `opa eval --format json` and `opa exec`.
//!
//! What an answer means is known by the name of its rule, as conftest and Gatekeeper have it:
//! `deny`, `violation` and `warn` (also `deny_…`) are lists of what is wrong, `allow` is a word. A
//! rule of another name gives a figure if its value is a number or a word (1 or 0), and is passed
//! over else. An answer that is not defined is no answer.

use serde::Deserialize;
use serde_json::Value;

use super::{PolicyResults, rules};
use crate::finding::{Finding, Span};
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::{Report, json, shortened};
use crate::rule::Rule;

pub(super) const FORMAT: Format = Format {
    name: "OPA",
    recognise: |beginning| {
        beginning.has(&["result.[].expressions"])
            || beginning.has(&["result.[].path"])
            || beginning.has(&["errors.[].message", "errors.[].code"])
    },
    read: |source| read(source).map(Report::PolicyResults),
};

/// How deep packages are in each other.
const DEEPEST: usize = 16;

#[derive(Deserialize)]
struct Document {
    result: Option<Vec<Answer>>,
    errors: Option<Vec<Error>>,
}

#[derive(Deserialize)]
struct Answer {
    expressions: Option<Vec<Expression>>,
    path: Option<String>,
    result: Option<Value>,
    error: Option<Error>,
}

#[derive(Deserialize)]
struct Expression {
    value: Value,
    text: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Error {
    Said { message: String },
    Text(String),
}

impl Error {
    fn text(&self) -> &str {
        let (Self::Said { message: text } | Self::Text(text)) = self;
        text
    }
}

fn read(source: &mut Source<'_>) -> Result<PolicyResults, Fault> {
    let document: Document = json::document(source)?;
    if let Some(error) = document.errors.iter().flatten().next() {
        return Err(Fault::empty(format!("OPA could not evaluate: {}", shortened(error.text()))));
    }
    let mut results = PolicyResults { engine: "OPA".into(), ..PolicyResults::default() };
    for answer in document.result.unwrap_or_default() {
        let file = answer.path.as_deref().unwrap_or_default();
        for Expression { value, text } in answer.expressions.iter().flatten() {
            let name = text.strip_prefix("data.").unwrap_or(text);
            results.take(name, value, file, DEEPEST);
        }
        if let Some(value) = &answer.result {
            // `exec` names the rule once, on the command line: an answer is what is denied.
            results.decision(value, file);
        }
        if let Some(error) = &answer.error {
            let said = format!("OPA could not judge it: {}", error.text());
            results.findings.push(
                Finding::new(&rules::SKIPPED, file, Span::FILE, shortened(&said)).undecided(),
            );
            results.evaluated += 1;
        }
    }
    if results.evaluated == 0 {
        let known = "`deny`, `violation`, `warn`, `allow`, or one with a number";
        return Err(Fault::empty(format!("no rule gave an answer that is understood: {known}")));
    }
    Ok(results)
}

impl PolicyResults {
    /// The value of a rule, or of a package with its rules.
    fn take(&mut self, name: &str, value: &Value, file: &str, deepest: usize) {
        let last = name.rsplit('.').next().unwrap_or(name);
        let is = |word: &str| {
            last.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        };
        if is("deny") || is("violation") {
            self.messages(&rules::VIOLATION, name, value, file);
        } else if is("warn") {
            self.messages(&rules::WARNING, name, value, file);
        } else if last == "allow" {
            self.evaluated += 1;
            if *value != Value::Bool(true) {
                self.say(&rules::VIOLATION, name, "it is not allowed", file);
            }
        } else {
            match value {
                Value::Object(members) if deepest > 0 => {
                    for (member, value) in members {
                        self.take(&format!("{name}.{member}"), value, file, deepest - 1);
                    }
                }
                Value::Bool(word) => self.figure(name, f64::from(u8::from(*word))),
                Value::Number(number) => self.figure(name, number.as_f64().unwrap_or(f64::NAN)),
                _ => {}
            }
        }
    }

    fn figure(&mut self, name: &str, value: f64) {
        // `exec` asks for it once a file.
        let is_first = self.figures.insert(name.to_owned(), value).is_none();
        self.evaluated += u64::from(is_first);
    }

    /// What `exec` says of a file: what is wrong with it, or whether it may be.
    fn decision(&mut self, value: &Value, file: &str) {
        match value {
            Value::Bool(true) => self.evaluated += 1,
            Value::Bool(false) => {
                self.evaluated += 1;
                self.say(&rules::VIOLATION, "", "it is not allowed", file);
            }
            Value::Object(_) => self.take("", value, file, DEEPEST),
            _ => self.messages(&rules::VIOLATION, "", value, file),
        }
    }

    /// A list of what is wrong; texts, or objects with a `msg` or `message`.
    fn messages(&mut self, rule: &Rule, name: &str, value: &Value, file: &str) {
        self.evaluated += 1;
        let said = |value: &Value| match value {
            Value::String(text) => text.clone(),
            Value::Object(members) => {
                let text = ["msg", "message"].iter().find_map(|key| members.get(*key)?.as_str());
                text.map_or_else(|| value.to_string(), str::to_owned)
            }
            _ => value.to_string(),
        };
        match value {
            Value::Array(all) => all.iter().for_each(|of| self.say(rule, name, &said(of), file)),
            // A partial object: messages by key.
            Value::Object(all) => all.values().for_each(|of| self.say(rule, name, &said(of), file)),
            Value::Null | Value::Bool(false) => {}
            Value::Bool(true) => self.say(rule, name, "it is denied", file),
            _ => self.say(rule, name, &said(value), file),
        }
    }

    fn say(&mut self, rule: &Rule, name: &str, said: &str, file: &str) {
        let said = shortened(said.trim_end_matches('.'));
        let said = if name.is_empty() { said } else { format!("{name}: {said}") };
        self.findings.push(Finding::new(rule, file, Span::FILE, said));
    }
}

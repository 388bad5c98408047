//! Environment variables and secrets, in layers: service, environment, and
//! the service in the environment. The last one that sets a name wins.

use indexmap::IndexMap;

use super::fields::Fields;
use super::item::Item;
use super::{code, value};
use crate::config::{SecretSource, TokenSource};

/// The variables of one layer. No name is in both.
#[derive(Clone, Default)]
pub(super) struct Layer {
    pub(super) env: IndexMap<String, String>,
    pub(super) secrets: IndexMap<String, SecretSource>,
}

impl Layer {
    /// Reads `env` and `secrets`.
    pub(super) fn read(fields: &mut Fields) -> Self {
        let env = fields.or("env", IndexMap::new, |item| variables(item, plain_value));
        let secrets = fields.or("secrets", IndexMap::new, |item| {
            variables(item, |secret| {
                let source = secret_source(secret)?;
                Some((source, secret))
            })
        });
        let mut kept = IndexMap::new();
        for (name, (source, item)) in secrets {
            if env.contains_key(&name) {
                let message = format!("`{name}` is under `env` and under `secrets`");
                item.reader.report(item.reader.error(code::CONFLICT, item.key, message));
            }
            kept.insert(name, source);
        }
        Self { env, secrets: kept }
    }

    /// This layer below `upper`.
    pub(super) fn below(mut self, upper: Self) -> Self {
        self.env.retain(|name, _| !upper.secrets.contains_key(name));
        self.secrets.retain(|name, _| !upper.env.contains_key(name));
        self.env.extend(upper.env);
        self.secrets.extend(upper.secrets);
        self
    }
}

pub(super) fn variables<'a, T>(
    item: Item<'a>,
    decode: impl Fn(Item<'a>) -> Option<T>,
) -> Option<IndexMap<String, T>> {
    let mut all = IndexMap::new();
    for (name, value) in item.entries()? {
        if !is_name(name) {
            let message = format!("`{name}` is not the name of an environment variable");
            let help = "letters, digits and `_`, beginning with no digit";
            let problem = value.reader.error(code::BAD_NAME, value.key, message);
            value.reader.report(problem.with_help(help));
        } else if name == "PORT" || name.starts_with("SHIPWAY_") {
            let message = format!("`{name}` is set by Shipway itself");
            value.reader.report(value.reader.error(code::BAD_NAME, value.key, message));
        } else if let Some(decoded) = decode(value) {
            all.insert(name.to_owned(), decoded);
        }
    }
    Some(all)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Any scalar as it is written: `8080` and `true` are text here.
pub(super) fn plain_value(item: Item) -> Option<String> {
    match item.node.text().filter(|text| !item.node.is_null() && !text.contains('\0')) {
        Some(text) => Some(text.to_owned()),
        None => {
            item.wrong_type("text");
            None
        }
    }
}

pub(super) fn secret_source(item: Item) -> Option<SecretSource> {
    if item.node.as_scalar().is_some_and(|_| !item.node.is_null()) {
        let help = "write where it is: `{env: NAME}` or `{file: /path}`";
        let message = "a secret's value has no place in this file";
        item.error_with_help(code::WRONG_TYPE, message, help);
        return None;
    }
    let mut fields = Fields::of(item)?;
    let env = fields.get("env", variable).map(SecretSource::Env);
    let file = fields.get("file", absolute_file).map(SecretSource::File);
    fields.exclude("env", "file");
    if item.node.as_mapping().is_some_and(|m| m.get("env").is_none() && m.get("file").is_none()) {
        fields.missing("a secret needs `env` or `file`".to_owned());
    }
    fields.finish();
    env.or(file)
}

/// Where `GITHUB_TOKEN` comes from: exactly one of three.
pub(super) fn token_source(item: Item) -> Option<TokenSource> {
    if item.node.as_scalar().is_some_and(|_| !item.node.is_null()) {
        let help = "write where it is: `{env: NAME}`, `{file: /path}` or `{command: …}`";
        item.error_with_help(code::WRONG_TYPE, "a token has no place in this file", help);
        return None;
    }
    let mut fields = Fields::of(item)?;
    let env = fields.get("env", variable).map(TokenSource::Env);
    let file = fields.get("file", absolute_file).map(TokenSource::File);
    let command = fields.get("command", value::text).map(TokenSource::Command);
    for (one, other) in [("env", "file"), ("env", "command"), ("file", "command")] {
        fields.exclude(one, other);
    }
    let keys = ["env", "file", "command"];
    if item.node.as_mapping().is_some_and(|m| keys.iter().all(|key| m.get(key).is_none())) {
        fields.missing("a token needs `env`, `file` or `command`".to_owned());
    }
    fields.finish();
    env.or(file).or(command)
}

fn variable(item: Item) -> Option<String> {
    let name = value::text(item)?;
    if is_name(&name) {
        return Some(name);
    }
    let message = format!("`{name}` is not the name of an environment variable");
    item.error(code::BAD_NAME, message);
    None
}

fn absolute_file(item: Item) -> Option<String> {
    let text = value::text(item)?;
    if text.starts_with('/') {
        return Some(text);
    }
    let message = format!("`{text}` is not an absolute path");
    let help = "secrets are kept outside of the repository, for example in `/etc/…`";
    item.error_with_help(code::BAD_VALUE, message, help);
    None
}

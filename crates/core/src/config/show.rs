//! A configuration as the file that says all of it.

use serde_json::{Map, Value};

use super::Config;

/// The configuration as `shipway.yaml` with every default written out. Read
/// again, it is the same configuration.
///
/// # Errors
/// When the configuration cannot be turned into JSON, which would be a defect
/// of its types.
pub fn show(config: &Config) -> Result<String, serde_json::Error> {
    let mut file = serde_json::to_value(config)?;
    each_in(&mut file, "services", spell_source);
    each_in(&mut file, "environments", spell_follows);
    spell_gates(&mut file);
    if let Some(required) = file.pointer_mut("/workflows/required")
        && let Some(only) = required.get_mut("only")
    {
        *required = only.take();
    }
    let mut text = String::new();
    write(&mut text, &file, 0);
    Ok(text)
}

fn each_in(file: &mut Value, key: &str, spell: fn(&mut Map<String, Value>)) {
    let entries = file.get_mut(key).and_then(Value::as_object_mut);
    entries.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut).for_each(spell);
}

/// `source: {build: …}` is written `build: …`.
fn spell_source(service: &mut Map<String, Value>) {
    let Some(index) = service.keys().position(|key| key == "source") else { return };
    match service.shift_remove("source") {
        Some(Value::Object(source)) => {
            for (key, value) in source {
                service.shift_insert(index, key, value);
            }
        }
        _ => {
            service.shift_insert(index, "build".to_owned(), Value::Null);
        }
    }
}

/// `follows: {branch: …}` is written `branch: …`, and nothing is left out.
fn spell_follows(environment: &mut Map<String, Value>) {
    if let Some(Value::Object(follows)) = environment.shift_remove("follows") {
        for (key, value) in follows {
            environment.shift_insert(0, key, value);
        }
    }
}

/// `gates: {everywhere: {…}}` is written `gates: {…}`.
fn spell_gates(file: &mut Value) {
    let Some(gates) = file.get_mut("gates").and_then(Value::as_object_mut) else { return };
    if let Some(Value::Object(everywhere)) = gates.shift_remove("everywhere") {
        for (place, (key, value)) in everywhere.into_iter().enumerate() {
            gates.shift_insert(place, key, value);
        }
    }
}

/// Writes `value` after a key or at the start of a line.
fn write(text: &mut String, value: &Value, depth: usize) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                text.push_str(&format!("{indent}{}:", scalar(key)));
                write_nested(text, value, depth);
            }
        }
        Value::Array(list) => {
            for value in list {
                text.push_str(&format!("{indent}-"));
                write_nested(text, value, depth);
            }
        }
        value => text.push_str(&format!("{indent}{}\n", plain(value))),
    }
}

fn write_nested(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(map) if map.is_empty() => text.push_str(" {}\n"),
        Value::Array(list) if list.is_empty() => text.push_str(" []\n"),
        Value::Object(_) | Value::Array(_) => {
            text.push('\n');
            write(text, value, depth + 1);
        }
        value => text.push_str(&format!(" {}\n", plain(value))),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "off".to_owned(),
        Value::String(text) => scalar(text),
        value => value.to_string(),
    }
}

/// `text` as a scalar of a block: as it stands where YAML reads it as that
/// text, else in quotes.
pub fn scalar(text: &str) -> String {
    let printable = text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    if is_plain(text) {
        text.to_owned()
    } else if printable && !text.contains('\'') {
        format!("'{text}'")
    } else {
        // A JSON string is a double-quoted scalar.
        Value::from(text).to_string()
    }
}

fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 10] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "none"];
    let harmless =
        |c: char| c.is_ascii_alphanumeric() || " \"$&'()*+,-./:;<=>?@[]^_{|}~%".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '/')
        || text.starts_with("./")
        || text == ".";
    let quantity = text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(|c: char| "smhd%B".contains(c))
        && text.chars().all(|c| c.is_ascii_digit() || ".smhd%KMGTiB".contains(c));
    let word = WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    let key = text.contains(": ") || text.ends_with([':', ' ']);
    quantity || (begins && !word && !key && text.chars().all(harmless))
}

//! The reference as a page, made from the schema: a section for each mapping,
//! a row for each key.

use std::fmt::Write as _;

use serde_json::{Map, Value};

const INTRODUCTION: &str = "\
# shipway.yaml

Made from the types in `crates/core/src/config`; a test compares. The same as a
[JSON Schema](shipway.schema.json), for editors. `shipway config show` prints a
project's file with every default.

- A duration is written like `250ms`, `30s`, `5m`, `1h30m` or `1d`; a share like
  `5%` or `0.5%`; a size like `256MiB`, `1GiB` or `500MB`.
- `off` means: without it.
- Paths are written from the repository's root, with `/`.
- A key without a default has to be there, unless its type says _optional_.
";

/// The whole page.
pub(super) fn markdown(schema: &Value) -> String {
    let definitions = schema["$defs"].as_object().unwrap();
    let mut page = Page { definitions, told: Vec::new(), text: INTRODUCTION.into() };
    page.mapping(&Section {
        title: "The file".to_owned(),
        meaning: text(&schema["description"]),
        schema,
    });
    page.text
}

struct Page<'a> {
    definitions: &'a Map<String, Value>,
    /// The mappings that have a section already.
    told: Vec<&'a Value>,
    text: String,
}

struct Section<'a> {
    title: String,
    meaning: String,
    schema: &'a Value,
}

impl<'a> Page<'a> {
    fn definition(&self, reference: &str) -> &'a Value {
        &self.definitions[reference.rsplit('/').next().unwrap()]
    }

    /// A section, and one for each mapping that is inside.
    fn mapping(&mut self, section: &Section<'a>) {
        let Section { title, meaning, schema } = section;
        if self.told.iter().any(|told| std::ptr::eq(*told, *schema)) {
            return;
        }
        self.told.push(schema);
        let _ = write!(self.text, "\n## {title}\n\n{meaning}\n\n");
        let _ = write!(self.text, "| key | type | default | meaning |\n|---|---|---|---|\n");
        let mut inside = Vec::new();
        for (object, alone) in self.objects(schema) {
            for (key, property) in object["properties"].as_object().unwrap() {
                let described = if alone { property } else { object };
                let meaning = text(&described["description"]);
                self.row(key, property, &meaning, !always_there(object, key, alone));
                self.inside(title, key, property, &meaning, &mut inside);
            }
        }
        for section in inside {
            self.mapping(&section);
        }
    }

    /// The alternatives of a schema that have keys, and whether there is one
    /// alone.
    fn objects(&self, schema: &'a Value) -> Vec<(&'a Value, bool)> {
        if schema.get("properties").is_some() {
            return vec![(schema, true)];
        }
        let alternatives: Vec<&Value> = ["anyOf", "oneOf"]
            .iter()
            .filter_map(|key| schema.get(key)?.as_array())
            .flatten()
            .flat_map(|alternative| self.objects(alternative).into_iter().map(|(object, _)| object))
            .collect();
        let alone = alternatives.len() == 1;
        alternatives.into_iter().map(|object| (object, alone)).collect()
    }

    fn row(&mut self, key: &str, property: &'a Value, meaning: &str, optional: bool) {
        let mut kind = self.kind(property);
        let default = property.get("default");
        if optional && default.is_none() {
            kind.push_str(", optional");
        }
        let default = default.map(|value| format!("`{}`", inline(value))).unwrap_or_default();
        let mut meaning = meaning.to_owned();
        let words = self.resolved(property).and_then(|of| of.get("oneOf")?.as_array());
        for word in words.into_iter().flatten() {
            if let (Some(name), true) = (word["const"].as_str(), word.get("description").is_some())
            {
                let _ = write!(meaning, "<br>`{name}`: {}", text(&word["description"]));
            }
        }
        let _ = writeln!(self.text, "| `{key}` | {kind} | {default} | {meaning} |");
    }

    fn resolved(&self, property: &'a Value) -> Option<&'a Value> {
        property.get("$ref").and_then(Value::as_str).map(|reference| self.definition(reference))
    }

    /// Where the keys of `property` are told, if it has some.
    fn inside(
        &self,
        title: &str,
        key: &str,
        property: &'a Value,
        meaning: &str,
        found: &mut Vec<Section<'a>>,
    ) {
        let path = if title == "The file" {
            key.to_owned()
        } else {
            format!("{}.{key}", title.trim_matches('`'))
        };
        let mut look = |path: String, schema: &'a Value| {
            let schema = self.resolved(schema).unwrap_or(schema);
            if !self.objects(schema).is_empty() {
                let own = text(&schema["description"]);
                let meaning = if own.is_empty() { meaning.to_owned() } else { own };
                found.push(Section { title: format!("`{path}`"), meaning, schema });
            }
        };
        if let Some(each) = property.get("additionalProperties").filter(|each| each.is_object()) {
            look(format!("{path}.<name>"), each);
        } else if let Some(Value::Array(alternatives)) = property.get("anyOf") {
            alternatives.iter().for_each(|alternative| look(path.clone(), alternative));
        } else {
            look(path, property);
        }
    }

    fn kind(&self, schema: &'a Value) -> String {
        if let Some(Value::String(reference)) = schema.get("$ref") {
            return match reference.rsplit('/').next().unwrap() {
                "Duration" => "duration".to_owned(),
                "Percent" => "share".to_owned(),
                "ByteSize" => "size".to_owned(),
                "Address" => "address or port".to_owned(),
                _ => self.kind(self.definition(reference)),
            };
        }
        if let Some(word) = schema.get("const") {
            return format!("`{}`", inline(word));
        }
        for alternatives in ["anyOf", "oneOf"] {
            if let Some(Value::Array(schemas)) = schema.get(alternatives) {
                let mut kinds: Vec<String> =
                    schemas.iter().map(|schema| self.kind(schema)).collect();
                kinds.dedup();
                return kinds.join(" or ");
            }
        }
        if let Some(Value::Array(words)) = schema.get("enum") {
            let words: Vec<String> =
                words.iter().map(|word| format!("`{}`", inline(word))).collect();
            return words.join(" or ");
        }
        match &schema["type"] {
            Value::String(kind) => match kind.as_str() {
                "string" => "text".to_owned(),
                "integer" => "whole number".to_owned(),
                "boolean" => "`true` or `false`".to_owned(),
                "array" => format!("list of {}", self.kind(&schema["items"])),
                "object" => {
                    match schema.get("additionalProperties").filter(|each| each.is_object()) {
                        Some(each) => format!("names with {}", self.kind(each)),
                        None => "mapping".to_owned(),
                    }
                }
                other => other.to_owned(),
            },
            Value::Array(_) => "text or number".to_owned(),
            _ => "anything".to_owned(),
        }
    }
}

/// Whether `key` has to be in `object`, which is the only way to write it.
fn always_there(object: &Value, key: &str, alone: bool) -> bool {
    let required = object["required"].as_array();
    alone && required.is_some_and(|keys| keys.iter().any(|name| name == key))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace("\n\n", " ")
}

/// A value as YAML on one line.
fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(map) => {
            let pairs: Vec<String> =
                map.iter().map(|(key, value)| format!("{key}: {}", inline(value))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        value => value.to_string(),
    }
}

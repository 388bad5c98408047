//! The JSON Schema of `shipway.yaml`, made from the types: editors complete
//! and check the file with it.
//!
//! Here is what the types alone do not say, because it is written differently
//! from how it is kept.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::{Build, Config, Follows, RequiredWorkflows, Source};

/// The JSON Schema (2020-12) of `shipway.yaml`.
pub fn schema() -> Schema {
    let mut schema =
        SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Config>();
    RecursiveTransform(null_is_off).transform(&mut schema);
    RecursiveTransform(tidy).transform(&mut schema);
    schema
}

/// Descriptions without the line breaks of the source, and no formats that
/// are Rust's own.
fn tidy(schema: &mut Schema) {
    schema.remove("format");
    if let Some(Value::String(description)) = schema.get_mut("description") {
        *description =
            description.replace("\n\n", "\u{0}").replace('\n', " ").replace('\u{0}', "\n\n");
    }
}

/// What is absent is written `off`.
fn null_is_off(schema: &mut Schema) {
    if let Some(default) = schema.get_mut("default") {
        nulls_are_off(default);
    }
    if schema.get("type") == Some(&json!("null")) {
        *schema = json_schema!({ "const": "off" });
    }
    let Some(Value::Array(types)) = schema.get("type") else { return };
    if !types.contains(&json!("null")) {
        return;
    }
    let mut value = schema.clone();
    value.remove("description");
    value.remove("default");
    value.insert("type".to_owned(), types[0].clone());
    let mut either = json_schema!({ "anyOf": [value, { "const": "off" }] });
    for key in ["description", "default"] {
        if let Some(kept) = schema.get(key) {
            either.insert(key.to_owned(), kept.clone());
        }
    }
    *schema = either;
}

fn nulls_are_off(value: &mut Value) {
    match value {
        Value::Null => *value = json!("off"),
        Value::Object(map) => map.values_mut().for_each(nulls_are_off),
        _ => {}
    }
}

/// The most important field alone may be written for all of it.
pub(super) fn or_text(schema: &mut Schema) {
    either(schema, json!({ "type": "string" }));
}

/// `on` may be written for all of the defaults.
pub(super) fn or_on(schema: &mut Schema) {
    either(schema, json!({ "const": "on" }));
}

/// The most important field alone, a list, may be written for all of it.
pub(super) fn or_list(schema: &mut Schema) {
    either(schema, json!({ "type": "array", "items": { "type": "string" } }));
}

/// The name alone may be written, and everything else is as by default.
pub(super) fn or_name(schema: &mut Schema) {
    either(schema, json!({ "enum": ["blue_green", "recreate"] }));
}

fn either(schema: &mut Schema, short: Value) {
    let description = schema.remove("description");
    let long = std::mem::take(schema);
    *schema = json_schema!({ "anyOf": [short, long] });
    if let Some(description) = description {
        schema.insert("description".to_owned(), description);
    }
}

/// These defaults are the environment's and the service's values.
pub(super) fn defaults_from_above(schema: &mut Schema) {
    for key in ["listen", "replicas"] {
        let property = schema.pointer_mut(&format!("/properties/{key}"));
        if let Some(property) = property.and_then(Value::as_object_mut) {
            property.shift_remove("default");
        }
    }
}

/// An address with a port, or a port of this machine alone.
pub(super) struct Address;

impl JsonSchema for Address {
    fn schema_name() -> Cow<'static, str> {
        "Address".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "string", "examples": ["127.0.0.1:8080"] },
                { "type": "integer", "minimum": 0, "maximum": 65535 },
            ],
        })
    }
}

/// Text, or what YAML takes for a number or a boolean.
pub(super) struct Scalar;

impl JsonSchema for Scalar {
    fn schema_name() -> Cow<'static, str> {
        "Scalar".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}

impl JsonSchema for RequiredWorkflows {
    fn schema_name() -> Cow<'static, str> {
        "RequiredWorkflows".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "const": "all" },
                { "type": "array", "items": { "type": "string" } },
            ],
        })
    }
}

impl JsonSchema for Source {
    fn schema_name() -> Cow<'static, str> {
        "Source".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "properties": {
                "build": {
                    "description": "The command that builds the release on a clean checkout, or \
                                    all about it. `off`: there is nothing to build, the release \
                                    is the service's folder as it was committed.",
                    "anyOf": [generator.subschema_for::<Build>(), { "const": "off" }],
                    "default": "off",
                },
                "artifact": {
                    "description": "Instead of `build`: the name of an artifact that a workflow \
                                    of the same commit uploaded.",
                    "type": "string",
                },
            },
        })
    }
}

impl JsonSchema for Follows {
    fn schema_name() -> Cow<'static, str> {
        "Follows".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "properties": {
                "branch": {
                    "description": "The branch whose every commit comes here by itself. Without \
                                    `branch` and `from`, a person deploys here.",
                    "type": "string",
                },
                "from": {
                    "description": "Instead of `branch`: the environment in which a release has \
                                    to be proven before it comes here.",
                    "type": "string",
                },
            },
        })
    }
}

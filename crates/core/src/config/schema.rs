//! The parts of the JSON Schema that the types alone do not say: what is
//! written in `shipway.yaml` differently from how it is kept.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{Build, Follows, RequiredWorkflows, Source};

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
                "build": generator.subschema_for::<Build>(),
                "artifact": { "type": "string" },
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
                "branch": { "type": "string" },
                "from": { "type": "string" },
            },
        })
    }
}

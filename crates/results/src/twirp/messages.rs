//! Protobuf's JSON, as far as these services use it: names as in the `.proto`
//! file or in camel case, 64-bit numbers as text, wrappers as their value,
//! fields left out that have their default.

use serde::{Deserialize, Deserializer, Serializer};

/// Reads an `int64`: text or a number.
pub(crate) fn int64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u64),
        Text(String),
    }
    match Either::deserialize(deserializer)? {
        Either::Number(number) => Ok(number),
        Either::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

/// Reads an `Int64Value`, which may be absent.
pub(super) fn optional_int64<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    struct Value(#[serde(deserialize_with = "int64")] u64);
    Ok(Option::<Value>::deserialize(deserializer)?.map(|value| value.0))
}

/// Writes an `int64`: as text.
pub(super) fn text<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

//! Durations as people write them: `250ms`, `30s`, `1h30m`.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serializer};

use super::BadValue;

/// Largest first: the order in which the parts of a duration are written.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads `1h30m`, `30s`, `250ms`, and `0`.
///
/// # Errors
/// When a number or a unit is missing, a unit comes twice or in the wrong
/// order, or the sum is more than a hundred years.
pub fn parse(text: &str) -> Result<Duration, BadValue> {
    const LONGEST_MS: u64 = 100 * 365 * 86_400_000;
    let refuse =
        || BadValue::new(text, "duration", "write it like `250ms`, `30s`, `5m` or `1h30m`");
    let too_long = || BadValue::new(text, "duration", "a hundred years is the most");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = text;
    let mut units = UNITS.as_slice();
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (number, after) = split(rest, |c| c.is_ascii_digit());
        let (unit, after) = split(after, |c| c.is_ascii_alphabetic());
        let place = units.iter().position(|(name, _)| *name == unit).ok_or_else(refuse)?;
        if number.is_empty() {
            return Err(refuse());
        }
        let part = number.parse::<u64>().ok().and_then(|n| n.checked_mul(units[place].1));
        total = part.and_then(|ms| total.checked_add(ms)).ok_or_else(too_long)?;
        units = &units[place + 1..];
        rest = after;
    }
    match total {
        _ if text.is_empty() => Err(refuse()),
        ms if ms > LONGEST_MS => Err(too_long()),
        ms => Ok(Duration::from_millis(ms)),
    }
}

fn split(text: &str, keep: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !keep(c)).unwrap_or(text.len()))
}

/// Writes `duration` as [`parse`] reads it; what is less than a millisecond
/// is cut off.
pub fn format(duration: Duration) -> String {
    let mut rest = duration.as_millis();
    let mut text = String::new();
    for (unit, size) in UNITS {
        let count = rest / u128::from(size);
        rest %= u128::from(size);
        if count > 0 {
            text.push_str(&format!("{count}{unit}"));
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// For `#[serde(with = "duration")]`: as text.
///
/// # Errors
/// What the serializer reports.
pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*duration))
}

/// For `#[serde(with = "duration")]`: from text.
///
/// # Errors
/// When it is not a text, or not a duration.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = Cow::<str>::deserialize(deserializer)?;
    parse(&text).map_err(serde::de::Error::custom)
}

/// The same for a duration that may be absent.
pub mod option {
    use super::{Deserialize, Deserializer, Duration, Serializer, format, parse};

    /// For `#[serde(with = "duration::option")]`: as text or null.
    ///
    /// # Errors
    /// What the serializer reports.
    pub fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => serializer.serialize_some(&format(*duration)),
            None => serializer.serialize_none(),
        }
    }

    /// For `#[serde(with = "duration::option")]`: from text or null.
    ///
    /// # Errors
    /// When it is neither, or not a duration.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Option::<String>::deserialize(deserializer)?
            .map(|text| parse(&text).map_err(serde::de::Error::custom))
            .transpose()
    }
}

/// What a duration is in the JSON Schema.
pub struct Text;

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                {
                    "type": "string",
                    "pattern": "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$",
                    "minLength": 2,
                    "examples": ["30s"],
                },
                { "const": 0 },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations() {
        let texts = [
            "30s",
            "1h30m",
            "90m",
            "250ms",
            "1d",
            "0",
            "0s",
            "1m30",
            "30",
            "s",
            "",
            "5m1h",
            "1s1s",
            "1.5s",
            "-1s",
            "1 s",
            "1S",
            "40000d",
            "99999999999999999999s",
        ];
        let table: String = texts
            .iter()
            .map(|text| match parse(text) {
                Ok(duration) => format!("{text:?} is {}\n", format(duration)),
                Err(problem) => format!("{problem}\n"),
            })
            .collect();
        insta::assert_snapshot!(table, @r#"
        "30s" is 30s
        "1h30m" is 1h30m
        "90m" is 1h30m
        "250ms" is 250ms
        "1d" is 1d
        "0" is 0s
        "0s" is 0s
        `1m30` is not a duration: write it like `250ms`, `30s`, `5m` or `1h30m`
        `30` is not a duration: write it like `250ms`, `30s`, `5m` or `1h30m`
        `s` is not a duration: write it like `250ms`, `30s`, `5m` or `1h30m`
        `` is not a duration: write it like `250ms`, `30s`, `5m` or `1h30m`
        `5m1h` is not a duration: write it like `250ms`, `30s`, `5m` or `1h30m`
        `1s1s` is not a duration: write it like `250ms`, `30s`, `5m` or `1h30m`
        `1.5s` is not a duration: write it like `250ms`, `30s`, `5m` or `1h30m`
        `-1s` is not a duration: write it like `250ms`, `30s`, `5m` or `1h30m`
        `1 s` is not a duration: write it like `250ms`, `30s`, `5m` or `1h30m`
        `1S` is not a duration: write it like `250ms`, `30s`, `5m` or `1h30m`
        `40000d` is not a duration: a hundred years is the most
        `99999999999999999999s` is not a duration: a hundred years is the most
        "#);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(ms in 0..3_000_000_000_000_u64) {
            let duration = Duration::from_millis(ms);
            prop_assert_eq!(parse(&format(duration)), Ok(duration));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,12}|[0-9dhms]{0,30}") {
            let _ = parse(&text);
        }
    }
}

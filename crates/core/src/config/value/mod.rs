//! Values with a unit, as people write them.

mod bytes;
mod cpu;
pub mod duration;
mod percent;

pub use bytes::ByteSize;
pub use cpu::Cpu;
pub use percent::Percent;

/// A text that is not a value of this kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {kind}: {rule}")]
pub struct BadValue {
    /// What was given.
    pub text: String,
    /// What it should have been, for example `duration`.
    pub kind: &'static str,
    /// What one looks like, or the bound it passes.
    pub rule: &'static str,
}

impl BadValue {
    fn new(text: &str, kind: &'static str, rule: &'static str) -> Self {
        Self { text: text.to_owned(), kind, rule }
    }
}

/// `Serialize`, `Deserialize` and `JsonSchema` for a value written as text.
macro_rules! as_text {
    ($type:ident, $json:tt, $pattern:literal, $example:literal) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": $json, "pattern": $pattern, "examples": [$example],
                })
            }
        }
    };
}
use as_text;

/// A decimal number with up to `places` digits after the point, times
/// `10^places`. No sign, no exponent, no separators.
fn fixed_point(text: &str, places: usize) -> Option<u64> {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (text, ""),
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > places {
        return None;
    }
    format!("{whole}{fraction:0<places$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use std::fmt::Display;
    use std::str::FromStr;

    use super::*;

    /// Each text with what it is read and shown as, or what is wrong.
    fn table<T: FromStr<Err = BadValue> + Display>(texts: &[&str]) -> String {
        let shown = texts.iter().map(|text| match text.parse::<T>() {
            Ok(value) => format!("{text:?} is {value}\n"),
            Err(problem) => format!("{problem}\n"),
        });
        shown.collect()
    }

    #[test]
    fn shares() {
        let texts = ["5%", "0.5%", "2.25 %", "100%", "100.01%", "5", "%", "1.%", "0.001%", "-1%"];
        insta::assert_snapshot!(table::<Percent>(&texts), @r#"
        "5%" is 5%
        "0.5%" is 0.5%
        "2.25 %" is 2.25%
        "100%" is 100%
        `100.01%` is not a percentage: a share is at most 100%
        `5` is not a percentage: write it like `5%` or `0.5%`
        `%` is not a percentage: write it like `5%` or `0.5%`
        `1.%` is not a percentage: write it like `5%` or `0.5%`
        `0.001%` is not a percentage: write it like `5%` or `0.5%`
        `-1%` is not a percentage: write it like `5%` or `0.5%`
        "#);
    }

    #[test]
    fn sizes() {
        let texts = [
            "256MiB",
            "0B",
            "1024B",
            "1.5GiB",
            "500 MB",
            "1TiB",
            "256",
            "MiB",
            "1mib",
            "1.2345KB",
            "99999999999TiB",
        ];
        insta::assert_snapshot!(table::<ByteSize>(&texts), @r#"
        "256MiB" is 256MiB
        "0B" is 0B
        "1024B" is 1KiB
        "1.5GiB" is 1536MiB
        "500 MB" is 500MB
        "1TiB" is 1TiB
        `256` is not a size: write it like `256MiB`, `1GiB` or `500MB`
        `MiB` is not a size: write it like `256MiB`, `1GiB` or `500MB`
        `1mib` is not a size: write it like `256MiB`, `1GiB` or `500MB`
        `1.2345KB` is not a size: write it like `256MiB`, `1GiB` or `500MB`
        `99999999999TiB` is not a size: it is more than a machine can have
        "#);
    }

    #[test]
    fn numbers_of_cpus() {
        let texts = ["2", "0.5", "500m", "1.250", "0", "m", "0.5m", "1e3", "9999999999"];
        insta::assert_snapshot!(table::<Cpu>(&texts), @r#"
        "2" is 2
        "0.5" is 500m
        "500m" is 500m
        "1.250" is 1250m
        `0` is not a number of CPUs: nothing runs without any
        `m` is not a number of CPUs: write it like `0.5`, `2` or `500m`
        `0.5m` is not a number of CPUs: write it like `0.5`, `2` or `500m`
        `1e3` is not a number of CPUs: write it like `0.5`, `2` or `500m`
        `9999999999` is not a number of CPUs: no machine has so many
        "#);
    }

    #[test]
    fn a_share_is_exceeded_exactly() {
        let half: Percent = "0.5%".parse().unwrap();
        assert!(!half.is_exceeded_by(5, 1_000));
        assert!(half.is_exceeded_by(6, 1_000));
        assert!(!half.is_exceeded_by(0, 0));
        assert!(!Percent::whole(100).is_exceeded_by(u64::MAX, u64::MAX));
    }
}

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
fn fixed_point(text: &str, places: u32) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let fraction_length = u32::try_from(fraction.len()).ok()?;
    if !digits(whole) || !digits(fraction) || fraction_length > places {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(10_u64.pow(places))?;
    let fraction = fraction.parse::<u64>().ok()? * 10_u64.pow(places - fraction_length);
    whole.checked_add(fraction)
}

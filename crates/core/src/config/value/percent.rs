use std::fmt;
use std::str::FromStr;

use super::{BadValue, as_text, fixed_point};

/// A share from 0 % to 100 %, exact to a hundredth of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Percent {
    hundredths: u16,
}

impl Percent {
    /// A whole number of percent; more than 100 is 100.
    pub const fn whole(percent: u8) -> Self {
        let percent = if percent > 100 { 100 } else { percent as u16 };
        Self { hundredths: percent * 100 }
    }

    /// As a share of 1.
    pub fn ratio(self) -> f64 {
        f64::from(self.hundredths) / 10_000.0
    }

    /// What is left of the whole.
    #[must_use]
    pub const fn complement(self) -> Self {
        Self { hundredths: 10_000 - self.hundredths }
    }

    /// Whether `part` is at least this share of `all`. Exact; of nothing no share is reached.
    pub fn is_reached_by(self, part: u64, all: u64) -> bool {
        all > 0 && u128::from(part) * 10_000 >= u128::from(all) * u128::from(self.hundredths)
    }

    /// Whether `part` is more than this share of `all`. Exact.
    pub fn is_exceeded_by(self, part: u64, all: u64) -> bool {
        u128::from(part) * 10_000 > u128::from(all) * u128::from(self.hundredths)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.hundredths / 100, self.hundredths % 100);
        match rest {
            0 => write!(f, "{whole}%"),
            rest if rest % 10 == 0 => write!(f, "{whole}.{}%", rest / 10),
            rest => write!(f, "{whole}.{rest:02}%"),
        }
    }
}

impl FromStr for Percent {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let refuse = || BadValue::new(text, "percentage", "write it like `5%` or `0.5%`");
        let number = text.strip_suffix('%').ok_or_else(refuse)?.trim_end();
        let hundredths = fixed_point(number, 2).ok_or_else(refuse)?;
        match u16::try_from(hundredths) {
            Ok(hundredths @ 0..=10_000) => Ok(Self { hundredths }),
            _ => Err(BadValue::new(text, "percentage", "a share is at most 100%")),
        }
    }
}

as_text!(Percent, "string", "^[0-9]+([.][0-9]{1,2})? ?%$", "5%");

use std::fmt;
use std::str::FromStr;

use super::{BadValue, as_text, fixed_point};

/// A share of CPU time, in thousandths of one CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cpu {
    milli: u32,
}

impl Cpu {
    /// Thousandths of one CPU.
    pub const fn milli(self) -> u32 {
        self.milli
    }
}

impl fmt::Display for Cpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.milli % 1_000 {
            0 => write!(f, "{}", self.milli / 1_000),
            _ => write!(f, "{}m", self.milli),
        }
    }
}

impl FromStr for Cpu {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let refuse = || BadValue::new(text, "number of CPUs", "write it like `0.5`, `2` or `500m`");
        let milli = match text.strip_suffix('m') {
            Some(number) => fixed_point(number, 0),
            None => fixed_point(text, 3),
        };
        match u32::try_from(milli.ok_or_else(refuse)?) {
            Ok(0) => Err(BadValue::new(text, "number of CPUs", "nothing runs without any")),
            Ok(milli) => Ok(Self { milli }),
            Err(_) => Err(BadValue::new(text, "number of CPUs", "no machine has so many")),
        }
    }
}

as_text!(Cpu, ["string", "number"], "^([0-9]+([.][0-9]{1,3})?|[0-9]+m)$", "0.5");

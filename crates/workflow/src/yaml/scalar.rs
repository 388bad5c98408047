//! Scalars and the core schema of YAML 1.2 (section 10.3.2).

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// `text`
    Plain,
    /// `'text'`
    SingleQuoted,
    /// `"text"`
    DoubleQuoted,
    /// `|` or `>` and an indented block
    Block,
}

impl Style {
    /// Of a key: it is plain, unless it begins with a quote.
    pub(crate) fn of_key(written: &str) -> Self {
        match written.as_bytes().first() {
            Some(b'"') => Self::DoubleQuoted,
            Some(b'\'') => Self::SingleQuoted,
            _ => Self::Plain,
        }
    }
}

/// What a scalar is under the core schema.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Resolved {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number that fits.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Everything else, and everything in quotes.
    String,
}

/// A scalar: its text and what that means.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    /// The text, with quotes and escapes resolved.
    pub text: String,
    /// How it is written.
    pub style: Style,
    /// What it is under the core schema.
    pub value: Resolved,
}

impl Resolved {
    /// What a plain (unquoted, untagged) scalar is.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Self::Null,
            "true" | "True" | "TRUE" => return Self::Bool(true),
            "false" | "False" | "FALSE" => return Self::Bool(false),
            _ => {}
        }
        number(text).unwrap_or(Self::String)
    }
}

/// A number under the core schema: decimal, `0o17`, `0x1f`, `1e3`, `.inf`, `.nan`.
pub(super) fn number(text: &str) -> Option<Resolved> {
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned {
        ".inf" | ".Inf" | ".INF" => {
            let infinity = f64::INFINITY;
            return Some(Resolved::Float(if text.starts_with('-') { -infinity } else { infinity }));
        }
        _ if matches!(text, ".nan" | ".NaN" | ".NAN") => return Some(Resolved::Float(f64::NAN)),
        _ => {}
    }
    // Rust's own parser takes exactly the rest of the core schema once words are ruled out.
    let numeric = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || !unsigned.chars().all(numeric)
    {
        return None;
    }
    if unsigned.bytes().all(|b| b.is_ascii_digit())
        && let Ok(int) = text.parse::<i64>()
    {
        return Some(Resolved::Int(int));
    }
    text.parse::<f64>().ok().map(Resolved::Float)
}

fn radix(digits: &str, radix: u32) -> Option<Resolved> {
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    if let Ok(int) = i64::from_str_radix(digits, radix) {
        return Some(Resolved::Int(int));
    }
    let value = digits
        .chars()
        .filter_map(|c| c.to_digit(radix))
        .fold(0.0, |sum, digit| sum * f64::from(radix) + f64::from(digit));
    Some(Resolved::Float(value))
}

#[cfg(test)]
mod tests {
    use super::Resolved;

    #[test]
    fn the_core_schema() {
        let is = |text: &str| format!("{:?}", Resolved::plain(text));
        let table = [
            "",
            "~",
            "null",
            "NULL",
            "nUll",
            "true",
            "True",
            "yes",
            "on",
            "off",
            "0",
            "-12",
            "+7",
            "007",
            "0o17",
            "0x1F",
            "0xg",
            "1.10",
            "1.",
            ".5",
            "-.5e3",
            "1e3",
            "1_000",
            ".inf",
            "-.INF",
            ".nan",
            "-.nan",
            "inf",
            "nan",
            "infinity",
            "1e",
            "e1",
            ".",
            "-",
            "1.2.3",
            "12:30",
            "99999999999999999999",
            "0xffffffffffffffffff",
        ]
        .map(|text| format!("{text:?} {}", is(text)))
        .join("\n");
        insta::assert_snapshot!(table, @r#"
        "" Null
        "~" Null
        "null" Null
        "NULL" Null
        "nUll" String
        "true" Bool(true)
        "True" Bool(true)
        "yes" String
        "on" String
        "off" String
        "0" Int(0)
        "-12" Int(-12)
        "+7" Int(7)
        "007" Int(7)
        "0o17" Int(15)
        "0x1F" Int(31)
        "0xg" String
        "1.10" Float(1.1)
        "1." Float(1.0)
        ".5" Float(0.5)
        "-.5e3" Float(-500.0)
        "1e3" Float(1000.0)
        "1_000" String
        ".inf" Float(inf)
        "-.INF" Float(-inf)
        ".nan" Float(NaN)
        "-.nan" String
        "inf" String
        "nan" String
        "infinity" String
        "1e" String
        "e1" String
        "." String
        "-" String
        "1.2.3" String
        "12:30" String
        "99999999999999999999" Float(1e20)
        "0xffffffffffffffffff" Float(4.722366482869645e21)
        "#);
    }
}

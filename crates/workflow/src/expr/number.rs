//! Numbers to text and back, as GitHub's runner does it.

/// .NET's `G15`: 15 significant digits, scientific (`1E+15`, `1E-05`) for exponents below -4
/// and from 15 on.
pub(super) fn format(value: f64) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity".into() } else { "-Infinity".into() };
    }
    if value == 0.0 {
        return "0".into();
    }
    // `d.dddddddddddddde[-]x`: 15 digits, correctly rounded.
    let scientific = format!("{:.14e}", value.abs());
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let digits = mantissa.replace('.', "");
    let digits = digits.trim_end_matches('0');
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if value < 0.0 { "-" } else { "" };
    if !(-4..15).contains(&exponent) {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let sign_of_exponent = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{first}{point}{rest}E{sign_of_exponent}{:02}", exponent.abs());
    }
    if exponent < 0 {
        let zeros = "0".repeat(usize::try_from(-exponent - 1).unwrap_or(0));
        return format!("{sign}0.{zeros}{digits}");
    }
    let whole = usize::try_from(exponent).unwrap_or(0) + 1;
    if digits.len() <= whole {
        format!("{sign}{digits}{}", "0".repeat(whole - digits.len()))
    } else {
        format!("{sign}{}.{}", &digits[..whole], &digits[whole..])
    }
}

/// A number from text: nothing is 0, what is no number is NaN. Beside decimals, `0x1f` and
/// `0o17` are taken as 32-bit numbers (`0xffffffff` is -1), and `Infinity`.
pub(super) fn parse(text: &str) -> f64 {
    let text = text.trim();
    if text.is_empty() {
        return 0.0;
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return thirty_two_bits(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return thirty_two_bits(digits, 8);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.eq_ignore_ascii_case("infinity") {
        return if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let numeric = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-');
    if text.bytes().all(numeric) { text.parse().unwrap_or(f64::NAN) } else { f64::NAN }
}

fn thirty_two_bits(digits: &str, radix: u32) -> f64 {
    if digits.starts_with(['+', '-']) {
        return f64::NAN;
    }
    u32::from_str_radix(digits, radix).map_or(f64::NAN, |bits| f64::from(bits.cast_signed()))
}

#[cfg(test)]
mod tests {
    use super::{format, parse};

    #[test]
    fn fifteen_significant_digits() {
        let cases = [
            (1e15, "1E+15"),
            (1e14, "100000000000000"),
            (0.0001, "0.0001"),
            (0.00001, "1E-05"),
            (1234567890123456.0, "1.23456789012346E+15"),
            (0.1 + 0.2, "0.3"),
            (-1.5e-7, "-1.5E-07"),
            (1e300, "1E+300"),
            (999999999999999.9, "1E+15"),
            (-0.0, "0"),
            (120.0, "120"),
            (-2.5, "-2.5"),
        ];
        for (value, text) in cases {
            assert_eq!(format(value), text);
        }
    }

    #[test]
    fn text_to_numbers() {
        let cases = [
            ("", 0.0),
            (" 12.5 ", 12.5),
            ("1.", 1.0),
            (".5", 0.5),
            ("0xff", 255.0),
            ("0xffffffff", -1.0),
            ("0o17", 15.0),
            ("-Infinity", f64::NEG_INFINITY),
        ];
        for (text, value) in cases {
            assert!((parse(text) - value).abs() < 1e-9 || parse(text) == value, "{text}");
        }
        for text in ["abc", "1_000", "1e", "0X1", "inf", "nan", "0x", "0x1ffffffff", "-0x1", "."] {
            assert!(parse(text).is_nan(), "{text}");
        }
    }
}

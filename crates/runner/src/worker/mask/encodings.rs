//! The forms in which a secret turns up in output.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

type Pattern = Vec<u8>;

/// Fewer characters of base64 than this say little and match by chance.
const SHORTEST_BASE64: usize = 6;

/// Where tools break long base64: `base64` and MIME at 76, PEM at 64.
const BASE64_LINES: [usize; 2] = [76, 64];

const ENGINES: [GeneralPurpose; 2] = [
    GeneralPurpose::new(&alphabet::STANDARD, NO_PAD),
    GeneralPurpose::new(&alphabet::URL_SAFE, NO_PAD),
];

/// Everything to look for so that `value` is not seen. No pattern contains a
/// line break: a value of several lines is masked line by line, since output
/// comes in lines.
pub(super) fn patterns(value: &str) -> Vec<Pattern> {
    let mut all = Vec::new();
    let lines: Vec<&str> = value.split(['\r', '\n']).filter(|line| worth_masking(line)).collect();
    if value.contains(['\r', '\n']) {
        for line in &lines {
            forms(line, &mut all);
            forms(line.trim(), &mut all);
        }
    }
    forms(value, &mut all);
    // A shell strips the quotes from a quoted value.
    forms(value.trim_matches('"'), &mut all);
    all.retain(|pattern| {
        !pattern.is_empty() && !pattern.contains(&b'\n') && !pattern.contains(&b'\r')
    });
    all
}

/// The brackets of a JSON secret, alone on their lines, are no secret, and
/// masking every bracket makes a log unreadable.
fn worth_masking(line: &str) -> bool {
    let trimmed = line.trim();
    trimmed.len() > 3 || trimmed.chars().any(char::is_alphanumeric)
}

fn forms(value: &str, all: &mut Vec<Pattern>) {
    if value.is_empty() {
        return;
    }
    let mut push = |text: String| all.push(text.into_bytes());
    push(value.to_owned());
    push(json(value));
    push(json_ascii(value));
    push(json(value).replace('/', "\\/"));
    push(xml(value));
    // Inside single quotes of a shell, of PowerShell and of expressions.
    push(value.replace('\'', "'\\''"));
    push(value.replace('\'', "''"));
    for keep_slash in [false, true] {
        for plus in [false, true] {
            let encoded = percent(value, keep_slash, plus);
            push(lower_hex(&encoded));
            push(encoded);
        }
    }
    base64(value.as_bytes(), all);
}

/// Base64 of the value alone, and of any text that contains it: depending on
/// how many bytes stand before it, its bits fall three ways into characters.
/// The characters that also hold bits of a neighbour are left out.
fn base64(value: &[u8], all: &mut Vec<Pattern>) {
    for engine in &ENGINES {
        let whole = engine.encode(value);
        for width in BASE64_LINES {
            if whole.len() > width {
                let lines = whole.as_bytes().chunks(width).filter(|c| c.len() >= SHORTEST_BASE64);
                all.extend(lines.map(<[u8]>::to_vec));
            }
        }
        for before in 0..3 {
            let mut shifted = vec![0; before];
            shifted.extend_from_slice(value);
            let encoded = engine.encode(&shifted);
            // 8·before bits come first, 6 to a character, rounded up.
            let from = (8 * before).div_ceil(6);
            // Only characters that are full of the value's bits.
            let to = 8 * shifted.len() / 6;
            if to >= from + SHORTEST_BASE64 {
                all.push(encoded.as_bytes()[from..to].to_vec());
            }
        }
        all.push(whole.into_bytes());
    }
}

fn json(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// As most JSON writers outside of Rust do: nothing but ASCII.
fn json_ascii(value: &str) -> String {
    let mut out = String::new();
    for c in json(value).chars() {
        if c.is_ascii() {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    out
}

fn xml(value: &str) -> String {
    value
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&apos;")
}

/// RFC 3986, section 2.1; `plus`: a space as in a form's body.
fn percent(value: &str, keep_slash: bool, plus: bool) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            b'/' if keep_slash => out.push('/'),
            b' ' if plus => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// `%2F` as `%2f`; letters of the value itself stay.
fn lower_hex(encoded: &str) -> String {
    let mut out = String::new();
    let mut rest = encoded;
    while let Some(at) = rest.find('%') {
        let end = (at + 3).min(rest.len());
        out.push_str(&rest[..at]);
        out.push_str(&rest[at..end].to_ascii_lowercase());
        rest = &rest[end..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(value: &str, form: &str) -> bool {
        patterns(value).iter().any(|pattern| pattern.as_slice() == form.as_bytes())
    }

    #[test]
    fn the_usual_encodings_are_covered() {
        let value = "pä\"s's/ w&rd";
        for form in [
            value,
            r#"pä\"s's/ w&rd"#,
            r#"p\u00e4\"s's/ w&rd"#,
            r#"pä\"s's\/ w&rd"#,
            "pä&quot;s&apos;s/ w&amp;rd",
            "p%C3%A4%22s%27s%2F%20w%26rd",
            "p%c3%a4%22s%27s%2f%20w%26rd",
            "p%C3%A4%22s%27s/+w%26rd",
            r#"pä"s'\''s/ w&rd"#,
            "cMOkInMncy8gdyZyZA",
        ] {
            assert!(has(value, form), "{form}");
        }
    }

    #[test]
    fn base64_is_found_wherever_it_begins() {
        let value = "correct horse battery";
        for before in ["", "a", "ab", "abc", "user:"] {
            for after in ["", "x", "xy", "xyz"] {
                for engine in &ENGINES {
                    let text = engine.encode(format!("{before}{value}{after}"));
                    let found = patterns(value).iter().any(|pattern| {
                        pattern.len() >= 20
                            && text
                                .as_bytes()
                                .windows(pattern.len())
                                .any(|w| w == pattern.as_slice())
                    });
                    assert!(found, "{before:?} {after:?} {text}");
                }
            }
        }
    }

    #[test]
    fn lines_are_masked_and_lone_brackets_are_not() {
        let value = "{\n  \"key\": \"abc\"\n}\n";
        assert!(has(value, "  \"key\": \"abc\""));
        assert!(has(value, "\"key\": \"abc\""));
        assert!(!has(value, "{"));
        assert!(has("{", "{"), "a secret of one line is masked whatever it is");
    }

    #[test]
    fn nothing_matches_the_empty_text() {
        assert!(patterns("").is_empty());
        assert!(patterns("\n\n").iter().all(|pattern| !pattern.is_empty()));
    }
}

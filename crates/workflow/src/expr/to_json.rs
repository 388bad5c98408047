//! `toJSON`.

use std::fmt::Write as _;

use super::number;
use super::value::Value;

/// Two spaces of indentation, as the runner prints it. Numbers have 15 significant digits.
pub(super) fn print(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, 0);
    out
}

fn write(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(value) => out.push_str(&number::format(*value)),
        Value::String(text) => quote(out, text),
        Value::Array(items) => {
            block(out, ['[', ']'], items.iter(), depth, |out, item| write(out, item, depth + 1));
        }
        Value::Object(object) => {
            block(out, ['{', '}'], object.iter(), depth, |out, (key, value)| {
                quote(out, key);
                out.push_str(": ");
                write(out, value, depth + 1);
            });
        }
    }
}

fn block<T>(
    out: &mut String,
    [open, close]: [char; 2],
    items: impl ExactSizeIterator<Item = T>,
    depth: usize,
    item: impl Fn(&mut String, T),
) {
    out.push(open);
    let some = items.len() > 0;
    for (i, value) in items.enumerate() {
        out.push_str(if i == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(depth + 1));
        item(out, value);
    }
    if some {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    }
    out.push(close);
}

/// Escapes what JSON requires and the three line ends beyond ASCII that the runner escapes too.
fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

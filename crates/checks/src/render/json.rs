//! One JSON document: `findings`, `tally`, `looked_at`.
//!
//! Findings are written as `serde_json` writes them, which a test compares; most of what they say
//! is plain text, so that only the bytes are looked for that RFC 8259, section 7, wants escaped.

use std::io::{self, Write};

use crate::check::Tally;
use crate::finding::{Finding, Kind, Pos};

pub(super) fn begin(out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"{\"findings\":[")
}

pub(super) fn finding(out: &mut impl Write, finding: &Finding, first: bool) -> io::Result<()> {
    out.write_all(if first { b"\n" } else { b",\n" })?;
    one(out, finding)
}

pub(super) fn end(out: &mut impl Write, tally: &Tally, looked_at: &str) -> io::Result<()> {
    out.write_all(b"\n],\"tally\":")?;
    serde_json::to_writer(&mut *out, tally)?;
    out.write_all(b",\"looked_at\":")?;
    serde_json::to_writer(&mut *out, looked_at)?;
    out.write_all(b"}\n")
}

fn one(out: &mut impl Write, finding: &Finding) -> io::Result<()> {
    let kind = match finding.kind {
        Kind::Found => "found",
        Kind::Undecided => "undecided",
    };
    text(out, "{\"rule\":\"", finding.rule.as_str())?;
    plain(out, "\",\"severity\":\"", finding.severity.as_str())?;
    plain(out, "\",\"kind\":\"", kind)?;
    text(out, "\",\"file\":\"", &finding.file)?;
    place(out, "\",\"span\":{\"start\":{\"line\":", finding.span.start)?;
    place(out, "},\"end\":{\"line\":", finding.span.end)?;
    text(out, "}},\"message\":\"", &finding.message)?;
    text(out, "\",\"excerpt\":\"", &finding.excerpt)?;
    // In hex.
    plain(out, "\",\"fingerprint\":\"", finding.fingerprint.as_str())?;
    match &finding.help {
        Some(help) => {
            text(out, "\",\"help\":\"", help)?;
            out.write_all(b"\"")?;
        }
        None => out.write_all(b"\",\"help\":null")?,
    }
    out.write_all(b",\"allowed\":")?;
    serde_json::to_writer(&mut *out, &finding.allowed)?;
    out.write_all(b"}")
}

/// A text that needs nothing escaped, behind what stands before it.
fn plain(out: &mut impl Write, before: &str, value: &str) -> io::Result<()> {
    out.write_all(before.as_bytes())?;
    out.write_all(value.as_bytes())
}

/// Any text, behind what stands before it.
fn text(out: &mut impl Write, before: &str, value: &str) -> io::Result<()> {
    out.write_all(before.as_bytes())?;
    let mut rest = value.as_bytes();
    while let Some(plain) = special(rest) {
        out.write_all(&rest[..plain])?;
        escaped(out, rest[plain])?;
        rest = &rest[plain + 1..];
    }
    out.write_all(rest)
}

/// Where the first byte stands that cannot stand there as it is.
fn special(text: &[u8]) -> Option<usize> {
    /// So many are looked at in one step.
    const STEP: usize = 16;
    let is = |byte: u8| (byte < 0x20) | (byte == b'"') | (byte == b'\\');
    let any = |step: &[u8; STEP]| step.iter().fold(false, |any, byte| any | is(*byte));
    let (steps, rest) = text.as_chunks();
    let plain = steps.iter().take_while(|step| !any(step)).count();
    // What is no whole step is looked at with what is before it.
    if plain == steps.len() && text.last_chunk().is_some_and(|last| !any(last)) {
        return None;
    }
    let rest = steps.get(plain).map_or(rest, |step| step.as_slice());
    rest.iter().position(|byte| is(*byte)).map(|at| plain * STEP + at)
}

fn escaped(out: &mut impl Write, byte: u8) -> io::Result<()> {
    out.write_all(match byte {
        b'"' => b"\\\"",
        b'\\' => b"\\\\",
        b'\n' => b"\\n",
        b'\r' => b"\\r",
        b'\t' => b"\\t",
        0x08 => b"\\b",
        0x0c => b"\\f",
        _ => return write!(out, "\\u{byte:04x}"),
    })
}

fn place(out: &mut impl Write, before: &str, pos: Pos) -> io::Result<()> {
    out.write_all(before.as_bytes())?;
    number(out, pos.line)?;
    out.write_all(b",\"column\":")?;
    number(out, pos.column)
}

/// A number in decimal, from its last digit to its first.
fn number(out: &mut impl Write, mut number: usize) -> io::Result<()> {
    const MOST: usize = usize::MAX.ilog10() as usize + 1;
    let (mut digits, mut from) = ([b'0'; MOST], MOST - 1);
    while number > 9 {
        digits[from] += (number % 10) as u8;
        number /= 10;
        from -= 1;
    }
    digits[from] += number as u8;
    out.write_all(&digits[from..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Allowed, Severity, Span};
    use crate::rule::Rule;

    #[test]
    fn findings_are_written_as_they_are_serialised() {
        let controls: String = (0..0x80_u8).map(char::from).collect();
        let long = format!("{}\"{}\u{1f600} \\", "plain text ".repeat(9), "é".repeat(40));
        let rule = Rule::new("a-rule", Severity::High, "title", "why", "1. this\n2. \"that\"");
        let span = Span {
            start: Pos { line: 1, column: 90 },
            end: Pos { line: 1_234_567, column: usize::MAX },
        };
        let found = Finding::new(&rule, "a\\b.sql", span, long.clone());
        let undecided = Finding { excerpt: controls.clone(), help: None, ..found.clone() };
        let allowed = Some(Allowed { reason: controls, by: long });
        let allowed = Finding { allowed, severity: Severity::Low, ..found.clone() };
        for finding in [found, undecided.undecided(), allowed] {
            let mut written = Vec::new();
            one(&mut written, &finding).unwrap();
            assert_eq!(
                String::from_utf8(written).unwrap(),
                serde_json::to_string(&finding).unwrap()
            );
        }
    }
}

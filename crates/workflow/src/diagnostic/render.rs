//! A problem as text, with the line it is in.

use std::fmt::Write as _;

use super::Diagnostic;
use crate::span::Span;

/// The widest excerpt, in characters; a longer line is cut around the place.
const MAX_WIDTH: usize = 120;

pub(super) fn render(diagnostic: &Diagnostic, source: &str) -> String {
    let gutter = std::iter::once(diagnostic.span)
        .chain(diagnostic.labels.iter().map(|label| label.span))
        .map(|span| span.start.line.to_string().len())
        .max()
        .unwrap_or(1);
    let mut out = String::new();
    let Diagnostic { code, severity, file, span, message, .. } = diagnostic;
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{severity}[{code}]: {message}");
    let _ = writeln!(out, "{:gutter$}--> {file}:{}:{}", "", span.start.line, span.start.column);
    let _ = writeln!(out, "{:gutter$} |", "");
    excerpt(&mut out, source, *span, gutter, '^', "");
    for label in &diagnostic.labels {
        let _ = writeln!(out, "{:gutter$} |", "");
        excerpt(&mut out, source, label.span, gutter, '-', &label.message);
    }
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(out, "{:gutter$} = help: {help}", "");
    }
    out
}

/// The first line of `span` and an underline below the part that is meant.
fn excerpt(out: &mut String, source: &str, span: Span, gutter: usize, mark: char, note: &str) {
    let number = span.start.line;
    let line = source.lines().nth(number.saturating_sub(1)).unwrap_or("");
    let chars: Vec<char> = line.chars().map(printable).collect();
    let from = span.start.column.saturating_sub(1).min(chars.len());
    let to = if span.end.line == number {
        span.end.column.saturating_sub(1).min(chars.len())
    } else {
        chars.len()
    };
    let width = to.saturating_sub(from).max(1);
    let first = if chars.len() > MAX_WIDTH { from.saturating_sub(MAX_WIDTH / 3) } else { 0 };
    let shown: String = chars.iter().skip(first).take(MAX_WIDTH).collect();
    let pad = from - first;
    let marks: String = std::iter::repeat_n(mark, width.min(MAX_WIDTH - pad)).collect();
    let _ = writeln!(out, "{number:gutter$} | {}", shown.trim_end());
    let below = format!("{:gutter$} | {:pad$}{marks} {note}", "", "");
    let _ = writeln!(out, "{}", below.trim_end());
}

/// A file's text must not move the reader's cursor or change colours.
fn printable(c: char) -> char {
    if c == '\t' {
        ' '
    } else if c.is_control() {
        '\u{fffd}'
    } else {
        c
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Diagnostic;
    use crate::span::{Pos, Span};

    fn span(line: usize, column: usize, end: usize) -> Span {
        let pos = |column| Pos { offset: 0, line, column };
        Span::new(pos(column), pos(end))
    }

    #[test]
    fn a_place_is_underlined() {
        let source = "on:\n  push:\n    brnaches: [main]\n";
        let diagnostic =
            Diagnostic::error("SW0302", "ci.yml", span(3, 5, 13), "unknown key `brnaches`")
                .with_label(span(2, 3, 7), "in this trigger")
                .with_help("did you mean `branches`?");
        insta::assert_snapshot!(diagnostic.render(source), @r"
        error[SW0302]: unknown key `brnaches`
         --> ci.yml:3:5
          |
        3 |     brnaches: [main]
          |     ^^^^^^^^
          |
        2 |   push:
          |   ---- in this trigger
          = help: did you mean `branches`?
        ");
        insta::assert_snapshot!(diagnostic, @"ci.yml:3:5: error[SW0302]: unknown key `brnaches`");
    }

    #[test]
    fn long_lines_and_control_characters_stay_readable() {
        let source = format!("{}\u{1b}[31mhere{}", "a".repeat(400), "b".repeat(400));
        let text = Diagnostic::error("SW0101", "f", span(1, 406, 410), "no").render(&source);
        assert!(!text.contains('\u{1b}'));
        assert!(text.lines().all(|line| line.chars().count() <= super::MAX_WIDTH + 4));
        assert!(text.contains("here"));
    }

    #[test]
    fn a_place_outside_the_text_is_no_panic() {
        let text = Diagnostic::error("SW0101", "f", span(9, 9, 3), "no").render("one\n");
        assert!(text.contains("f:9:9"));
    }
}

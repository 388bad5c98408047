//! Colours of lines. Where they are not wanted (`NO_COLOR`, no terminal), the
//! writer strips them again.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

const fn colour(colour: AnsiColor) -> Style {
    colour.on_default()
}

/// Text in a style.
pub(super) fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// What is less important.
pub(super) const DIM: Style = Style::new().dimmed();
const GOOD: Style = colour(AnsiColor::Green);
const BAD: Style = colour(AnsiColor::Red);
const ODD: Style = colour(AnsiColor::Yellow);
const TOLD: Style = colour(AnsiColor::Cyan);

/// A line of a job's output, its runner's own marks as a person wants to see
/// them.
pub(super) fn line(text: &str) -> String {
    let marks = [
        ("##[error]", BAD, "error: "),
        ("##[warning]", ODD, "warning: "),
        ("##[notice]", TOLD, "notice: "),
        ("##[debug]", DIM, "debug: "),
        ("##[command]", TOLD, ""),
        ("##[section]", GOOD, ""),
    ];
    let found = marks.iter().find_map(|(mark, style, word)| {
        let rest = text.strip_prefix(mark)?;
        Some(paint(*style, format_args!("{word}{rest}")))
    });
    found.unwrap_or_else(|| text.to_owned())
}

/// A line that begins with a mark: `✓ …`.
pub(super) fn marked(text: &str) -> String {
    let style = match text.chars().next() {
        Some('✓') => GOOD,
        Some('✗') => BAD,
        Some('■') => ODD,
        _ => DIM,
    };
    let end = text.char_indices().nth(1).map_or(text.len(), |(at, _)| at);
    let (mark, rest) = text.split_at(end);
    format!("{}{rest}", paint(style, mark))
}

//! Where lines may be commands, among many that are none.

use memchr::memmem;

/// As much is looked through at once: what is behind a mark is looked through again.
const WINDOW: usize = 16 << 10;

/// Where the first mark of a command is in whole lines: `::` where one begins, or `##[`.
pub(super) fn first(lines: &[u8]) -> Option<usize> {
    first_by(lines, WINDOW)
}

fn first_by(lines: &[u8], window: usize) -> Option<usize> {
    let mut from = 0;
    while from < lines.len() {
        let to = lines.len().min(from + window);
        let part = &lines[from..to];
        let colons = memmem::find_iter(part, b"::").find(|at| begins_line(&lines[..from + at]));
        let brackets = memmem::find(&part[..colons.unwrap_or(part.len())], b"##[");
        if let Some(mark) = brackets.or(colons) {
            return Some(from + mark);
        }
        if to == lines.len() {
            break;
        }
        // A mark may be in both parts.
        from = to - 2;
    }
    None
}

/// Whether a line begins behind this, white space aside. Names in many languages have colons.
fn begins_line(before: &[u8]) -> bool {
    let ends = |byte: u8| matches!(byte, b'\n' | b'\r');
    let last = before.iter().rev().find(|byte| ends(**byte) || !byte.is_ascii_whitespace());
    last.is_none_or(|byte| ends(*byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::worker::command::may_be_command;

    #[test]
    fn names_with_colons_are_no_commands() {
        assert_eq!(first(b"test a::b ... ok\nstd::fs\n"), None);
        assert_eq!(first(b"a::b\n  ::error::no\n"), Some(7));
        assert_eq!(first(b"a::b ##[error]no\n::debug::\n"), Some(5));
    }

    #[test]
    fn a_carriage_return_ends_a_line() {
        assert_eq!(first(b"90%\r ::error::no\n"), Some(5));
        assert_eq!(first(b"a\r\n::error::no\r\n"), Some(3));
    }

    proptest! {
        #[test]
        fn no_line_before_the_mark_is_a_command_and_the_line_of_it_may_be(
            lines in prop::collection::vec("[:#\\[ a]{0,6}(\n|\r|\r\n)", 0..12),
            window in 3..20_usize,
        ) {
            let is_command = |line: &String| !line.trim().is_empty() && may_be_command(line.as_bytes());
            let text = lines.concat();
            let mark = first_by(text.as_bytes(), window);
            let ends = lines.iter().scan(0, |end, line| { *end += line.len(); Some(*end) });
            let line = mark.and_then(|mark| ends.into_iter().position(|end| mark < end));
            prop_assert_eq!(line, lines.iter().position(is_command), "{:?}", text);
        }
    }
}

//! Cuts what a job writes into lines.

use std::borrow::Cow;

/// A longer line is shown in parts: who looks on need not wait for the end of a
/// line without end.
const LONGEST: usize = 16 * 1024;

/// The line that a job has begun and not ended.
#[derive(Debug, Default)]
pub(super) struct Cut {
    begun: Vec<u8>,
}

impl Cut {
    /// The lines that these bytes complete, each with its line feed.
    pub(super) fn push<'b>(&mut self, bytes: &'b [u8]) -> Option<Cow<'b, str>> {
        let whole = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
        let (lines, rest) = bytes.split_at(whole);
        let text = if lines.is_empty() {
            None
        } else if self.begun.is_empty() {
            Some(text_of(lines))
        } else {
            self.begun.extend_from_slice(lines);
            Some(Cow::Owned(into_text(std::mem::take(&mut self.begun))))
        };
        self.begun.extend_from_slice(rest);
        if text.is_none() && self.begun.len() > LONGEST {
            return self.all().map(Cow::Owned);
        }
        text
    }

    /// What stands there without a line feed is a line, too.
    pub(super) fn all(&mut self) -> Option<String> {
        let mut bytes = std::mem::take(&mut self.begun);
        (!bytes.is_empty()).then(|| {
            bytes.push(b'\n');
            into_text(bytes)
        })
    }
}

/// Mostly it is text already, which is quickly said.
fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_and_then_the_rest() {
        let mut cut = Cut::default();
        assert_eq!(cut.push(b"on"), None);
        assert_eq!(cut.push(b"e\ntwo\nthr").as_deref(), Some("one\ntwo\n"));
        assert_eq!(cut.all().as_deref(), Some("thr\n"));
        assert_eq!(cut.all(), None);
    }

    #[test]
    fn a_line_without_end_is_shown_in_parts() {
        let mut cut = Cut::default();
        assert_eq!(cut.push(&vec![b'x'; LONGEST]), None);
        assert_eq!(cut.push(b"x").map(|text| text.len()), Some(LONGEST + 2));
        assert_eq!(cut.push(b"\n").as_deref(), Some("\n"));
    }
}

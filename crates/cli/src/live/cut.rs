//! Cuts what a job writes into lines.

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
    pub(super) fn push(&mut self, bytes: &[u8]) -> Option<String> {
        self.begun.extend_from_slice(bytes);
        let whole = self.begun.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole > 0 {
            let rest = self.begun.split_off(whole);
            return Some(into_text(std::mem::replace(&mut self.begun, rest)));
        }
        (self.begun.len() > LONGEST).then(|| self.all())?
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

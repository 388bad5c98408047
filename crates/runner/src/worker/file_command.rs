//! The files with which a step speaks to its job: `GITHUB_OUTPUT`,
//! `GITHUB_ENV`, `GITHUB_STATE`, `GITHUB_PATH` and `GITHUB_STEP_SUMMARY`.
//!
//! The format is GitHub's, "Workflow commands for GitHub Actions", section
//! "Environment files"; messages are those of its runner.

use indexmap::IndexMap;

/// What is wrong in such a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FileCommandError {
    /// A line that is neither `NAME=value` nor `NAME<<DELIMITER`.
    #[error("Invalid format '{0}'")]
    Line(String),
    /// `=value`
    #[error("Invalid format '{0}'. Name must not be empty")]
    NoName(String),
    /// `<<EOF` or `NAME<<`
    #[error("Invalid format '{0}'. Name must not be empty and delimiter must not be empty")]
    Heredoc(String),
    /// The file ends before the delimiter.
    #[error("Invalid value. Matching delimiter not found '{0}'")]
    NoDelimiter(String),
    /// The file ends in the middle of the value's line.
    #[error("Invalid value. EOF marker missing new line.")]
    NoLineFeed,
    /// A file is longer than any output or variable should be.
    #[error("The file has {} KiB; at most {} KiB are read", .0 / 1024, FILE_MAX / 1024)]
    TooLong(u64),
    /// `GITHUB_STEP_SUMMARY` is too long.
    #[error(
        "$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of {}k, got {}k",
        SUMMARY_MAX / 1024,
        .0 / 1024
    )]
    Summary(u64),
}

/// The most that `GITHUB_STEP_SUMMARY` takes, in bytes.
pub(crate) const SUMMARY_MAX: u64 = 1024 * 1024;

/// The most that the other files take, in bytes: all of it is held in memory.
pub(crate) const FILE_MAX: u64 = 8 * 1024 * 1024;

/// The names and values in the text of a file. A later one replaces an earlier
/// one of the same name.
///
/// # Errors
/// The first line that is wrong; then nothing of the file counts.
pub(crate) fn pairs(text: &str) -> Result<IndexMap<String, String>, FileCommandError> {
    let mut lines = Lines { rest: text.strip_prefix('\u{feff}').unwrap_or(text) };
    let mut pairs = IndexMap::new();
    while let Some((line, _)) = lines.next() {
        if line.is_empty() {
            continue;
        }
        let (name, value) = match (line.find('='), line.find("<<")) {
            (equals, Some(heredoc)) if equals.is_none_or(|equals| heredoc < equals) => {
                let (name, delimiter) = (&line[..heredoc], &line[heredoc + 2..]);
                if name.is_empty() || delimiter.is_empty() {
                    return Err(FileCommandError::Heredoc(line.to_owned()));
                }
                (name, lines.upto(delimiter)?)
            }
            (Some(0), _) => return Err(FileCommandError::NoName(line.to_owned())),
            (Some(equals), _) => (&line[..equals], &line[equals + 1..]),
            (None, _) => return Err(FileCommandError::Line(line.to_owned())),
        };
        pairs.insert(name.to_owned(), value.to_owned());
    }
    Ok(pairs)
}

/// The folders in the text of `GITHUB_PATH`, one a line.
pub(crate) fn paths(text: &str) -> impl Iterator<Item = &str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.split('\n').map(|line| line.trim_end_matches('\r')).filter(|line| !line.is_empty())
}

struct Lines<'t> {
    rest: &'t str,
}

impl<'t> Lines<'t> {
    /// The next line, and whether a line feed ends it.
    fn next(&mut self) -> Option<(&'t str, bool)> {
        if self.rest.is_empty() {
            return None;
        }
        match self.rest.split_once('\n') {
            Some((line, rest)) => {
                self.rest = rest;
                Some((line, true))
            }
            None => Some((std::mem::take(&mut self.rest), false)),
        }
    }

    /// The lines before the one that is `delimiter`, without the last line
    /// feed.
    fn upto(&mut self, delimiter: &str) -> Result<&'t str, FileCommandError> {
        let start = self.rest;
        let mut length = None;
        loop {
            let Some((line, ended)) = self.next() else {
                return Err(FileCommandError::NoDelimiter(delimiter.to_owned()));
            };
            if line == delimiter {
                return Ok(&start[..length.unwrap_or(0)]);
            }
            if !ended {
                return Err(FileCommandError::NoLineFeed);
            }
            length = Some(start.len() - self.rest.len() - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        pairs(text).unwrap().into_iter().collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn one_line_each() {
        assert_eq!(
            read("A=1\n\nB=2=3\nC=<<X\n"),
            [pair("A", "1"), pair("B", "2=3"), pair("C", "<<X")]
        );
        assert_eq!(read("A=1\nA=2"), [pair("A", "2")]);
        assert_eq!(read("A= x \r\n"), [pair("A", " x \r")]);
        assert_eq!(read("\u{feff}A=1"), [pair("A", "1")]);
        assert_eq!(read(""), []);
    }

    #[test]
    fn several_lines() {
        assert_eq!(read("A<<E\none\ntwo\nE\nB=1\n"), [pair("A", "one\ntwo"), pair("B", "1")]);
        assert_eq!(read("A<<E\nE\n"), [pair("A", "")]);
        assert_eq!(read("A<<E\n\n\nE"), [pair("A", "\n")]);
        assert_eq!(read("A<<E=\nx\nE=\n"), [pair("A", "x")]);
        assert_eq!(read("A<<E\n E\nE\n"), [pair("A", " E")]);
    }

    #[test]
    fn what_is_wrong_is_told_as_github_does() {
        for (text, message) in [
            ("A", "Invalid format 'A'"),
            ("=1", "Invalid format '=1'. Name must not be empty"),
            (
                "<<E\nE",
                "Invalid format '<<E'. Name must not be empty and delimiter must not be empty",
            ),
            ("A<<", "Invalid format 'A<<'. Name must not be empty and delimiter must not be empty"),
            ("A<<E\none\n", "Invalid value. Matching delimiter not found 'E'"),
            ("A<<E", "Invalid value. Matching delimiter not found 'E'"),
            ("A<<E\none", "Invalid value. EOF marker missing new line."),
        ] {
            assert_eq!(pairs(text).unwrap_err().to_string(), message, "{text:?}");
        }
    }

    #[test]
    fn folders_for_the_path() {
        assert_eq!(paths("/a\n\n/b c\r\n").collect::<Vec<_>>(), ["/a", "/b c"]);
    }

    proptest! {
        #[test]
        fn no_text_is_a_trap(text in "[A=<\nE\r]{0,30}") {
            let _ = pairs(&text);
        }

        #[test]
        fn a_heredoc_is_read_back(name in "[A-Z]{1,5}", value in "[a-z=<\n\r]{0,20}") {
            let text = format!("{name}<<EOF_1\n{value}\nEOF_1\n");
            prop_assert_eq!(read(&text), [(name, value)]);
        }
    }
}

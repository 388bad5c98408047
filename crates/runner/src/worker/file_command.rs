//! The files with which a step speaks to its job: `GITHUB_OUTPUT`,
//! `GITHUB_ENV`, `GITHUB_STATE`, `GITHUB_PATH` and `GITHUB_STEP_SUMMARY`.
//!
//! The format is GitHub's, "Workflow commands for GitHub Actions", section
//! "Environment files", and where that says nothing, what its runner does.

/// What is wrong in such a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileCommandError {
    /// A line that is neither `NAME=value` nor `NAME<<DELIMITER`.
    #[error("line {line}, `{text}`, is neither NAME=value nor NAME<<DELIMITER")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What it says, cut.
        text: String,
    },
    /// `=value` or `<<EOF`.
    #[error("line {line}, `{text}`, has no name")]
    NoName {
        /// Its number, from 1.
        line: usize,
        /// What it says, cut.
        text: String,
    },
    /// `NAME<<`
    #[error("line {line}, `{text}`, has no delimiter behind `<<`")]
    NoDelimiter {
        /// Its number, from 1.
        line: usize,
        /// What it says, cut.
        text: String,
    },
    /// The file ends before the delimiter.
    #[error("the value of `{name}`, from line {line}, does not end: no line is `{delimiter}`")]
    Unended {
        /// The number of the line it begins on, from 1.
        line: usize,
        /// Whose value.
        name: String,
        /// What would end it.
        delimiter: String,
    },
    /// A file is longer than any output or variable should be.
    #[error("the file has {} KiB; at most {} KiB are read", .0 / 1024, FILE_MAX / 1024)]
    TooLong(u64),
    /// `GITHUB_STEP_SUMMARY` is too long.
    #[error(
        "the summary has {} KiB and is left out: a step's may have {} KiB",
        .0.div_ceil(1024),
        SUMMARY_MAX / 1024
    )]
    Summary(u64),
}

/// The most that `GITHUB_STEP_SUMMARY` takes, in bytes.
pub(crate) const SUMMARY_MAX: u64 = 1024 * 1024;

/// The most that the other files take, in bytes: all of it is held in memory.
pub(crate) const FILE_MAX: u64 = 8 * 1024 * 1024;

/// As much of a wrong line is shown, in characters.
const SHOWN: usize = 100;

/// What a file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pairs {
    /// Names and values in order, up to the first line that is wrong. A later
    /// value of a name replaces an earlier one.
    pub pairs: Vec<(String, String)>,
    /// What is wrong there; nothing after it counts.
    pub wrong: Option<FileCommandError>,
}

/// The text of a file as GitHub's runner reads it: UTF-8 unless its first bytes say that it is
/// UTF-16, as older PowerShells write it. What is no text in it is replaced.
pub(crate) fn decoded(bytes: Vec<u8>) -> String {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

/// Reads the text of `GITHUB_OUTPUT`, `GITHUB_ENV` or `GITHUB_STATE`.
///
/// Lines end with a line feed: a carriage return before it belongs to the
/// value, or to the delimiter. An empty line says nothing.
pub fn read(text: &str) -> Pairs {
    let mut lines = Lines { rest: text.strip_prefix('\u{feff}').unwrap_or(text), number: 0 };
    let mut found = Pairs::default();
    loop {
        match lines.pair() {
            Ok(Some(pair)) => found.pairs.push(pair),
            Ok(None) => return found,
            Err(wrong) => return Pairs { wrong: Some(wrong), ..found },
        }
    }
}

/// The folders in the text of `GITHUB_PATH`, one a line, however lines end.
pub fn paths(text: &str) -> impl Iterator<Item = &str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.split(['\r', '\n']).filter(|line| !line.is_empty())
}

struct Lines<'t> {
    rest: &'t str,
    /// Of the last line that was taken.
    number: usize,
}

impl<'t> Lines<'t> {
    fn next(&mut self) -> Option<&'t str> {
        if self.rest.is_empty() {
            return None;
        }
        self.number += 1;
        match self.rest.split_once('\n') {
            Some((line, rest)) => {
                self.rest = rest;
                Some(line)
            }
            None => Some(std::mem::take(&mut self.rest)),
        }
    }

    fn pair(&mut self) -> Result<Option<(String, String)>, FileCommandError> {
        let text = loop {
            match self.next() {
                None => return Ok(None),
                Some("") => {}
                Some(text) => break text,
            }
        };
        let line = self.number;
        let shown = || text.chars().take(SHOWN).collect::<String>();
        let (name, value) = match (text.find('='), text.find("<<")) {
            (equals, Some(heredoc)) if equals.is_none_or(|equals| heredoc < equals) => {
                let (name, delimiter) = (&text[..heredoc], &text[heredoc + 2..]);
                if name.is_empty() {
                    return Err(FileCommandError::NoName { line, text: shown() });
                }
                if delimiter.is_empty() {
                    return Err(FileCommandError::NoDelimiter { line, text: shown() });
                }
                let Some(value) = self.upto(delimiter) else {
                    let (name, delimiter) = (name.to_owned(), delimiter.to_owned());
                    return Err(FileCommandError::Unended { line, name, delimiter });
                };
                (name, value)
            }
            (Some(0), _) => return Err(FileCommandError::NoName { line, text: shown() }),
            (Some(equals), _) => (&text[..equals], &text[equals + 1..]),
            (None, _) => return Err(FileCommandError::Line { line, text: shown() }),
        };
        Ok(Some((name.to_owned(), value.to_owned())))
    }

    /// The lines before the one that is `delimiter`, without the last line
    /// feed; `None`: there is no such line.
    fn upto(&mut self, delimiter: &str) -> Option<&'t str> {
        let start = self.rest;
        loop {
            let from = start.len() - self.rest.len();
            if self.next()? == delimiter {
                return Some(&start[..from.saturating_sub(1)]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        let found = read(text);
        assert_eq!(found.wrong, None, "{text:?}");
        found.pairs
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn one_line_each() {
        assert_eq!(
            pairs("A=1\n\nB=2=3\nC=<<X\n"),
            [pair("A", "1"), pair("B", "2=3"), pair("C", "<<X")]
        );
        assert_eq!(pairs("A=1\nA=2"), [pair("A", "1"), pair("A", "2")]);
        assert_eq!(pairs("A= x \r\n"), [pair("A", " x \r")]);
        assert_eq!(pairs("A=\n"), [pair("A", "")]);
        assert_eq!(pairs("\u{feff}A=1"), [pair("A", "1")]);
        assert_eq!(pairs(" A =1"), [pair(" A ", "1")]);
        assert_eq!(pairs(""), []);
    }

    #[test]
    fn several_lines() {
        assert_eq!(pairs("A<<E\none\ntwo\nE\nB=1\n"), [pair("A", "one\ntwo"), pair("B", "1")]);
        assert_eq!(pairs("A<<E\nE\n"), [pair("A", "")]);
        assert_eq!(pairs("A<<E\n\nE\n"), [pair("A", "")]);
        assert_eq!(pairs("A<<E\n\n\nE"), [pair("A", "\n")]);
        assert_eq!(pairs("A<<E=\nx\nE=\n"), [pair("A", "x")]);
        assert_eq!(pairs("A<<E\n E\nE\n"), [pair("A", " E")]);
        assert_eq!(pairs("A<<E\r\nx\r\nE\r\n"), [pair("A", "x\r")]);
        assert_eq!(pairs("A<< E\nx\n E\n"), [pair("A", "x")]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, message) in [
            ("A", "line 1, `A`, is neither NAME=value nor NAME<<DELIMITER"),
            ("\n=1", "line 2, `=1`, has no name"),
            ("<<E\nE", "line 1, `<<E`, has no name"),
            ("B=2\nA<<", "line 2, `A<<`, has no delimiter behind `<<`"),
            ("A<<E\none\n", "the value of `A`, from line 1, does not end: no line is `E`"),
            ("A<<E", "the value of `A`, from line 1, does not end: no line is `E`"),
            ("A<<E\nx E", "the value of `A`, from line 1, does not end: no line is `E`"),
        ] {
            assert_eq!(read(text).wrong.unwrap().to_string(), message, "{text:?}");
        }
    }

    #[test]
    fn what_stands_before_the_wrong_line_counts() {
        let found = read("A=1\nB<<E\nx\nE\nnonsense\nC=3\n");
        assert_eq!(found.pairs, [pair("A", "1"), pair("B", "x")]);
        assert!(found.wrong.is_some());
    }

    #[test]
    fn folders_for_the_path() {
        assert_eq!(paths("/a\n\n/b c\r\n/d\r/e").collect::<Vec<_>>(), ["/a", "/b c", "/d", "/e"]);
        assert_eq!(paths("\u{feff}/a").collect::<Vec<_>>(), ["/a"]);
    }

    #[test]
    fn a_long_line_is_shown_in_part() {
        let message = read(&"ä".repeat(5000)).wrong.unwrap().to_string();
        assert!(message.len() < 300, "{message}");
    }

    proptest! {
        #[test]
        fn no_text_is_a_trap(text in "[A=<\nE\r]{0,30}") {
            let found = read(&text);
            prop_assert!(found.pairs.iter().all(|(name, _)| !name.is_empty()));
        }

        #[test]
        fn a_heredoc_is_read_back(name in "[A-Z]{1,5}", value in "[a-z=<\n\r]{0,20}") {
            let text = format!("{name}<<EOF_1\n{value}\nEOF_1\n");
            prop_assert_eq!(pairs(&text), [(name, value)]);
        }
    }
}

//! `COPY … FROM stdin`, and the data behind it.

use std::io::{self, Read};

use super::{MAX_STATEMENT, Statements};
use crate::sql::token::{Token, TokenKind};

/// What was found behind a `COPY … FROM stdin`.
pub(super) struct Copied {
    /// The end of its data.
    pub(super) ended: bool,
    /// Nothing else on its own line.
    pub(super) alone: bool,
}

impl<R: Read> Statements<R> {
    /// Whether `FROM stdin` stands in no query of a `COPY`.
    pub(super) fn copies_from_stdin(&self) -> bool {
        let is =
            |token: &Token, word: &str| self.word(*token).eq_ignore_ascii_case(word.as_bytes());
        let mut open = 0_usize;
        self.tokens.windows(2).any(|pair| {
            match pair[0].kind {
                TokenKind::Sign(b'(') => open += 1,
                TokenKind::Sign(b')') => open = open.saturating_sub(1),
                _ => {}
            }
            open == 0 && is(&pair[0], "from") && is(&pair[1], "stdin")
        })
    }

    /// Passes over the lines behind a `COPY … FROM stdin`.
    pub(super) fn skip_copied(&mut self) -> io::Result<Copied> {
        let (mut first, mut alone) = (true, true);
        loop {
            match self.line_from(0) {
                Some(line) => {
                    let text = self.at_hand()[..line].trim_ascii_end();
                    // The rest of the statement's own line is no data.
                    let ends = !first && text == b"\\.";
                    if std::mem::take(&mut first) {
                        let rest = text.trim_ascii_start();
                        alone = rest.is_empty() || rest.starts_with(b"--");
                    }
                    let at_end = line == self.at_hand().len();
                    self.consumed = line + usize::from(!at_end);
                    self.forget();
                    if ends || (at_end && self.complete) {
                        return Ok(Copied { ended: ends, alone });
                    }
                }
                None if self.filled - self.begin > MAX_STATEMENT => {
                    return Ok(Copied { ended: false, alone });
                }
                None => self.fill()?,
            }
        }
    }
}

//! What people read: standard output for answers, standard error for progress
//! and errors. Colours are left out where they are not wanted.

use std::io::Write as _;
use std::sync::OnceLock;

use anstream::{AutoStream, ColorChoice};
use serde::Serialize;

use crate::error::CliError;

/// A line of the answer. A reader who is gone (`| head`) ends nothing.
pub(crate) fn line(text: impl AsRef<str>) {
    let mut out = anstream::stdout().lock();
    // Nobody reads any more: there is nobody to tell.
    drop(writeln!(out, "{}", text.as_ref()));
}

/// As much may be on its way to whoever reads the answer from a pipe: less to
/// wait for where there is much.
const ON_ITS_WAY: usize = 1 << 20;

/// Widens the pipe that the answer goes to, if it goes to one.
pub(crate) fn widen_pipe() {
    if let Err(error) = rustix::pipe::fcntl_setpipe_size(std::io::stdout(), ON_ITS_WAY) {
        tracing::trace!(%error, "the answer goes elsewhere, or no wider pipe is allowed");
    }
}

/// Whole lines of the answer, as they are.
pub(crate) fn lines(text: &str) {
    // To look for colours takes longer than all the rest where there is much.
    if is_plain(text.as_bytes()) {
        drop(std::io::stdout().lock().write_all(text.as_bytes()));
    } else {
        drop(anstream::stdout().lock().write_all(text.as_bytes()));
    }
}

/// Whether a text has no control characters, of which colours are made. Pieces
/// are looked at as a whole, so that many bytes are looked at in one go.
fn is_plain(text: &[u8]) -> bool {
    let plain = |b: u8| (b >= b' ' && b != 0x7f) || b == b'\n' || b == b'\r' || b == b'\t';
    text.chunks(1024).all(|piece| piece.iter().fold(true, |all, byte| all & plain(*byte)))
}

/// A line beside the answer, written in one piece. Whether it may have colours is
/// found out once.
pub(crate) fn aside(text: impl AsRef<str>) {
    static CHOICE: OnceLock<ColorChoice> = OnceLock::new();
    let choice = CHOICE.get_or_init(|| AutoStream::choice(&std::io::stderr()));
    let mut err = AutoStream::new(std::io::stderr().lock(), *choice);
    drop(err.write_all(format!("{}\n", text.as_ref()).as_bytes()));
}

/// A question: the answer is typed behind it.
pub(crate) fn question(text: impl AsRef<str>) {
    let mut err = anstream::stderr().lock();
    drop(write!(err, "{}", text.as_ref()).and_then(|()| err.flush()));
}

/// As many as there are: `1 file`, `2 files`.
pub(crate) fn counted(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// The answer as JSON.
///
/// # Errors
/// When it cannot be written as JSON.
pub(crate) fn json(answer: &impl Serialize) -> Result<(), CliError> {
    line(serde_json::to_string_pretty(answer)?);
    Ok(())
}

/// How long something took, for people.
pub(crate) fn took(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 1.0 {
        format!("{} ms", duration.as_millis())
    } else if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{} min {} s", duration.as_secs() / 60, duration.as_secs() % 60)
    }
}

/// The time between two moments; nothing if they are in the wrong order.
pub(crate) fn between(from: jiff::Timestamp, to: jiff::Timestamp) -> std::time::Duration {
    std::time::Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn colours_are_not_plain() {
        assert!(is_plain("a │ ✓ done\r\n\tb\n".as_bytes()));
        assert!(!is_plain(b"\x1b[31mred\x1b[0m\n"));
        let late = "x".repeat(3000) + "\x07";
        assert!(!is_plain(late.as_bytes()));
    }

    proptest! {
        #[test]
        fn what_is_plain_has_nothing_to_be_left_out(text in "[\\PC\x1b\n\r\t\x00-\u{a0}m\\[0]{0,40}") {
            if is_plain(text.as_bytes()) {
                prop_assert_eq!(anstream::adapter::strip_str(&text).to_string(), text);
            }
        }
    }
}

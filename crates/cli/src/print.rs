//! What people read: standard output for answers, standard error for progress
//! and errors. Colours are left out where they are not wanted.

use std::io::Write as _;

use serde::Serialize;

use crate::error::CliError;

/// A line of the answer. A reader who is gone (`| head`) ends nothing.
pub(crate) fn line(text: impl AsRef<str>) {
    let mut out = anstream::stdout().lock();
    // Nobody reads any more: there is nobody to tell.
    drop(writeln!(out, "{}", text.as_ref()));
}

/// Whole lines of the answer, as they are.
pub(crate) fn lines(text: &str) {
    let mut out = anstream::stdout().lock();
    drop(out.write_all(text.as_bytes()));
}

/// A line beside the answer.
pub(crate) fn aside(text: impl AsRef<str>) {
    let mut err = anstream::stderr().lock();
    drop(writeln!(err, "{}", text.as_ref()));
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

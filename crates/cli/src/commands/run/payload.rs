//! `--event FILE`: what GitHub would have sent.

use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

use crate::error::CliError;

/// The payload in a file; `-` is standard input.
pub(super) fn read(file: &Path) -> Result<Value, CliError> {
    let name = file.display();
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map(|_| ())
    } else {
        std::fs::read_to_string(file).map(|read| text = read)
    };
    read.map_err(|error| CliError::usage(format!("{name}: {error}")))?;
    let value: Value = serde_json::from_str(&text)
        .map_err(|error| CliError::usage(format!("{name} is not JSON: {error}")))?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(CliError::usage(format!("{name} holds no event: its JSON is not an object")))
    }
}

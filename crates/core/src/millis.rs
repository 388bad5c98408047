//! Durations in the journal: whole milliseconds.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer};

/// As a number of milliseconds.
///
/// # Errors
/// When the duration is longer than a `u64` of milliseconds.
pub(crate) fn serialize<S: Serializer>(
    duration: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let millis = u64::try_from(duration.as_millis()).map_err(serde::ser::Error::custom)?;
    serializer.serialize_u64(millis)
}

/// From a number of milliseconds.
///
/// # Errors
/// When it is not a whole number.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_millis)
}

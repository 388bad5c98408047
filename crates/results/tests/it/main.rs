//! The service, spoken to as its clients do.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

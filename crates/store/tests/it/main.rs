//! The store from outside: one binary, one module a subject.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers fail by panicking too")]

mod backup;
mod conformance;
mod crash;
mod faults;
mod fixtures;
mod model;
mod processes;
mod support;
mod tampering;

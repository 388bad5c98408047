//! Jobs in real worker processes, with real git repositories.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod action_store;
mod actions;
mod artifacts;
mod caches;
mod composite;
mod containers;
mod dockerd;
mod ends;
mod files;
mod javascript;
mod mirror;
mod registry;
mod services;
mod steps;
mod support;
mod volume;

//! The engine on a real store and real git repositories, with a scripted
//! target.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod crashing;
mod delivering;
mod following;
mod git;
mod going_wrong;
mod owning;
mod planning;
mod watching;
mod world;

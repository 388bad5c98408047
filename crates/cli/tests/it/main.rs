//! Shipway from end to end: the real program, host, processes and git.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod bad;
mod checks;
mod cli_journal;
mod cli_lint;
mod cli_people;
mod cli_places;
mod cli_reports;
mod concurrent;
mod crash;
mod deploying_jobs;
mod from_artifact;
mod gates;
mod leftovers;
mod readme;
mod reference;
mod rollback;
mod runs;
mod shop;
mod target;
mod traffic;
mod workflows;

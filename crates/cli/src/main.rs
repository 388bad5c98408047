//! Shipway: takes a commit to production and back.

fn main() {}

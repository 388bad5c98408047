//! The crate against data that others made.

mod corpus;
mod expressions;
mod seeds;
mod workflows;

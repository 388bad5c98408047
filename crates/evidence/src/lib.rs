//! Gathers what checks judge: git, trees, migrations, the throw-away PostgreSQL, what reports are
//! matched with.

pub mod coverage;
pub mod duplication;
pub mod gates;
pub mod git;
pub mod migrations;
pub mod postgres;
pub mod secrets;
pub mod tree;

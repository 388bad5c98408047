//! Gathers what checks judge: git, trees, migrations, the throw-away PostgreSQL.

pub mod git;
pub mod migrations;
pub mod postgres;
pub mod secrets;
pub mod tree;

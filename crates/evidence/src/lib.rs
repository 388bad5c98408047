//! Gathers what checks judge: git, trees, the throw-away PostgreSQL.

pub mod tree;

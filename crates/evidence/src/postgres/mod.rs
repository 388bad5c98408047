//! Proof by execution: migrations applied to a real PostgreSQL, statement by statement, and what
//! each of them did there.

mod observe;
mod prove;
mod rows;
mod server;

pub use observe::{Dropped, Observation, Observer};
pub use prove::{Proof, Proven, prove, shows};
pub use rows::{Rows, RowsError};
pub use server::{Place, Server};

/// Why nothing could be proven.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// There is no PostgreSQL.
    #[error(
        "PostgreSQL's server is not installed (looked for `postgres` in PATH and in \
         /usr/lib/postgresql); on Debian: `apt-get install postgresql`, or give a URL"
    )]
    NotInstalled,
    /// Root may not run it, and there is nobody else.
    #[error("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`")]
    NoUser,
    /// A step of starting it failed.
    #[error("the throw-away PostgreSQL cannot be started: {0}")]
    Start(String),
    /// The database answered with an error where none was expected.
    #[error("PostgreSQL: {}", told(.0))]
    Database(#[from] tokio_postgres::Error),
    /// A migration that was merged cannot be applied, so nothing after it can be judged.
    #[error("{file} was merged before, and cannot be applied: {message}")]
    Earlier {
        /// Which.
        file: String,
        /// What the database said.
        message: String,
    },
    /// A file cannot be read.
    #[error("{file} cannot be read: {error}")]
    Read {
        /// Which.
        file: String,
        /// Why.
        error: std::io::Error,
    },
    /// The representative rows.
    #[error(transparent)]
    Rows(#[from] RowsError),
}

/// What the database said, with its code.
pub(crate) fn told(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("{} [{}]", said.message(), said.code().code()),
        None => error.to_string(),
    }
}

//! Asks the hosting service's API: GitHub's REST API, version 2022-11-28
//! (<https://docs.github.com/en/rest>), on github.com or a server of one's own.
//!
//! What it answers can be believed, because nobody could hand it in: it is asked over TLS (or on
//! this machine), and no redirect and no link leads to another place. The token goes nowhere else,
//! and into no message.

mod address;
mod client;
mod error;
mod link;
mod pull_request;
mod repository;

pub use address::{Api, BadAddress};
pub use client::Client;
pub use error::ApiError;
pub use pull_request::PullRequestAnswer;
pub use repository::RepositoryName;

//! The machine's daemons: a keeper that holds the listening sockets and is the
//! parent of the releases, and a proxy that routes traffic to them.

mod arguments;
pub mod client;
mod executable;
mod files;
mod log_file;
pub mod paths;
pub mod protocol;
pub mod proxy;

/// This build, for people.
pub const BUILD: &str = env!("CARGO_PKG_VERSION");

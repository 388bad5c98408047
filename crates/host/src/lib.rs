//! The machine's daemons: a keeper that holds the listening sockets and is the
//! parent of the releases, and a proxy that routes traffic to them.
//!
//! Whoever embeds them offers two hidden commands, `host keeper` and
//! `host proxy`, that call [`main_keeper`] and [`main_proxy`] with the rest of
//! the arguments.

mod arguments;
mod boot_clock;
pub mod client;
mod control;
mod daemon_log;
mod executable;
mod files;
pub mod install;
mod keeper;
mod log_file;
pub mod paths;
pub mod protocol;
pub mod proxy;

pub use control::main_proxy;
pub use keeper::main_keeper;

/// This build, for people.
pub const BUILD: &str = env!("CARGO_PKG_VERSION");

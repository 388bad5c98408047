//! The machine's daemons: a keeper that holds the listening sockets and is the
//! parent of the releases, and a proxy that routes traffic to them.

pub mod protocol;

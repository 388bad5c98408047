//! The load against servers that are right, that change, and that are wrong
//! in every way it has to find.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod backend_program;
mod broken_requests;
mod broken_server;
mod broken_sockets;
mod broken_streams;
mod right_servers;

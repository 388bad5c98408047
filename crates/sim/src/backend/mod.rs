//! The program that the tests release: a small server that echoes so that
//! [`crate::traffic`] can check it, and misbehaves as its settings say.
//!
//! It answers `/` with a page that shows its version, and the paths of
//! [`crate::wire`]. On SIGTERM it stops accepting, finishes open requests,
//! ends event streams and closes web sockets with 1001, and returns.

mod executable;
mod faults;
mod replies;
mod serve;
mod settings;
mod socket;

pub use executable::{NotBuilt, executable};
pub use serve::{Backend, Ended, run};
pub use settings::{BadSettings, SETTINGS_FILE, Settings};

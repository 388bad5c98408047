//! The daemons as they are run: real processes, real sockets, kills in earnest.

mod bad_releases;
mod crashes;
mod lease;
mod lifecycle;
mod load;
mod service;
mod service_manager;
mod upgrade;
mod world;

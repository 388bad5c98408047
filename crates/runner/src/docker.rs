//! The Docker Engine API, as far as jobs need it: Docker's daemon, or Podman's
//! socket that speaks the same. No `docker` command is used.
//!
//! Everything that is created here carries the label of the effect it belongs
//! to, by which [`clean_up`] finds what a dead worker left behind.

mod build;
mod connect;
mod container;
mod context;
mod credentials;
mod error;
mod exec;
mod image;
mod labels;
mod leftovers;
mod needs;
pub(crate) mod options;
mod ports;
mod reference;
mod volumes;

pub use connect::Docker;
pub use credentials::Credentials;
pub use error::DockerError;
pub use leftovers::clean_up;
pub use needs::{Need, NeedKind, is_there, needs, problems};

pub(crate) use build::Built;
pub(crate) use container::{Attached, Creation, Health, Mounted};
pub(crate) use exec::{Exec, Executing};
pub(crate) use labels::{Labels, Role, files_of};
pub(crate) use ports::Port;
pub(crate) use volumes::Volume;

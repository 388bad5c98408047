//! Children that leave nothing behind.
//!
//! A [`Command`] starts a program in a containment of its own: a control group
//! where one can be created, else everything that carries its mark, shares its
//! session or descends from it. What is [`Contained`] is waited for, signalled
//! and killed as a whole, daemons that left the process group included. Its
//! [`Record`] fits a state file; another process takes over with
//! [`Contained::adopt`].

mod before_exec;
mod cgroup;
mod clone3;
mod command;
mod contained;
mod ended;
mod exec;
mod exit;
mod identity;
mod kill;
mod leftovers;
mod limits;
mod marked;
mod orphan;
mod record;
mod room;
mod signal;
mod spawner;
mod start;
mod stdio;

pub use command::{Command, Lifetime, SpawnError};
pub use contained::{AdoptError, Contained};
pub use exit::Exit;
pub use identity::Identity;
pub use kill::KillError;
pub use leftovers::kill_leftovers;
pub use limits::{Enforced, Limits};
pub use orphan::leave_own_groups;
pub use record::Record;
pub use room::Room;
pub use rustix::process::Signal;
pub use signal::{signal_name, signal_named};
pub use stdio::Stdio;

//! Actions of other repositories: from `owner/name@ref` to a folder.
//!
//! [`Store`] resolves a ref to a revision and puts its files somewhere. It asks,
//! in this order: the lock file, a mirror folder, the cache of this machine,
//! the server. Nothing is asked of the network when the reference is a commit
//! that is in the cache, or when offline.
//!
//! | module | what it holds |
//! |---|---|
//! | [`mod@reference`] | what is asked for, and what it was found to be |
//! | [`store`](Store) | the order of asking |
//! | `mirror`, `cache`, `server` | the three places |
//! | [`lock`] | `.github/actions.lock` |
//! | [`walk`] | every action that a workflow uses, those of composite actions included |
//! | [`pin()`] | what a new lock file says |
//! | [`check`] | what of a job this machine cannot run, before it begins |

mod cache;
pub mod check;
mod error;
pub(crate) mod git;
pub mod lock;
mod manifest;
mod mirror;
pub mod node;
mod pin;
pub mod reference;
mod server;
mod settings;
mod store;
pub mod walk;

pub use error::{ActionError, Attempt};
pub use manifest::{Manifest, ManifestError};
pub use pin::pin;
pub use reference::{ActionRef, Repository, Resolved, Revision};
pub use settings::Settings;
pub use store::Store;

//! The async loop that carries the engine: it takes inputs, appends what is
//! decided, performs the effects, and wakes at deadlines. Beside it the edge
//! that makes plans: git, files, and the clock.

pub mod bundle;
pub mod engine;
mod failpoint;
pub mod folders;
pub mod follow;
pub mod gates;
pub mod git;
pub mod inbox;
pub mod log;
pub mod material;
pub mod memory;
pub mod parallel;
mod perform;
pub mod planner;
mod token;

pub use engine::{Engine, EngineError};
pub use folders::Folders;
pub use perform::{LiveOutput, OnFailure, Performer, Results, ToldToAll, Workspaces};
pub use token::TokenError;

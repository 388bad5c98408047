//! The machines together: an engine in memory, and what must always hold.

mod calls;
mod external;
mod language;
mod power;
mod recovery;
mod scenarios;
mod shop;
mod simulation;
mod story;
mod table;
mod target;
mod world;

//! The proxy over real sockets.

mod bodies;
mod counting;
mod draining;
mod failing;
mod origin;
mod refusing;
mod routing;
mod swapping;
mod world;

//! The proxy over real sockets.

mod answering;
mod bodies;
mod counting;
mod draining;
mod failing;
mod origin;
mod refusing;
mod routing;
mod swapping;
mod world;

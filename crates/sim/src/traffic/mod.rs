//! A load at a fixed rate that checks everything it gets.
//!
//! Requests go out when they are due, not when the answer before has come
//! (open loop), and a latency counts from the moment a request was due: a
//! server that stalls is seen as slow by every request that had to wait.
//!
//! Every request has a number of its own and a body made from it; the answer
//! must bring the same number, the body that belongs to it, its checksum and
//! the version that served it. Everything else is a [`Failure`], of a kind,
//! with its time and version. Nothing that was sent is sent again, unless it
//! certainly never left this process, or the server of HTTP/2 says that it has
//! not begun with it.

mod connection;
mod context;
mod events;
mod exchange;
mod failure;
mod ledger;
mod load;
mod report;
mod requests;
mod schedule;
mod sockets;
mod streams;
mod uploads;

pub use failure::{Failure, FailureKind, Source};
pub use load::{Http2, Load, Requests, Running, Sockets, Uploads};
pub use report::{Ending, Report, Span, Tally};

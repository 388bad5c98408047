//! What jobs report while they run, for a person who looks on.

mod lines;

pub(crate) use lines::Lines;

//! What came of runs, once they are over: for a program, and for a person.

mod answer;

pub(crate) use answer::{Answer, RunAnswer};

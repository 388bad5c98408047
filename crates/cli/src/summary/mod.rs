//! What came of runs, once they are over: for a program, and for a person.

mod answer;
mod closing;
mod html;
mod page;

pub(crate) use answer::{Answer, RunAnswer};
pub(crate) use closing::closing;
pub(crate) use page::{Form, page};

//! SQL, read as a stream: a lexer and a splitter into statements for PostgreSQL, MySQL and
//! SQLite. What statements mean is [`crate::migrations`]' matter.

mod dialect;
mod directive;
mod lexer;
mod routine;
mod source;
mod statements;
mod token;

pub use dialect::Dialect;
pub use directive::{Allow, Directive, Mark, Phase, Tool};
#[cfg(test)]
pub(crate) use lexer::IN_WORD;
pub use lexer::{Lexed, Lexer, Problem};
pub(crate) use routine::end_within;
pub(crate) use source::after;
pub use source::{Place, Source};
pub use statements::{Event, Room, Statements};
pub(crate) use token::letter_bit;
pub use token::{Token, TokenKind, tokens_of};

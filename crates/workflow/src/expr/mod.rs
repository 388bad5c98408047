//! `${{ … }}`: GitHub's expressions.
//!
//! [`Expression`] is one expression; [`Template`] is a string with expressions in it;
//! [`Condition`] is an `if:`. All three are parsed once, with positions, and evaluated against a
//! [`Context`]. Results are those of GitHub's runner (C#); where its TypeScript library
//! differs, the runner is followed: numbers have 15 significant digits, and memory is limited.

mod ast;
mod condition;
mod context;
mod eval;
mod fold;
mod from_json;
mod function;
mod lexer;
mod number;
mod object;
mod operators;
mod parsed;
mod parser;
mod scope;
mod template;
mod to_json;
mod value;
mod written;

pub use ast::{BinaryOp, Expression, Node, NodeKind};
pub use condition::Condition;
pub use context::{Context, DEFAULT_MEMORY, Status, Variables};
pub use eval::EvaluateError;
pub(crate) use from_json::read as from_json;
pub use function::Function;
pub use lexer::SyntaxError;
pub use object::Object;
pub use parsed::Parsed;
pub use parser::{MAX_DEPTH, MAX_LENGTH};
pub use scope::{Scope, StatusFunctions, key as scopes};
pub use template::{Part, Template};
pub use value::Value;

/// Codes of the problems found here.
pub mod code {
    /// The expression cannot be parsed, or names something unknown where it stands.
    pub const SYNTAX: &str = "SW0201";
    /// A `${{` has no `}}`.
    pub const UNCLOSED: &str = "SW0202";
    /// The expression failed when it was evaluated.
    pub const EVALUATION: &str = "SW0203";
}

#[cfg(test)]
mod tests;

//! What functions take and return.

use super::Type;
use crate::expr::Function;

/// What an argument has to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Anything.
    Any,
    /// A value that has a text: no list, no object.
    Text,
    /// A list, or a value that has a text.
    TextOrList,
    /// A boolean.
    Bool,
}

impl Wanted {
    pub(super) fn takes(self, of: &Type) -> bool {
        match (self, of) {
            (_, Type::Any) | (Self::Any, _) => true,
            (Self::Text, of) => !of.is_collection(),
            (Self::TextOrList, of) => !matches!(of, Type::Object(_)),
            (Self::Bool, of) => *of == Type::Bool,
        }
    }

    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Any => "a value",
            Self::Text => "a string",
            Self::TextOrList => "a list or a string",
            Self::Bool => "a boolean",
        }
    }
}

/// What the argument at `index` of `count` has to be.
pub(super) fn argument(function: Function, index: usize, count: usize) -> Wanted {
    match (function, index) {
        (Function::Contains, 0) => Wanted::TextOrList,
        (Function::Contains | Function::ToJson, _) => Wanted::Any,
        (Function::Join, 0) => Wanted::TextOrList,
        (Function::Case, index) if index % 2 == 0 && index + 1 < count => Wanted::Bool,
        (Function::Case, _) => Wanted::Any,
        _ => Wanted::Text,
    }
}

/// What it returns; `case` and `fromJSON` return what they are given.
pub(super) fn result(function: Function) -> Type {
    match function {
        Function::Contains
        | Function::StartsWith
        | Function::EndsWith
        | Function::Success
        | Function::Failure
        | Function::Cancelled
        | Function::Always => Type::Bool,
        Function::Format | Function::Join | Function::ToJson | Function::HashFiles => Type::String,
        Function::FromJson | Function::Case => Type::Any,
    }
}

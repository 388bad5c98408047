//! Types of expressions: what is known of a value before anything runs.

mod contexts;
mod infer;
mod signature;
mod world;

use std::fmt;
use std::rc::Rc;

use indexmap::IndexMap;

use crate::expr::Value;

pub(super) use contexts::Contexts;
pub(super) use infer::{Kind, constant, infer, path};
pub(super) use world::{github, job, runner, strategy};

/// What is known of a value.
#[derive(Clone, Debug, PartialEq, Default)]
pub(super) enum Type {
    /// Nothing.
    #[default]
    Any,
    Null,
    Bool,
    Number,
    String,
    List(Rc<Type>),
    Object(Rc<Shape>),
}

/// What is known of an object. Names of members ignore case.
#[derive(Clone, Debug, PartialEq, Default)]
pub(super) struct Shape {
    /// By their names in lower case; all places of a job share those of its steps.
    members: Rc<IndexMap<String, (String, Type)>>,
    /// How many of them are there.
    visible: usize,
    /// The type of all other members; without one there are none.
    rest: Option<Type>,
}

impl Type {
    pub(super) fn list(of: Self) -> Self {
        Self::List(Rc::new(of))
    }

    /// An object with these members and no others.
    pub(super) fn strict<N: Into<String>>(members: impl IntoIterator<Item = (N, Self)>) -> Self {
        Self::Object(Rc::new(Shape::new(members, None)))
    }

    /// An object with these members, and others of this type.
    pub(super) fn open<N: Into<String>>(
        members: impl IntoIterator<Item = (N, Self)>,
        rest: Self,
    ) -> Self {
        Self::Object(Rc::new(Shape::new(members, Some(rest))))
    }

    /// An object with any members of this type.
    pub(super) fn map(of: Self) -> Self {
        Self::open::<String>([], of)
    }

    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Bool,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::String,
            Value::Array(items) => {
                Self::list(items.iter().map(Self::of).reduce(Self::either).unwrap_or(Self::Any))
            }
            Value::Object(object) => {
                Self::strict(object.iter().map(|(name, value)| (name, Self::of(value))))
            }
        }
    }

    /// What is known of a value that is of one of two types.
    pub(super) fn either(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::List(a), Self::List(b)) => {
                Self::list(Self::either(a.as_ref().clone(), b.as_ref().clone()))
            }
            (Self::Object(a), Self::Object(b)) => Self::Object(Rc::new(a.either(&b))),
            _ => Self::Any,
        }
    }

    /// The same object with its first members alone.
    pub(super) fn first(&self, visible: usize) -> Self {
        match self {
            Self::Object(shape) => {
                Self::Object(Rc::new(Shape { visible, ..shape.as_ref().clone() }))
            }
            other => other.clone(),
        }
    }

    pub(super) fn is_collection(&self) -> bool {
        matches!(self, Self::List(_) | Self::Object(_))
    }

    pub(super) fn shape(&self) -> Option<&Shape> {
        match self {
            Self::Object(shape) => Some(shape),
            _ => None,
        }
    }
}

impl Shape {
    fn new<N: Into<String>>(
        members: impl IntoIterator<Item = (N, Type)>,
        rest: Option<Type>,
    ) -> Self {
        let members = members.into_iter().map(|(name, of)| {
            let name = name.into();
            (name.to_lowercase(), (name, of))
        });
        Self::with(members.collect(), rest)
    }

    fn with(members: IndexMap<String, (String, Type)>, rest: Option<Type>) -> Self {
        Self { visible: members.len(), members: Rc::new(members), rest }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Type> {
        let known = self.place(name).filter(|place| *place < self.visible);
        let known = known.and_then(|place| self.members.get_index(place)).map(|(_, (_, of))| of);
        known.or(self.rest.as_ref())
    }

    /// Which of the members has this name.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.members.get_index_of(&name.to_lowercase())
    }

    /// The type of the members that are not named, if there may be any.
    pub(super) fn rest(&self) -> Option<&Type> {
        self.rest.as_ref()
    }

    pub(super) fn members(&self) -> impl Iterator<Item = (&str, &Type)> {
        self.members.values().take(self.visible).map(|(name, of)| (name.as_str(), of))
    }

    /// What is known of any member.
    fn any_member(&self) -> Type {
        let all = self.members().map(|(_, of)| of.clone()).chain(self.rest.clone());
        all.reduce(Type::either).unwrap_or_default()
    }

    /// Members of both; nobody is told that one of them is missing in the other.
    fn either(&self, other: &Self) -> Self {
        let mut members = IndexMap::new();
        for (name, of) in self.members().chain(other.members()) {
            let key = name.to_lowercase();
            let merged = match members.get(&key) {
                Some((_, known)) => Type::either(Type::clone(known), of.clone()),
                None => of.clone(),
            };
            members.insert(key, (name.to_owned(), merged));
        }
        let rest = match (self.rest.clone(), other.rest.clone()) {
            (Some(a), Some(b)) => Some(a.either(b)),
            (a, b) => a.or(b),
        };
        Self::with(members, rest)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "a value",
            Self::Null => "nothing",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        })
    }
}

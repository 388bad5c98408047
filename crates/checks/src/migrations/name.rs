//! The names that statements have for things.

use std::borrow::Cow;
use std::fmt;

/// A name, a type, a few words: borrowed where the statement has them as they are compared.
pub type Text<'a> = Cow<'a, str>;

/// The name of a table, a view, …: as the database compares it (unquoted names in lower case).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name<'a> {
    /// The schema, where it is said.
    pub schema: Option<Text<'a>>,
    /// The name in it.
    pub name: Text<'a>,
}

impl<'a> Name<'a> {
    /// A name without a schema.
    #[must_use]
    pub fn plain(name: impl Into<Text<'a>>) -> Self {
        Self { schema: None, name: name.into() }
    }

    /// The same, for longer than the statement is at hand.
    #[must_use]
    pub fn into_owned(self) -> Name<'static> {
        let owned = |text: Text<'_>| Text::Owned(text.into_owned());
        Name { schema: self.schema.map(owned), name: owned(self.name) }
    }

    /// As it is written: without a schema, nothing is copied.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match &self.schema {
            Some(schema) => Cow::Owned(format!("{schema}.{}", self.name)),
            None => Cow::Borrowed(&*self.name),
        }
    }

    /// Whether both may be the same thing: `public.a` and `a` are.
    #[must_use]
    pub fn may_be(&self, other: &Name<'_>) -> bool {
        fn schema<'n>(name: &'n Name<'_>) -> &'n str {
            name.schema.as_deref().unwrap_or("public")
        }
        self.name == other.name && schema(self) == schema(other)
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

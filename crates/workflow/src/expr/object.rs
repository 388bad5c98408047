//! Objects of expressions: ordered, with keys that ignore case.

use std::collections::HashMap;

use super::fold::folded;
use super::value::Value;

/// Keys and values in the order they were put in. A key is found whatever its case, except in
/// an object made by [`Object::case_sensitive`].
#[derive(Clone, Debug, Default)]
pub struct Object {
    entries: Vec<(String, Value)>,
    places: HashMap<String, usize>,
    case_sensitive: bool,
}

impl Object {
    /// An empty object.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty object whose keys must be spelled exactly: the `env` context on a system whose
    /// variables are case-sensitive.
    #[must_use]
    pub fn case_sensitive() -> Self {
        Self { case_sensitive: true, ..Self::default() }
    }

    /// Puts a value in; one under the same key is replaced where it stands.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        let key = key.into();
        match self.places.get(self.name(&key).as_ref()) {
            Some(&place) => self.entries[place].1 = value.into(),
            None => {
                self.places.insert(self.name(&key).into_owned(), self.entries.len());
                self.entries.push((key, value.into()));
            }
        }
    }

    /// The value under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        let place = *self.places.get(self.name(key).as_ref())?;
        self.entries.get(place).map(|(_, value)| value)
    }

    /// Whether there is such a key.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Keys and values in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The values in order.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.entries.iter().map(|(_, value)| value)
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn name<'k>(&self, key: &'k str) -> std::borrow::Cow<'k, str> {
        if self.case_sensitive { key.into() } else { folded(key).into() }
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut object = Self::new();
        object.extend(entries);
        object
    }
}

impl<K: Into<String>, V: Into<Value>> Extend<(K, V)> for Object {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

//! Objects of expressions: ordered, with keys that ignore case.

use std::collections::HashMap;

use super::fold::{equal, folded};
use super::value::Value;

/// An object with more entries than that has an index.
const SEARCHED: usize = 8;

/// Keys and values in the order they were put in. A key is found whatever its case, except in
/// an object made by [`Object::case_sensitive`].
#[derive(Clone, Debug, Default)]
pub struct Object {
    entries: Vec<(String, Value)>,
    /// Where each key stands, of more than a few.
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
        match self.place(&key) {
            Some(place) => self.entries[place].1 = value.into(),
            None => {
                self.entries.push((key, value.into()));
                self.index();
            }
        }
    }

    /// The value under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.get(self.place(key)?).map(|(_, value)| value)
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

    fn place(&self, key: &str) -> Option<usize> {
        if self.entries.len() > SEARCHED {
            return self.places.get(self.name(key).as_ref()).copied();
        }
        let is_same = |known: &str| match self.case_sensitive {
            true => known == key,
            false => equal(known, key),
        };
        self.entries.iter().position(|(known, _)| is_same(known))
    }

    /// Notes where the last entry stands; all of them, once they are many.
    fn index(&mut self) {
        let count = self.entries.len();
        let from = if count == SEARCHED + 1 { 0 } else { count - 1 };
        if count > SEARCHED {
            for place in from..count {
                let name = self.name(&self.entries[place].0).into_owned();
                self.places.insert(name, place);
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_keys_are_found_alike() {
        for count in [1, SEARCHED, SEARCHED + 1, 100] {
            let keys = || (0..count).map(|number| format!("Ké{number}"));
            let mut object: Object = keys().map(|key| (key, Value::Null)).collect();
            for key in keys() {
                object.insert(key.to_uppercase(), Value::Bool(true));
            }
            assert_eq!(object.len(), count);
            assert!(keys().all(|key| object.get(&key.to_lowercase()) == Some(&Value::Bool(true))));
            assert_eq!(object.get("other"), None);

            let mut exact = Object::case_sensitive();
            for key in keys() {
                exact.insert(key.to_uppercase(), Value::Bool(true));
                exact.insert(key, Value::Null);
            }
            assert_eq!(exact.len(), 2 * count);
            assert_eq!(exact.get("ké0"), None);
            assert!(keys().all(|key| exact.get(&key) == Some(&Value::Null)));
        }
    }
}

//! The keys of a mapping, asked for one by one. What nobody asked for is
//! unknown.

use shipway_workflow::diagnostic::nearest;
use shipway_workflow::yaml::Mapping;

use super::code;
use super::item::{Item, did_you_mean};

/// A mapping whose keys are known.
pub(super) struct Fields<'a> {
    item: Item<'a>,
    mapping: &'a Mapping,
    known: Vec<&'static str>,
    later: Vec<&'static str>,
    /// Keys that have to be there and are not, with what is said about it.
    missing: Vec<(&'static str, String)>,
}

impl<'a> Fields<'a> {
    /// The mapping that `item` has to be.
    pub(super) fn of(item: Item<'a>) -> Option<Self> {
        let mapping = item.mapping()?;
        Some(Self { item, mapping, known: Vec::new(), later: Vec::new(), missing: Vec::new() })
    }

    fn item(&mut self, key: &'static str) -> Option<Item<'a>> {
        self.known.push(key);
        let entry = self.mapping.entry(key)?;
        Some(Item { node: &entry.value, key: entry.key.span, ..self.item })
    }

    /// The value of `key`; nothing if it is not there, or wrong.
    pub(super) fn get<T>(
        &mut self,
        key: &'static str,
        decode: impl FnOnce(Item<'a>) -> Option<T>,
    ) -> Option<T> {
        self.item(key).and_then(decode)
    }

    /// The value of `key`, or else the default.
    pub(super) fn or<T>(
        &mut self,
        key: &'static str,
        default: impl FnOnce() -> T,
        decode: impl FnOnce(Item<'a>) -> Option<T>,
    ) -> T {
        self.get(key, decode).unwrap_or_else(default)
    }

    /// The value of `key`, nothing if it is `off`, or else the default.
    pub(super) fn or_off<T>(
        &mut self,
        key: &'static str,
        default: impl FnOnce() -> Option<T>,
        decode: impl FnOnce(Item<'a>) -> Option<T>,
    ) -> Option<T> {
        match self.item(key) {
            Some(item) if item.is_off() => None,
            Some(item) => decode(item),
            None => default(),
        }
    }

    /// The value of `key`, which has to be there. `what` names the mapping.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        what: &str,
        decode: impl FnOnce(Item<'a>) -> Option<T>,
    ) -> Option<T> {
        match self.item(key) {
            Some(item) => decode(item),
            None => {
                self.missing.push((key, format!("{what} needs `{key}`")));
                None
            }
        }
    }

    /// Reports that something has to be there.
    pub(super) fn missing(&self, message: String) {
        let Item { reader, key, .. } = self.item;
        reader.report(reader.error(code::MISSING_KEY, key, message));
    }

    /// Reports two keys of which at most one may be there.
    pub(super) fn exclude(&self, first: &'static str, second: &'static str) {
        if let (Some(first_entry), Some(second_entry)) =
            (self.mapping.entry(first), self.mapping.entry(second))
        {
            let reader = self.item.reader;
            let message = format!("`{first}` and `{second}` exclude each other");
            let problem = reader.error(code::CONFLICT, second_entry.key.span, message);
            reader.report(problem.with_label(first_entry.key.span, "the other one"));
        }
    }

    /// Reports a name that stands in both of these mappings, or in one of them and in what lies below
    /// the other.
    pub(super) fn same_name(&self, mappings: [&'static str; 2], name: &str, message: String) {
        let within = |key| Some(self.mapping.get(key)?.as_mapping()?.entry(name)?.key.span);
        let mut places = mappings.into_iter().filter_map(within);
        let (first, second) = (places.next(), places.next());
        let reader = self.item.reader;
        let Some(at) = second.or(first) else { return };
        let mut problem = reader.error(code::CONFLICT, at, message);
        if let (Some(first), Some(_)) = (first, second) {
            problem = problem.with_label(first, "the other one");
        }
        reader.report(problem);
    }

    /// A key that a later version will understand.
    pub(super) fn later(&mut self, key: &'static str) {
        self.later.push(key);
        if let Some(entry) = self.mapping.entry(key) {
            let reader = self.item.reader;
            let message = format!("`{key}` is not available yet");
            reader.report(reader.error(code::NOT_YET, entry.key.span, message));
        }
    }

    /// Reports the keys that nobody asked for, and those that are missing; a
    /// key that is only misspelled is not missing as well.
    pub(super) fn finish(self) {
        let reader = self.item.reader;
        let mut misspelled = Vec::new();
        for entry in self.mapping {
            let key = entry.key.value.as_str();
            if !self.known.contains(&key) && !self.later.contains(&key) {
                let message = format!("unknown key `{key}`");
                let problem = reader.error(code::UNKNOWN_KEY, entry.key.span, message);
                reader.report(problem.with_help(did_you_mean(key, &self.known)));
                misspelled.extend(nearest(key, self.known.iter().copied()));
            }
        }
        for (key, message) in &self.missing {
            if !misspelled.contains(key) {
                self.missing(message.clone());
            }
        }
    }
}

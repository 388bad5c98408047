//! Keeping secrets out of everything that a worker says.

mod encodings;
mod search;
mod stream;

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use search::Search;

pub use stream::MaskedStream;

/// What a masked value is replaced by.
const MASK: &[u8] = b"***";

/// The values that nobody may see, shared by everything that writes. A value
/// added while a step runs is masked from then on.
#[derive(Clone, Default)]
pub struct Masker(Arc<RwLock<Masks>>);

#[derive(Default)]
struct Masks {
    patterns: BTreeSet<Vec<u8>>,
    search: Option<Arc<Search>>,
    longest: usize,
}

impl Masker {
    /// Masks `value`, each of its lines, and their usual encodings. An empty
    /// value is not masked.
    pub fn add(&self, value: &str) {
        self.add_all([value]);
    }

    /// As [`Masker::add`] for several values.
    pub fn add_all<'v>(&self, values: impl IntoIterator<Item = &'v str>) {
        let mut masks = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let before = masks.patterns.len();
        for value in values {
            masks.patterns.extend(encodings::patterns(value));
        }
        if masks.patterns.len() == before {
            return;
        }
        masks.longest = masks.patterns.iter().map(|pattern| pattern.len()).max().unwrap_or(0);
        masks.search = Some(Arc::new(Search::new(&masks.patterns)));
    }

    /// `text` with everything masked.
    pub fn mask(&self, text: &str) -> String {
        if !self.hides(text) {
            return text.to_owned();
        }
        let mut out = Vec::with_capacity(text.len());
        let mut stream = MaskedStream::default();
        stream.push(self, text.as_bytes(), &mut out);
        stream.finish(self, &mut out);
        // A mask is put in place of whole characters only: patterns are text.
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Whether something in `text` would be masked.
    pub(crate) fn hides(&self, text: &str) -> bool {
        self.search().0.is_some_and(|search| search.is_match(text.as_bytes()))
    }

    fn search(&self) -> (Option<Arc<Search>>, usize) {
        let masks = self.0.read().unwrap_or_else(PoisonError::into_inner);
        (masks.search.clone(), masks.longest)
    }
}

//! The search for what is to be masked.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind, packed};

/// Looks for patterns.
pub(super) struct Search {
    patterns: Vec<Vec<u8>>,
    /// Tells only whether there is one, many bytes at a time; not every machine
    /// can, and not with any number of patterns.
    quick: Option<packed::Searcher>,
    /// Finds them all. Made when something is found: it takes longer to make
    /// than a short job has, and few jobs write a secret.
    thorough: OnceLock<Option<AhoCorasick>>,
}

impl Search {
    /// A search for `patterns`, of which none is empty.
    pub(super) fn new<'p>(patterns: impl IntoIterator<Item = &'p Vec<u8>>) -> Self {
        let patterns: Vec<Vec<u8>> = patterns.into_iter().cloned().collect();
        let quick = packed::Searcher::new(&patterns);
        Self { patterns, quick, thorough: OnceLock::new() }
    }

    /// Whether one of them is in `text`.
    pub(super) fn is_match(&self, text: &[u8]) -> bool {
        match &self.quick {
            Some(quick) => quick.find(text).is_some(),
            None => self.thorough().is_some_and(|search| search.is_match(text)),
        }
    }

    /// Where they are in `text`, also those that overlap.
    pub(super) fn find_all(&self, text: &[u8], found: &mut Vec<(usize, usize)>) {
        if !self.is_match(text) {
            return;
        }
        let all = self.thorough().into_iter().flat_map(|search| search.find_overlapping_iter(text));
        found.extend(all.map(|found| (found.start(), found.end())));
    }

    fn thorough(&self) -> Option<&AhoCorasick> {
        let make = || {
            // Standard semantics report overlapping matches, which is what
            // decides between a mask and a remainder of another secret.
            let builder = AhoCorasick::builder().match_kind(MatchKind::Standard).clone();
            match builder.build(&self.patterns) {
                Ok(search) => Some(search),
                // Only for more than 2³¹ bytes of patterns, which no message holds.
                Err(error) => {
                    tracing::error!(%error, "too many values to mask");
                    None
                }
            }
        };
        self.thorough.get_or_init(make).as_ref()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The quick search and the thorough one agree, however many patterns
        /// there are.
        #[test]
        fn both_ways_agree(
            patterns in prop::collection::vec("[ab]{1,5}", 1..100),
            text in "[abc]{0,80}",
        ) {
            let patterns: Vec<Vec<u8>> = patterns.into_iter().map(String::into_bytes).collect();
            let search = Search::new(&patterns);
            let text = text.as_bytes();
            let expected = patterns.iter().any(|p| text.windows(p.len()).any(|w| w == p.as_slice()));
            prop_assert_eq!(search.is_match(text), expected);
            prop_assert_eq!(search.thorough().unwrap().is_match(text), expected);
        }
    }
}

//! Which version gets a request when nothing else says so.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Percent per version, walked in a fixed order that spreads every version
/// evenly and is exact over any 100 requests in a row.
#[derive(Debug)]
pub(crate) struct Weights<T> {
    /// Ascending upper ends within 0..100, the last one 100; or empty.
    ends: Vec<(u8, T)>,
    turn: AtomicU32,
}

/// Near 100 divided by the golden ratio and coprime to 100: multiples of it
/// modulo 100 visit each slot once and leave no neighbouring slots bunched.
const STRIDE: u32 = 61;

impl<T> Weights<T> {
    /// `None` unless the weights sum to 100, or there are none.
    pub(crate) fn new(weights: impl IntoIterator<Item = (u8, T)>) -> Option<Self> {
        let mut sum = 0u8;
        let mut ends = Vec::new();
        for (weight, version) in weights {
            sum = sum.checked_add(weight).filter(|&sum| sum <= 100)?;
            if weight > 0 {
                ends.push((sum, version));
            }
        }
        (ends.is_empty() || sum == 100).then(|| Self { ends, turn: AtomicU32::new(0) })
    }

    /// The next request's version; `None` when nothing serves.
    pub(crate) fn next(&self) -> Option<&T> {
        if let [(_, only)] = &self.ends[..] {
            return Some(only);
        }
        // At the wrap, once in 2^32 requests, one round of 100 is cut short.
        let turn = self.turn.fetch_add(1, Relaxed);
        let slot = (u64::from(turn) * u64::from(STRIDE) % 100) as u8;
        self.ends.iter().find(|(end, _)| slot < *end).map(|(_, version)| version)
    }

    /// Those with a weight above zero.
    pub(crate) fn serving(&self) -> impl Iterator<Item = &T> {
        self.ends.iter().map(|(_, version)| version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_serves_without_weights() {
        assert_eq!(Weights::<u8>::new([]).unwrap().next(), None);
    }

    #[test]
    fn weights_that_do_not_sum_to_100_are_refused() {
        assert!(Weights::new([(50, 'a'), (49, 'b')]).is_none());
        assert!(Weights::new([(50, 'a'), (51, 'b')]).is_none());
        assert!(Weights::new([(200, 'a'), (100, 'b')]).is_none());
    }

    proptest! {
        #[test]
        fn exact_over_any_hundred(first in 0u8..=100, skip in 0usize..300) {
            let weights = Weights::new([(first, 'a'), (100 - first, 'b')]).unwrap();
            for _ in 0..skip {
                weights.next();
            }
            let got = (0..100).filter(|_| weights.next() == Some(&'a')).count();
            prop_assert_eq!(got, usize::from(first));
        }
    }

    #[test]
    fn a_small_share_is_spread_out() {
        let weights = Weights::new([(10, 'a'), (90, 'b')]).unwrap();
        let hits: Vec<usize> = (0..300).filter(|_| weights.next() == Some(&'a')).collect();
        let widest = hits.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        assert!(widest <= 20, "a tenth of the traffic waited {widest} requests for its turn");
    }
}

//! Masking what comes in pieces.

use bytes::Bytes;

use super::{MASK, Masker};

/// One stream of output. A value that arrives in several pieces is masked like
/// one that arrives whole: what may be the beginning of one is held back until
/// the next piece, the next line break or the end.
#[derive(Default)]
pub struct MaskedStream {
    /// Not yet written.
    held: Vec<u8>,
    /// How many of the held bytes belong to a match whose mask was written.
    masked: usize,
    /// Whether the last thing written was a mask, so that a match that touches
    /// it needs none of its own.
    after_mask: bool,
}

impl MaskedStream {
    /// Takes a piece and writes to `out` what is safe to be seen.
    pub fn push(&mut self, masker: &Masker, piece: &[u8], out: &mut Vec<u8>) {
        self.held.extend_from_slice(piece);
        // No pattern contains a line break, so none crosses one.
        let lines = memchr::memrchr2(b'\n', b'\r', &self.held).map_or(0, |at| at + 1);
        self.write(masker, lines, out);
        let (_, longest) = masker.search();
        let begun = longest.saturating_sub(1);
        if self.held.len() > begun {
            self.write(masker, self.held.len() - begun, out);
        }
    }

    /// As [`MaskedStream::push`], without copying what has nothing to mask.
    pub fn take(&mut self, masker: &Masker, mut piece: Bytes, out: &mut Vec<Bytes>) {
        if self.held.is_empty() && self.masked == 0 {
            let lines = match masker.search() {
                (None, _) => piece.len(),
                (Some(search), _) => {
                    let lines = memchr::memrchr2(b'\n', b'\r', &piece).map_or(0, |at| at + 1);
                    if search.is_match(&piece[..lines]) { 0 } else { lines }
                }
            };
            if lines > 0 {
                self.after_mask = false;
                out.push(piece.split_to(lines));
            }
        }
        if !piece.is_empty() {
            let mut ready = Vec::with_capacity(piece.len());
            self.push(masker, &piece, &mut ready);
            out.extend((!ready.is_empty()).then(|| ready.into()));
        }
    }

    /// As [`MaskedStream::finish`].
    pub fn finish_into(&mut self, masker: &Masker, out: &mut Vec<Bytes>) {
        let mut ready = Vec::new();
        self.finish(masker, &mut ready);
        out.extend((!ready.is_empty()).then(|| ready.into()));
    }

    /// Writes what was held back: nothing more comes.
    pub fn finish(&mut self, masker: &Masker, out: &mut Vec<u8>) {
        self.write(masker, self.held.len(), out);
    }

    /// Writes the first `upto` bytes, looking at all that are held.
    fn write(&mut self, masker: &Masker, upto: usize, out: &mut Vec<u8>) {
        if upto == 0 {
            return;
        }
        let mut at = 0;
        for (from, to) in self.hidden(masker) {
            if from >= upto {
                break;
            }
            out.extend_from_slice(&self.held[at..from]);
            if from > 0 || !self.after_mask {
                out.extend_from_slice(MASK);
            }
            at = to;
        }
        out.extend_from_slice(self.held.get(at..upto).unwrap_or_default());
        self.masked = at.saturating_sub(upto);
        self.after_mask = at >= upto;
        self.held.drain(..upto);
    }

    /// The ranges to be masked, in order; those that overlap or touch are one.
    fn hidden(&self, masker: &Masker) -> Vec<(usize, usize)> {
        let mut ranges = Vec::new();
        if self.masked > 0 {
            ranges.push((0, self.masked));
        }
        if let (Some(search), _) = masker.search() {
            search.find_all(&self.held, &mut ranges);
        }
        ranges.sort_unstable();
        let mut merged: Vec<(usize, usize)> = Vec::new();
        for (from, to) in ranges {
            match merged.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        merged
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masker(values: &[&str]) -> Masker {
        let masker = Masker::default();
        masker.add_all(values.iter().copied());
        masker
    }

    fn in_pieces<'p>(masker: &Masker, pieces: impl IntoIterator<Item = &'p [u8]>) -> Vec<u8> {
        let (mut stream, mut out) = (MaskedStream::default(), Vec::new());
        for piece in pieces {
            stream.push(masker, piece, &mut out);
        }
        stream.finish(masker, &mut out);
        out
    }

    #[test]
    fn overlapping_values_leave_no_remainder() {
        assert_eq!(masker(&["abcd", "cdef"]).mask("xabcdefx"), "x***x");
        assert_eq!(masker(&["ab", "abcd"]).mask("abcd ab"), "*** ***");
        assert_eq!(masker(&["aa"]).mask("aaaaa b"), "*** b");
    }

    #[test]
    fn a_line_is_not_held_back() {
        let (masker, mut stream, mut out) = (masker(&["secret"]), MaskedStream::default(), vec![]);
        stream.push(&masker, b"one sec\ntwo sec", &mut out);
        assert!(out.starts_with(b"one sec\n"), "{out:?}");
        stream.push(&masker, b"ret three\r", &mut out);
        assert_eq!(out, b"one sec\ntwo *** three\r");
    }

    #[test]
    fn endless_matches_take_no_memory() {
        let (masker, mut stream, mut out) = (masker(&["a"]), MaskedStream::default(), vec![]);
        for _ in 0..1000 {
            stream.push(&masker, &[b'a'; 1000], &mut out);
            assert!(stream.held.len() < 100);
        }
        stream.finish(&masker, &mut out);
        assert_eq!(out, b"***");
    }

    #[test]
    fn a_value_added_meanwhile_is_masked_in_what_is_held() {
        let (masker, mut stream, mut out) =
            (masker(&["long-long-long"]), MaskedStream::default(), vec![]);
        stream.push(&masker, b"token", &mut out);
        masker.add("token");
        stream.finish(&masker, &mut out);
        assert_eq!(out, b"***");
    }

    proptest! {
        /// Few letters, so that values overlap, repeat and contain each other.
        #[test]
        fn no_value_survives_any_chunking(
            values in prop::collection::vec("[ab:/ ]{1,6}", 1..4),
            parts in prop::collection::vec(("[ab:/ \r\n]{0,9}", any::<prop::sample::Index>(), 0..9_u8), 0..9),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let masker = masker(&values.iter().map(String::as_str).collect::<Vec<_>>());
            let mut text = String::new();
            for (noise, which, form) in &parts {
                text.push_str(noise);
                let forms = super::super::encodings::patterns(&values[which.index(values.len())]);
                let form = &forms[usize::from(*form) % forms.len()];
                text.push_str(std::str::from_utf8(form).unwrap());
            }
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
            at.extend([0, text.len()]);
            at.sort_unstable();
            let pieces = at.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]);
            let out = in_pieces(&masker, pieces.clone());
            let out = String::from_utf8(out).unwrap();
            let (mut stream, mut taken) = (MaskedStream::default(), Vec::new());
            for piece in pieces {
                stream.take(&masker, Bytes::copy_from_slice(piece), &mut taken);
            }
            stream.finish_into(&masker, &mut taken);
            prop_assert_eq!(taken.concat(), out.as_bytes());
            for value in &values {
                prop_assert!(!out.contains(value.as_str()), "{value:?} in {out:?}");
            }
            prop_assert_eq!(out, masker.mask(&text));
        }
    }
}

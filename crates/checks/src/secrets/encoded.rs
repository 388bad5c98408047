//! Text that stands in base64 as a whole (RFC 4648, 4): values of a Kubernetes `Secret`, `auth` of
//! Docker and npm, credentials in a header.
//!
//! Looked at are words of at least [`LEAST`] signs, found by leaps of that length; one that stands in
//! lines of equal length, as `base64` writes it, is one word. Text in base64 leaves three bits of
//! every four signs zero, by which names in programs are told from it after a few of them.

use std::ops::Range;

/// A shorter word holds no token that is long enough for its form to tell.
const LEAST: usize = 24;
/// A longer one is looked at up to here.
const MOST: usize = 1 << 20;
/// The shortest line that goes on in the next one.
const LINE: usize = 40;
/// How many bytes at a text's beginning are of ASCII: a sentence begins so in most languages, and
/// so do the names of settings.
const BEGINNING: usize = 12;
/// No sign of the alphabet.
const NONE: u8 = 64;

const SIGNS: [u8; 256] = signs();

const fn signs() -> [u8; 256] {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut signs = [NONE; 256];
    let mut at: u8 = 0;
    while at < NONE {
        signs[alphabet[at as usize] as usize] = at;
        at += 1;
    }
    signs
}

const fn is_sign(byte: u8) -> bool {
    SIGNS[byte as usize] != NONE
}

/// A text that stands encoded in another.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Encoded {
    /// Where.
    pub(super) place: Range<usize>,
    /// What it is.
    pub(super) text: Vec<u8>,
}

/// All of them, in order.
pub(super) fn texts(text: &[u8]) -> impl Iterator<Item = Encoded> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = next_word(text, at)?;
            // `\n` before it in a string is no part of it.
            let escaped = start.checked_sub(1).is_some_and(|before| text[before] == b'\\');
            let start = start + usize::from(escaped);
            at = start + run(&text[start..]);
            if !begins_as_text(&text[start..at]) {
                continue;
            }
            let (end, encoded) = whole(text, start);
            at = end;
            if let Some(decoded) = decoded(&encoded) {
                return Some(Encoded { place: start..end, text: decoded });
            }
        }
    })
}

/// Where the next word begins that is long enough.
fn next_word(text: &[u8], from: usize) -> Option<usize> {
    let mut start = from;
    while let Some(window) = text.get(start..start + LEAST) {
        match window.iter().rposition(|byte| !is_sign(*byte)) {
            Some(other) => start += other + 1,
            None => return Some(start),
        }
    }
    None
}

fn run(text: &[u8]) -> usize {
    text.iter().take_while(|byte| is_sign(**byte)).count()
}

/// Whether its first bytes are printable.
fn begins_as_text(word: &[u8]) -> bool {
    let (groups, _) = word.as_chunks::<4>();
    groups.iter().take(BEGINNING / 3).all(|group| bytes_of(*group).into_iter().all(is_printable))
}

const fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n')
}

const fn bytes_of(group: [u8; 4]) -> [u8; 3] {
    let [a, b, c, d] = group;
    let (a, b) = (SIGNS[a as usize], SIGNS[b as usize]);
    let (c, d) = (SIGNS[c as usize], SIGNS[d as usize]);
    [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]
}

/// The word with the lines that it goes on in: where it ends, and its signs.
fn whole(text: &[u8], start: usize) -> (usize, Vec<u8>) {
    let first = run(&text[start..]);
    let mut end = start + first;
    let mut signs = text[start..end].to_vec();
    if first >= LINE && first.is_multiple_of(4) {
        while signs.len() < MOST {
            let rest = &text[end..];
            let Some(rest) = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")) else {
                break;
            };
            let indent = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            let line = run(&rest[indent..]);
            if line == 0 || line > first {
                break;
            }
            let begin = text.len() - rest.len() + indent;
            end = begin + line;
            signs.extend_from_slice(&text[begin..end]);
            if line < first {
                break;
            }
        }
    }
    let padding = text[end..].iter().take(2).take_while(|byte| **byte == b'=').count();
    signs.truncate(MOST);
    (end + padding, signs)
}

/// What the signs say, if that is text.
fn decoded(signs: &[u8]) -> Option<Vec<u8>> {
    let (groups, rest) = signs.as_chunks::<4>();
    let mut bytes: Vec<u8> = groups.iter().flat_map(|group| bytes_of(*group)).collect();
    match *rest {
        [] => {}
        [a, b] => bytes.extend(&bytes_of([a, b, b'A', b'A'])[..1]),
        [a, b, c] => bytes.extend(&bytes_of([a, b, c, b'A'])[..2]),
        _ => return None,
    }
    let is_text = |byte: &u8| is_printable(*byte) || !byte.is_ascii();
    bytes.iter().all(is_text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&str, String)> {
        let of = |found: Encoded| {
            (&text[found.place], String::from_utf8_lossy(&found.text).into_owned())
        };
        texts(text.as_bytes()).map(of).collect()
    }

    #[test]
    fn words_are_found_wherever_they_stand() {
        let word = "c2hvcDphIHBhc3N3b3JkIG9mIDIwMjY=";
        let said = "shop:a password of 2026";
        for text in [
            word.to_owned(),
            format!("  key: {word}\n"),
            format!("{{\"auth\": \"{word}\"}}"),
            format!("short words, and then\\n{word}\\n"),
            format!("Basic {word}"),
            format!("_auth={word}"),
        ] {
            assert_eq!(found(&text), [(word, said.to_owned())], "{text}");
        }
        assert_eq!(found(&word[..31]), [(&word[..31], said.to_owned())], "without its padding");
        assert_eq!(found(&format!("{word} {word}")).len(), 2);
    }

    #[test]
    fn a_word_goes_on_in_the_next_line() {
        let text = "  a: |\n    Zmlyc3QgbGluZSBvZiBhIGxvbmcgdGV4dCB0aGF0IGdv\n    ZXMgb24gdG8gdGhlIHNlY29uZA==\n  b: 1\n";
        let [(place, said)] = &found(text)[..] else { panic!("{:?}", found(text)) };
        assert!(place.starts_with("Zmlyc3Q") && place.ends_with("ZA=="), "{place}");
        assert_eq!(said, "first line of a long text that goes on to the second");
    }

    #[test]
    fn what_is_no_text_is_none() {
        for text in [
            "aVeryLongNameOfAMethodThatDoesManyThings()",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "0123456789abcdef0123456789abcdef01234567",
            "c2hvcDphIHBhc3N3b3JkIG9mAAAA",
            "c2hvcDphIHBhc3N3b3JkIG9mIDIwM",
            "c2hvcDphIHBhc3N3b3Jk",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}

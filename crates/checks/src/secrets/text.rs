//! What is text of a file's bytes.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;

/// A shorter run of wide characters is chance.
const RUN: usize = 8;

/// UTF-16 and UTF-32 are made UTF-8, also where they only begin in the middle of other bytes;
/// everything else is searched as it is. Lines stay as many as they were.
pub(super) fn as_text(content: &[u8]) -> Cow<'_, [u8]> {
    let text = match content {
        [0xff, 0xfe, text @ ..] => Cow::Owned(decoded(text, u16::from_le_bytes)),
        [0xfe, 0xff, text @ ..] => Cow::Owned(decoded(text, u16::from_be_bytes)),
        _ => Cow::Borrowed(content),
    };
    narrowed(&text).map_or(text, Cow::Owned)
}

fn decoded(text: &[u8], wide: fn([u8; 2]) -> u16) -> Vec<u8> {
    let (pairs, _) = text.as_chunks::<2>();
    let units = pairs.iter().map(|pair| wide(*pair));
    let decoded: String = char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect();
    decoded.into_bytes()
}

/// The bytes with each run of ASCII in characters of two or four bytes made narrow, whichever of
/// the bytes comes first; nothing if there is none.
fn narrowed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut narrow = Vec::new();
    // Up to here, everything is in it.
    let mut copied = 0;
    let mut at = 0;
    while let Some(zero) = memchr(0, bytes.get(at..).unwrap_or_default()).map(|next| at + next) {
        let start = zero.saturating_sub(1).max(copied);
        let (width, run) = run(&bytes[start..]);
        if run < RUN {
            let zeros = bytes[zero..].iter().take_while(|byte| **byte == 0).count();
            at = zero + zeros;
            continue;
        }
        narrow.extend_from_slice(&bytes[copied..start]);
        narrow.extend(bytes[start..].iter().step_by(width).take(run));
        copied = start + run * width;
        at = copied;
    }
    (copied > 0).then(|| {
        narrow.extend_from_slice(&bytes[copied..]);
        narrow
    })
}

/// How wide the characters are that bytes begin with, and how many there are.
fn run(bytes: &[u8]) -> (usize, usize) {
    let width = if bytes.get(2) == Some(&0) { 4 } else { 2 };
    (width, bytes.chunks_exact(width).take_while(|wide| is_wide(wide)).count())
}

/// A printable character, and zeros.
fn is_wide(bytes: &[u8]) -> bool {
    let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let is_printable = first.is_ascii_graphic() || matches!(first, b' ' | b'\t' | b'\r' | b'\n');
    is_printable && rest.iter().all(|byte| *byte == 0)
}

/// Whether a place in a binary file stands in plain text: nothing else is in its line, as far as
/// that is near.
pub(super) fn is_in_plain(text: &[u8], place: &Range<usize>) -> bool {
    const NEAR: usize = 80;
    let ends = |byte: &u8| matches!(byte, b'\n' | 0);
    let before = text[..place.start].iter().rev().take(NEAR).take_while(|byte| !ends(byte));
    let after = text[place.end..].iter().take(NEAR).take_while(|byte| !ends(byte));
    let is_plain = |byte: &u8| !byte.is_ascii_control() || matches!(byte, b'\t' | b'\r' | b'\n');
    before.chain(after).chain(&text[place.clone()]).all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_text_is_made_narrow_wherever_it_begins() {
        let wide = |text: &str, width: usize, at: usize| -> Vec<u8> {
            let character = |byte: u8| (0..width).map(move |n| if n == at { byte } else { 0 });
            text.bytes().flat_map(character).collect()
        };
        for (width, at) in [(2, 0), (2, 1), (4, 0), (4, 3)] {
            let content =
                [b"\x01 first\n", &wide("a = wide\nnext", width, at)[..], b"last"].concat();
            let text = as_text(&content);
            let text = String::from_utf8_lossy(&text);
            assert!(text.contains("a = wide\nnext"), "{width} {at}: {text:?}");
            assert!(text.starts_with("\u{1} first\n") && text.ends_with("last"), "{text:?}");
        }
        assert!(matches!(as_text(b"a\0b\0c\0 and no more"), Cow::Borrowed(_)));
        assert_eq!(as_text(b"\xff\xfe\xe4\0a\0"), "\u{e4}a".as_bytes());
    }
}

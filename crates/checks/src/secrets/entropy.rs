//! How random something looks, and whether somebody made it up.

use super::identifier::is_identifier;

/// Shannon's entropy of the bytes' frequencies, in bits a byte (Shannon 1948, §6).
#[must_use]
pub(super) fn entropy(bytes: &[u8]) -> f32 {
    let mut counts = [0u32; 256];
    for &byte in bytes {
        counts[usize::from(byte)] += 1;
    }
    let len = bytes.len() as f32;
    let bits = |&count: &u32| {
        let share = count as f32 / len;
        -share * share.log2()
    };
    counts.iter().filter(|count| **count > 0).map(bits).sum()
}

/// What people write where a secret would stand.
const MADE_UP: &[&str] = &[
    "example",
    "xxxxx",
    "*****",
    ".....",
    "changeme",
    "change_me",
    "change-me",
    "placeholder",
    "redacted",
    "your-",
    "your_",
    "yourapi",
    "dummy",
    "insert",
    "replace",
    "00000000",
    "12345678",
    "abcdefgh",
    "deadbeef",
    "notreal",
    "not-a-real",
    "not_a_real",
    "fake",
];

/// What else is in names, paths and sentences that look like a secret.
const WORDS: &[&str] = &[
    "test",
    "password",
    "passwd",
    "secret",
    "sample",
    "mock",
    "token",
    "value",
    "default",
    "string",
    "config",
    "public",
    "foo",
    "bar",
    "http",
    "www.",
    "localhost",
    "undefined",
    "null",
    "none",
    "true",
    "false",
    "function",
    "return",
    "module",
    "version",
    "/src/",
    "/lib/",
    ".com",
    ".org",
    ".js",
    ".rs",
    ".go",
    ".py",
    ".md",
    ".json",
    ".html",
];

/// Whether nobody gave this out: a placeholder.
#[must_use]
pub(super) fn is_made_up(secret: &[u8]) -> bool {
    contains_any(secret, MADE_UP)
}

/// Whether it may be something else than a secret: words, a path, a name. For what only its name
/// tells to be one.
#[must_use]
pub(super) fn is_ordinary(value: &[u8]) -> bool {
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = value.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    let runs = value.split(|byte| !byte.is_ascii_alphabetic()).map(<[u8]>::len).max();
    digits == 0
        || letters < 2
        || (runs.unwrap_or(0) > 14 && digits < 4)
        || contains_any(value, WORDS)
        || is_identifier(value)
}

fn contains_any(text: &[u8], words: &[&str]) -> bool {
    let text = text.to_ascii_lowercase();
    words.iter().any(|word| memchr::memmem::find(&text, word.as_bytes()).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_is_zero_for_one_byte_and_eight_for_all() {
        assert!(entropy(b"aaaa").abs() < 1e-6);
        assert!((entropy(b"abababab") - 1.0).abs() < 1e-6);
        let all: Vec<u8> = (0..=255).collect();
        assert!((entropy(&all) - 8.0).abs() < 1e-4);
    }

    #[test]
    fn placeholders_and_paths_are_no_secrets() {
        assert!(is_made_up(b"AKIAIOSFODNN7EXAMPLE"));
        assert!(is_made_up(b"sk_live_xxxxxxxxxxxxxxxxxxxxxxxx"));
        assert!(!is_made_up(b"q8Zr2LmN0pVt5WxY"));
        for value in [&b"src/lib/module2/index3.js"[..], b"onlylettersinthisvalue", b"2026-11-20"] {
            assert!(is_ordinary(value), "{}", String::from_utf8_lossy(value));
        }
        assert!(!is_ordinary(b"q8Zr2LmN0pVt5WxY7cUe"));
    }
}

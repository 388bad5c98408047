//! Names that programs give to things, told from random characters.
//!
//! `ED25519_PRIVATE_KEY_LEN`, `parse_rfc5915_private_key`, `EcPrivateKeyDer2`, `src/key2/pair.c`:
//! long names have words in them, and something between the words. What is random has letters in
//! runs of one or two; of random values with 20 letters and digits about one in a hundred looks
//! like a name all the same, of those with 40 one in a thousand.

/// A shorter run of letters is no word.
const WORD: usize = 3;
/// One word at least is as long.
const LONG: usize = 6;
/// More runs of digits are in no name.
const NUMBERS: usize = 3;

/// Whether somebody named something so.
#[must_use]
pub(super) fn is_identifier(value: &[u8]) -> bool {
    let (mut letters, mut in_words, mut longest, mut digits, mut numbers) = (0, 0, 0, 0, 0);
    for piece in Pieces(value) {
        match piece[0] {
            b'0'..=b'9' => {
                digits += piece.len();
                numbers += 1;
            }
            _ => {
                letters += piece.len();
                if is_word(piece) {
                    in_words += piece.len();
                    longest = longest.max(piece.len());
                }
            }
        }
    }
    has_seams(value)
        && longest >= LONG
        && in_words * 10 >= letters * 7
        && digits * 3 <= value.len()
        && numbers <= NUMBERS
}

fn is_word(piece: &[u8]) -> bool {
    let vowel = |byte: &u8| b"aeiouy".contains(&byte.to_ascii_lowercase());
    piece.len() >= WORD && piece.iter().any(vowel)
}

/// Whether something parts the words: signs, or capitals among small letters.
fn has_seams(value: &[u8]) -> bool {
    let signs = value.iter().filter(|byte| b"_-./".contains(byte)).count();
    let capitals = value.iter().any(u8::is_ascii_uppercase);
    let small = value.iter().any(u8::is_ascii_lowercase);
    signs >= 2 || (capitals && (small || signs > 0))
}

/// Runs of digits, of capitals, and of small letters with a capital before them.
struct Pieces<'v>(&'v [u8]);

impl<'v> Iterator for Pieces<'v> {
    type Item = &'v [u8];

    fn next(&mut self) -> Option<&'v [u8]> {
        let start = self.0.iter().position(u8::is_ascii_alphanumeric)?;
        let rest = &self.0[start..];
        let run = |from: &[u8], of: fn(&u8) -> bool| from.iter().take_while(|it| of(it)).count();
        let digits = run(rest, u8::is_ascii_digit);
        let capitals = run(rest, u8::is_ascii_uppercase);
        let small = run(&rest[capitals..], u8::is_ascii_lowercase);
        let length = match (digits, capitals, small) {
            (1.., ..) => digits,
            (0, 0 | 1, _) => capitals + small,
            (0, _, 0) => capitals,
            // The last capital begins the next word: `RSAPrivate`.
            (0, _, _) => capitals - 1,
        };
        let (piece, rest) = rest.split_at(length);
        self.0 = rest;
        Some(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_programs_are_names() {
        for name in [
            "ED25519_PRIVATE_SEED_LEN",
            "X448_SECRET_KEY_BYTES",
            "MLDSA44_SIGNING_KEY_BYTES",
            "d2i_RSASecretKey_fp",
            "EcSecretKeyRfc5915Der",
            "EVP_unmarshal_secret_key_v3",
            "parse_rfc8410_secret_key",
            "crypto/curve448/signing_key.c",
            "std::crypto2::SigningKey",
            "io.example.crypto2.SigningKeyFactory",
        ] {
            assert!(is_identifier(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn what_is_random_is_none() {
        for value in [
            "q8Zr2LmN0pVt5WxY7cUe",
            "4f8a1c90-77de-4b2a-9c1e-0d5b6f3a2e81",
            "kd83jf_0s9dkfj38_dkf03jd",
            "N2E4OTk0ZTItYjM1Ni00",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzQ4kLm9sTv",
        ] {
            assert!(!is_identifier(value.as_bytes()), "{value}");
        }
    }

    /// How many random values are taken for names, counted over a fixed sequence of them.
    #[test]
    fn few_random_values_look_like_names() {
        const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut state = 7_u64;
        let mut value = |length: usize| -> Vec<u8> {
            let mut sign = |_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                SIGNS[(state >> 58) as usize]
            };
            (0..length).map(&mut sign).collect()
        };
        let mut names = |length| (0..10_000).filter(|_| is_identifier(&value(length))).count();
        assert!(names(20) < 150);
        assert!(names(40) < 20);
    }
}

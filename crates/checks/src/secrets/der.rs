//! Private keys that are no text: DER, as `openssl … -outform DER` writes it.

/// Whether a file is one, and nothing else: a sequence as long as the file that begins as PKCS #1
/// (RFC 8017, A.1.2), PKCS #8 (RFC 5208, 5) or SEC 1 (RFC 5915, 3) say. One that is encrypted begins
/// otherwise.
pub(super) fn is_private_key(content: &[u8]) -> bool {
    let Some((length, body)) = sequence(content) else { return false };
    let is_all = body.len() >= length && body.len() - length <= 2;
    is_all
        && matches!(
            body,
            [2, 1, 0, 2, 0x81..=0x82, ..]
                | [2, 1, 0, 0x30, _, 6, ..]
                | [2, 1, 1, 4, 0x20..=0x42, ..]
        )
}

/// The length of the sequence that these bytes begin with, and what is in it and behind it.
fn sequence(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes {
        [0x30, length @ 0x20..=0x7f, body @ ..] => Some((usize::from(*length), body)),
        [0x30, 0x81, length, body @ ..] => Some((usize::from(*length), body)),
        [0x30, 0x82, high, low, body @ ..] => {
            Some((usize::from(u16::from_be_bytes([*high, *low])), body))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_from_certificates_and_public_keys() {
        let der =
            |begin: &[u8]| [&[0x30, 0x82, 1, 0][..], begin, &[7; 256]].concat()[..260].to_vec();
        let pkcs1 = der(&[2, 1, 0, 2, 0x82, 1, 1]);
        assert!(is_private_key(&pkcs1));
        assert!(is_private_key(&der(&[2, 1, 0, 0x30, 0xd, 6, 9])));
        assert!(is_private_key(&[&[0x30, 0x77, 2, 1, 1, 4, 0x20][..], &[7; 114]].concat()));
        assert!(!is_private_key(&der(&[0x30, 0x82, 0, 9])), "a certificate");
        assert!(!is_private_key(&der(&[2, 0x82, 1, 1])), "a public key");
        assert!(!is_private_key(&[&pkcs1[..], &[1; 9]].concat()), "something longer");
        assert!(!is_private_key(b""));
    }
}

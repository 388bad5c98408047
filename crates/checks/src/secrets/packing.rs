//! How a file is packed, by its bytes.

use memchr::memmem;

/// What a file is packed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Zip,
    Tar,
    Gzip,
    /// One that is only recognised.
    Other(&'static str),
}

impl Packing {
    pub(super) fn of(content: &[u8]) -> Option<Self> {
        match content {
            [b'P', b'K', 3, 4, ..] => Some(Self::Zip),
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Other("xz")),
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, ..] => Some(Self::Other("bzip2")),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Other("Zstandard")),
            [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Some(Self::Other("7-Zip")),
            [b'R', b'a', b'r', b'!', 0x1a, 7, ..] => Some(Self::Other("RAR")),
            [4, 0x22, 0x4d, 0x18, ..] => Some(Self::Other("LZ4")),
            [b'L', b'Z', b'I', b'P', 1, ..] => Some(Self::Other("lzip")),
            [0x1f, 0x9d, 0x90, ..] => Some(Self::Other("what `compress` packed")),
            [0xed, 0xab, 0xee, 0xdb, ..] => Some(Self::Other("an RPM package")),
            [b'M', b'S', b'C', b'F', 0, 0, 0, 0, ..] => Some(Self::Other("a cabinet file")),
            [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 1 | 2, ..]
            | [0xce, 0xce, 0xce, 0xce, 0, 0, 0, 2, ..] => Some(Self::Other("a key store of Java")),
            _ if is_key_store(content) => Some(Self::Other("a key store (PKCS #12)")),
            [b'P', b'A', b'C', b'K', 0, 0, 0, 2 | 3, ..] => Some(Self::Other("a pack of git")),
            _ if content.starts_with(b"!<arch>\ndebian-binary") => {
                Some(Self::Other("a Debian package"))
            }
            _ if is_bundle(content) => Some(Self::Other("a bundle of git")),
            _ if content.get(257..262) == Some(b"ustar") => Some(Self::Tar),
            _ if ends_as_zip(content) => Some(Self::Zip),
            _ => None,
        }
    }
}

/// Whether it begins as one (RFC 7292, 4): a sequence of the version 3 and of contents that are data
/// or signed data.
fn is_key_store(content: &[u8]) -> bool {
    const DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07";
    let head = &content[..content.len().min(40)];
    head.first() == Some(&0x30)
        && memmem::find(head, b"\x02\x01\x03\x30").is_some_and(|at| at <= 6)
        && memmem::find(head, DATA).is_some()
}

fn is_bundle(content: &[u8]) -> bool {
    content.starts_with(b"# v2 git bundle\n") || content.starts_with(b"# v3 git bundle\n")
}

/// Whether a zip's directory stands at the end, whatever stands before it: readers look for it
/// there (APPNOTE.TXT, 4.3.16), and what extracts itself begins with a program.
fn ends_as_zip(content: &[u8]) -> bool {
    /// Its end and the longest comment.
    const TAIL: usize = 22 + 0xffff;
    let tail = content.len().saturating_sub(TAIL);
    memmem::find_iter(&content[tail..], b"PK\x05\x06").any(|at| {
        let at = tail + at;
        let Some(end) = content.get(at..at + 22) else { return false };
        let size = u32::from_le_bytes([end[12], end[13], end[14], end[15]]);
        let directory = usize::try_from(size).ok().and_then(|size| at.checked_sub(size));
        let begins = |from: usize, mark: &[u8]| content[from..at].starts_with(mark);
        // Of one that is larger, another end tells, which is found by what stands before this one.
        directory.is_some_and(|from| from < at && begins(from, b"PK\x01\x02"))
            || at.checked_sub(20).is_some_and(|from| begins(from, b"PK\x06\x07"))
    })
}

//! Which part of a blob is asked for (RFC 9110, section 14; Azure's `x-ms-range`
//! goes first).

use std::ops::Range;

use http::{HeaderMap, header};

/// What of a blob a request wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    All,
    Part(Range<u64>),
    /// A range that the blob does not have.
    Impossible,
}

/// Reads the range of a request for a blob of `size` bytes. What is no single
/// range of bytes does not count, as the RFC has it.
pub(super) fn of(headers: &HeaderMap, size: u64) -> Wanted {
    let header = headers.get("x-ms-range").or_else(|| headers.get(header::RANGE));
    let Some(range) = header.and_then(|value| value.to_str().ok()?.trim().strip_prefix("bytes="))
    else {
        return Wanted::All;
    };
    let Some((first, last)) = range.trim().split_once('-') else { return Wanted::All };
    let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number has is more than any size.
        true if !text.is_empty() => Some(text.parse().unwrap_or(u64::MAX)),
        _ => None,
    };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first > last => Wanted::All,
        (Some(first), _) if first >= size => Wanted::Impossible,
        (Some(first), Some(last)) => Wanted::Part(first..last.saturating_add(1).min(size)),
        (Some(first), None) if last.is_empty() => Wanted::Part(first..size),
        (None, Some(0)) if first.is_empty() => Wanted::Impossible,
        (None, Some(_)) if first.is_empty() && size == 0 => Wanted::Impossible,
        (None, Some(last)) if first.is_empty() => Wanted::Part(size.saturating_sub(last)..size),
        _ => Wanted::All,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(range: &str, size: u64) -> Wanted {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, range.parse().unwrap());
        of(&headers, size)
    }

    #[test]
    fn parts_of_a_blob() {
        assert_eq!(wanted("bytes=0-3", 10), Wanted::Part(0..4));
        assert_eq!(wanted("bytes=4-99", 10), Wanted::Part(4..10));
        assert_eq!(wanted("bytes=4-", 10), Wanted::Part(4..10));
        assert_eq!(wanted("bytes=-3", 10), Wanted::Part(7..10));
        assert_eq!(wanted("bytes=-30", 10), Wanted::Part(0..10));
        assert_eq!(wanted("bytes=0-99999999999999999999999", 10), Wanted::Part(0..10));
    }

    #[test]
    fn parts_that_are_not_there() {
        for (range, size) in
            [("bytes=10-", 10), ("bytes=0-0", 0), ("bytes=-0", 10), ("bytes=-1", 0)]
        {
            assert_eq!(wanted(range, size), Wanted::Impossible, "{range} of {size}");
        }
    }

    #[test]
    fn what_is_no_range_does_not_count() {
        for range in ["bytes=3-1", "bytes=", "bytes=-", "bytes=1-2,4-5", "lines=1-2", "bytes=+1-2"]
        {
            assert_eq!(wanted(range, 10), Wanted::All, "{range}");
        }
        assert_eq!(of(&HeaderMap::new(), 10), Wanted::All);
        let mut both = HeaderMap::new();
        both.insert(header::RANGE, "bytes=0-0".parse().unwrap());
        both.insert("x-ms-range", "bytes=5-6".parse().unwrap());
        assert_eq!(of(&both, 10), Wanted::Part(5..7));
    }
}

//! What a difference of git adds to each file.

use std::collections::BTreeMap;
use std::ops::Range;

/// The lines that a difference without context (`-U0`) adds, by file. Bodies of hunks are passed
/// over by their length: a line of them may look like a head.
pub(super) fn added(diff: &[u8]) -> BTreeMap<String, Vec<Range<u32>>> {
    let mut added: BTreeMap<String, Vec<Range<u32>>> = BTreeMap::new();
    let mut file: Option<String> = None;
    let mut body = 0;
    for line in diff.split(|byte| *byte == b'\n') {
        // "No newline at end of file" is no line of the body.
        if body > 0 && !line.starts_with(b"\\") {
            body -= 1;
        } else if let Some(name) = line.strip_prefix(b"+++ ") {
            // What is gone has none, and a name with a tab behind it has a space in it.
            let name =
                name.strip_prefix(b"b/").map(|name| name.strip_suffix(b"\t").unwrap_or(name));
            file = name.map(|name| String::from_utf8_lossy(name).into_owned());
            if let Some(file) = &file {
                added.entry(file.clone()).or_default();
            }
        } else if let Some(hunk) = Hunk::of(line) {
            body = hunk.removed + u64::from(hunk.added.end - hunk.added.start);
            if let Some(ranges) = file.as_ref().and_then(|file| added.get_mut(file))
                && !hunk.added.is_empty()
            {
                ranges.push(hunk.added);
            }
        }
    }
    added
}

/// `@@ -removed +added @@`.
struct Hunk {
    /// How many lines it takes away.
    removed: u64,
    added: Range<u32>,
}

impl Hunk {
    fn of(line: &[u8]) -> Option<Self> {
        let head = String::from_utf8_lossy(line.strip_prefix(b"@@ -")?);
        let mut parts = head.split(' ');
        let (_, removed) = stretch(parts.next()?)?;
        let (start, count) = stretch(parts.next()?.strip_prefix('+')?)?;
        let added = start..start.checked_add(u32::try_from(count).ok()?)?;
        Some(Self { removed, added })
    }
}

/// `12,3` or `12`: the first line, and how many.
fn stretch(text: &str) -> Option<(u32, u64)> {
    let (start, count) = text.split_once(',').unwrap_or((text, "1"));
    Some((start.parse().ok()?, count.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_the_new_file() {
        let diff = "\
diff --git a/a b.c b/a b.c
index 1..2 100644
--- a/a b.c\t
+++ b/a b.c\t
@@ -1,0 +2,2 @@ int x;
+++ b/other
+@@ -1 +1 @@
@@ -7 +10 @@
-old
\\ No newline at end of file
+new
\\ No newline at end of file
@@ -20,2 +22,0 @@
-a
-b
diff --git a/gone b/gone
--- a/gone
+++ /dev/null
@@ -1 +0,0 @@
-x
";
        let added = added(diff.as_bytes());
        assert_eq!(
            added.into_iter().collect::<Vec<_>>(),
            [("a b.c".to_owned(), vec![2..4, 10..11])]
        );
    }
}

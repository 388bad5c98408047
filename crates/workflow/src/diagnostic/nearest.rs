//! What somebody probably meant.

/// The candidate most like `name`, when one is close enough to be a slip of the fingers.
///
/// Closeness is the number of characters inserted, deleted, replaced or swapped with a
/// neighbour (optimal string alignment), case ignored; at most a third of the longer name, and
/// at least one.
#[must_use]
pub fn nearest<'a, I, S>(name: &str, candidates: I) -> Option<&'a str>
where
    I: IntoIterator<Item = &'a S>,
    S: AsRef<str> + ?Sized + 'a,
{
    let wanted: Vec<char> = name.to_lowercase().chars().take(MAX_LENGTH + 1).collect();
    if wanted.len() > MAX_LENGTH {
        return None;
    }
    candidates
        .into_iter()
        .map(AsRef::as_ref)
        .filter_map(|candidate| {
            let other: Vec<char> = candidate.to_lowercase().chars().collect();
            if other.len() > MAX_LENGTH {
                return None;
            }
            let allowed = (wanted.len().max(other.len()) / 3).max(1);
            let distance = distance(&wanted, &other);
            (distance <= allowed && distance < wanted.len()).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Longer names are no slip of the fingers, and comparing them costs the square of their length.
const MAX_LENGTH: usize = 64;

fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (last[j + 1] + 1).min(row[j] + 1).min(last[j] + usize::from(x != y));
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    const KEYS: [&str; 5] = ["branches", "branches-ignore", "paths", "tags", "types"];

    #[test]
    fn a_slip_finds_its_key() {
        assert_eq!(nearest("brnaches", KEYS), Some("branches"));
        assert_eq!(nearest("Branch", KEYS), Some("branches"));
        assert_eq!(nearest("path", KEYS), Some("paths"));
    }

    #[test]
    fn something_else_finds_nothing() {
        assert_eq!(nearest("timeout", KEYS), None);
        assert_eq!(nearest("", KEYS), None);
        assert_eq!(nearest(&"x".repeat(10_000), KEYS), None);
    }
}

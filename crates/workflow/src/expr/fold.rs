//! Case folding as .NET's ordinal-ignore-case comparison has it.

/// The character that stands for all cases of `c`: its simple upper case. Letters outside ASCII
/// never fold into it (`ı`, `ſ`, the Kelvin sign), and no letter becomes two.
pub(super) fn fold(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) if !one.is_ascii() => one,
        _ => c,
    }
}

/// The folded form, as UTF-16 code units: what .NET compares.
fn units(text: &str) -> impl Iterator<Item = u16> + '_ {
    text.chars().map(fold).flat_map(|c| {
        let mut buffer = [0; 2];
        let used = c.encode_utf16(&mut buffer).len();
        buffer.into_iter().take(used)
    })
}

pub(super) fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_uppercase();
    }
    text.chars().map(fold).collect()
}

pub(super) fn equal(a: &str, b: &str) -> bool {
    let is_plain = a.is_ascii() && b.is_ascii();
    a.eq_ignore_ascii_case(b) || !is_plain && a.chars().map(fold).eq(b.chars().map(fold))
}

pub(super) fn compare(a: &str, b: &str) -> std::cmp::Ordering {
    units(a).cmp(units(b))
}

#[cfg(test)]
mod tests {
    use super::{compare, equal};

    #[test]
    fn cases_are_equal_and_dotless_i_is_its_own_letter() {
        assert!(equal("Straße É", "sTRAßE é"));
        assert!(!equal("ı", "I"));
        assert!(!equal("ß", "SS"));
        assert_eq!(compare("a", "B"), std::cmp::Ordering::Less);
        // UTF-16 order: a surrogate pair sorts before U+FFxx.
        assert_eq!(compare("\u{1F600}", "\u{FF01}"), std::cmp::Ordering::Less);
    }
}
